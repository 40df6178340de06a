// GET /events and /events/{id} on the wire: an answer that has not changed is not written again.
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { EventFilter } from '../../services/events/events.ts';
import type { Gateway } from '../deps.ts';
import { knows, tagged, takesGzip, unchanged } from '../http/answers/conditional.ts';
import { gzip, piece } from '../http/answers/gzip.ts';
import { createKept } from '../http/answers/lru.ts';
import type { Reply } from '../http/route.ts';
import { ok, page } from './envelope.ts';
import { eventFull, eventShort } from './presenters.ts';

type Written = { stamp: string; etag: string; text: string; packed?: Promise<Buffer> };
type Headers = IncomingHttpHeaders;

export type EventPages = {
  list(filter: EventFilter, headers: Headers): Promise<Reply>;
  one(idOrSlug: string, headers: Headers): Promise<Reply>;
};

const KEPT = 2_000;
/** A page of 100 events with long descriptions is 2 MB, and every filter makes another. */
const KEPT_BYTES = 64 * 1024 * 1024;
const GZIP_FROM = 2_048;

/** Makes the writer with its memory. */
export function createEventPages({ listing, details }: Pick<Gateway, 'listing' | 'details'>): EventPages {
  const written = createKept<Written>(KEPT, KEPT_BYTES);

  /** The answer under `key`, written anew if its stamp is another than the last time. */
  async function answer(key: string, stamp: string, headers: Headers, write: () => Reply): Promise<Reply> {
    let kept = written.get(key);
    if (kept?.stamp !== stamp) {
      const { body } = write();
      // The time of the answer is not part of what it says.
      const { timestamp: _, ...content } = body as Record<string, unknown>;
      const etag = `W/"${createHash('sha1').update(JSON.stringify(content)).digest('base64url')}"`;
      kept = { stamp, etag, text: JSON.stringify(body) };
      written.set(key, kept, kept.text.length);
    }
    if (knows(headers, kept.etag)) return unchanged(kept.etag);
    if (kept.text.length < GZIP_FROM || !takesGzip(headers)) return tagged(kept.etag, kept.text, false);
    kept.packed ??= gzip([piece(kept.text)]);
    return tagged(kept.etag, await kept.packed, true);
  }

  return {
    async list(filter, headers) {
      const found = await listing.page(filter);
      return answer(JSON.stringify(filter), found.stamp, headers, () =>
        page(found.rows.map(eventShort), { page: filter.page, perPage: filter.perPage, total: found.total }),
      );
    },
    one: (idOrSlug, headers) =>
      details.find(idOrSlug, ({ id, stamp, show }) =>
        answer(id, stamp, headers, () => {
          const { event, tiers } = show();
          return ok(eventFull(event, tiers));
        }),
      ),
  };
}
