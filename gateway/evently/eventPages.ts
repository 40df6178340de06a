// GET /events on the wire: a page that has not changed is not written again.
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { EventFilter } from '../../services/events.ts';
import { knows, tagged, takesGzip, unchanged } from '../http/cached.ts';
import { gzip, piece } from '../http/pieces.ts';
import type { Reply } from '../http/route.ts';
import type { Listing } from '../live/listing.ts';
import { page } from './envelope.ts';
import { eventShort } from './presenters.ts';

type Written = { stamp: string; etag: string; text: string; packed?: Promise<Buffer> };

const KEPT = 2_000;
const GZIP_FROM = 2_048;

/** Makes the writer with its memory. */
export function createEventPages(listing: Listing): { show(filter: EventFilter, headers: IncomingHttpHeaders): Promise<Reply> } {
  const written = new Map<string, Written>();

  return {
    async show(filter, headers) {
      const found = await listing.page(filter);
      const key = JSON.stringify(filter);
      let answer = written.get(key);
      if (answer?.stamp !== found.stamp) {
        const { body } = page(found.rows.map(eventShort), { page: filter.page, perPage: filter.perPage, total: found.total });
        // The time of the answer is not part of what it says.
        const { timestamp: _, ...content } = body as Record<string, unknown>;
        const etag = `W/"${createHash('sha1').update(JSON.stringify(content)).digest('base64url')}"`;
        answer = { stamp: found.stamp, etag, text: JSON.stringify(body) };
        if (written.size >= KEPT) written.delete(written.keys().next().value!);
        written.set(key, answer);
      }
      if (knows(headers, answer.etag)) return unchanged(answer.etag);
      if (answer.text.length < GZIP_FROM || !takesGzip(headers)) return tagged(answer.etag, answer.text, false);
      answer.packed ??= gzip([piece(answer.text)]);
      return tagged(answer.etag, await answer.packed, true);
    },
  };
}
