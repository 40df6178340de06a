// GET /events and /events/{id} on the wire. An answer is written once and cached until it changes.
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { EventFilter } from '../../services/events/eventList.ts';
import type { Gateway } from '../deps.ts';
import { knows, tagged, takesGzip, unchanged } from '../http/answers/conditional.ts';
import { gzip, piece } from '../http/answers/gzip.ts';
import { createCache } from '../http/answers/lru.ts';
import type { Reply } from '../http/route.ts';
import { ok, page } from './envelope.ts';
import { eventFull, eventShort } from './presenters.ts';

type Written = { stamp: string; etag: string; text: string; packed?: Promise<Buffer> };
type Headers = IncomingHttpHeaders;

export type EventPages = {
  list(filter: EventFilter, headers: Headers): Promise<Reply>;
  one(idOrSlug: string, headers: Headers): Promise<Reply>;
};

const MAX_ANSWERS = 2_000;
/** A page of 100 events with long descriptions is 2 MB, and every filter makes another. */
const MAX_BYTES = 64 * 1024 * 1024;
const GZIP_FROM = 2_048;

/** Makes the writer and its cache. */
export function createEventPages({ listing, details }: Pick<Gateway, 'listing' | 'details'>): EventPages {
  const written = createCache<Written>(MAX_ANSWERS, MAX_BYTES);

  /** The cached answer of `key`; written first if there is none of this stamp. */
  async function answer(key: string, stamp: string, headers: Headers, write: () => Reply): Promise<Reply> {
    let cached = written.get(key);
    if (cached?.stamp !== stamp) {
      const { body } = write();
      // The time of the answer is not part of what it says.
      const { timestamp: _, ...content } = body as Record<string, unknown>;
      const etag = `W/"${createHash('sha1').update(JSON.stringify(content)).digest('base64url')}"`;
      cached = { stamp, etag, text: JSON.stringify(body) };
      written.set(key, cached, cached.text.length);
    }
    if (knows(headers, cached.etag)) return unchanged(cached.etag);
    if (cached.text.length < GZIP_FROM || !takesGzip(headers)) return tagged(cached.etag, cached.text, false);
    cached.packed ??= gzip([piece(cached.text)]);
    return tagged(cached.etag, await cached.packed, true);
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
