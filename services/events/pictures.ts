// An event's pictures: its banner and its thumbnail. What is uploaded is judged by its bytes, never by its name or the type it came with.
import { imageSize } from 'image-size';
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { DomainError, invalidField } from '../shared/errors.ts';
import { isUuid } from '../shared/ids.ts';

export type PictureKind = 'banner' | 'thumbnail';
export type Picture = { kind: PictureKind; type: keyof typeof TYPES; width: number; height: number; content: Buffer };

/** What browsers show and cannot run: no SVG. By the name that image-size gives it: its media type and the end of its address. */
const TYPES = {
  jpg: { media: 'image/jpeg', ending: 'jpg' },
  png: { media: 'image/png', ending: 'png' },
  webp: { media: 'image/webp', ending: 'webp' },
  gif: { media: 'image/gif', ending: 'gif' },
} as const;

/** The most bytes of a picture. */
export const MAX_PICTURE_BYTES = 5 * 1024 * 1024;

/** Each side of a picture, in pixels: less is no picture of an event, more is a small file that fills a phone's memory. */
const SIDES = { least: 16, most: 6000 };

/** A picture of these bytes. Throws invalid, by its field, for anything that is none. */
export function check(kind: PictureKind, content: Buffer): Picture {
  const fault = (message: string) => invalidField(kind, message);
  if (content.length > MAX_PICTURE_BYTES) throw fault(`A picture has at most ${MAX_PICTURE_BYTES / 1024 / 1024} MB.`);
  const { type, width, height } = measured(content) ?? {};
  if (!type || !(type in TYPES)) throw fault('Upload a JPEG, PNG, WebP or GIF picture.');
  const sides = [width ?? 0, height ?? 0];
  if (sides.some((side) => side < SIDES.least || side > SIDES.most))
    throw fault(`Each side of a picture has ${SIDES.least} to ${SIDES.most} pixels; this one is ${width} x ${height}.`);
  return { kind, type: type as Picture['type'], width: width!, height: height!, content };
}

function measured(content: Buffer) {
  try {
    return imageSize(content);
  } catch {
    return undefined; // no picture, or one that ends in its head
  }
}

/**
 * Makes these the event's pictures, in place of those it had; null takes one away.
 * @throws DomainError event_not_found (it was deleted meanwhile) | event_fixed (it is cancelled)
 */
export async function put(db: Kysely<DB>, eventId: string, pictures: { [kind in PictureKind]?: Picture | null }): Promise<void> {
  if (!Object.keys(pictures).length) return;

  await db.transaction().execute(async (tx) => {
    // Two uploads at once would each find no picture to replace, and an event deleted meanwhile would have one.
    const event = await tx.selectFrom('events').select('status').where('id', '=', eventId).forNoKeyUpdate().executeTakeFirst();
    if (!event) throw new DomainError('event_not_found', 'Event does not exist.', { eventId });
    if (event.status === 'cancelled') {
      const message = 'The event is cancelled, and nothing of it changes any more.';
      throw new DomainError('event_fixed', message, { fields: { status: message }, because: 'cancelled' });
    }

    for (const [kind, picture] of Object.entries(pictures) as [PictureKind, Picture | null | undefined][]) {
      if (picture === undefined) continue;
      await sql`delete from event_pictures where event_id = ${eventId}::uuid and kind = ${kind}`.execute(tx);
      const address = picture && `/media/events/${kind}s/${await insert(tx, eventId, picture)}.${TYPES[picture.type].ending}`;
      const column = kind === 'banner' ? { banner_url: address } : { thumbnail_url: address };
      await tx
        .updateTable('events')
        .set({ ...column, updated_at: sql<Date>`now()` })
        .where('id', '=', eventId)
        .execute();
    }
  });
}

async function insert(tx: Kysely<DB>, eventId: string, { kind, type, width, height, content }: Picture): Promise<string> {
  const row = await tx
    .insertInto('event_pictures')
    .values({ event_id: eventId, kind, type: TYPES[type].media, width, height, content })
    .returning('id')
    .executeTakeFirstOrThrow();
  return row.id;
}

/** The picture of this id and kind; undefined if there is none (any more). */
export async function find(db: Kysely<DB>, kind: PictureKind, id: string): Promise<{ type: string; content: Buffer } | undefined> {
  if (!isUuid(id)) return undefined;
  return db.selectFrom('event_pictures').select(['type', 'content']).where('id', '=', id).where('kind', '=', kind).executeTakeFirst();
}
