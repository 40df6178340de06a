// The claim's statement beside somebody else's transaction on the same rows.

import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../db/connect.ts';
import type { DB } from '../../db/tables.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import { wish } from '../support/claims.ts';
import { freshDatabase, lockWaits } from '../support/database.ts';
import { person, show } from '../support/made.ts';

let db: Kysely<DB>;
let url: string;
let close: () => Promise<void>;
let accountId: string;

beforeAll(async () => {
  ({ db, url, close } = await freshDatabase());
  accountId = (await person(db)).id;
});
afterAll(() => close?.());

/** An event with two seats, both held by an order whose hold has just ended: free by the clock, not yet released by the worker. */
async function lapsed() {
  const { id: eventId, seats: placeIds } = await show(db, { seats: 2 });
  const request = wish(accountId, eventId, { places: placeIds });
  const before = await claim(db, request);
  await sql`update orders set expires_at = now() - interval '1 second' where id = ${before.id}`.execute(db);
  await sql`update places set held_until = now() - interval '1 second' where event_id = ${eventId}`.execute(db);
  return { request, placeIds, before };
}

describe('a claim of places whose rows are locked', () => {
  test('waits when they are free, as when the worker is releasing an ended hold, and gets them', async () => {
    const { request, placeIds, before } = await lapsed();
    const claimed = await db.transaction().execute(async (tx) => {
      await sql`update places set order_id = null, held_until = null where order_id = ${before.id}`.execute(tx);
      const rival = claim(db, request);
      await lockWaits(db, 1);
      return { rival };
    });
    expect((await claimed.rival).places.map((p) => p.id).sort()).toEqual([...placeIds].sort());
  });

  test('is refused when who had the lock has taken one of them, and holds nothing then', async () => {
    const { request, placeIds } = await lapsed();
    const claimed = await db.transaction().execute(async (tx) => {
      await claim(tx, { ...request, want: { places: [placeIds[1]!] } });
      const rival = claim(db, request).catch((error) => error.code);
      await lockWaits(db, 1);
      return { rival };
    });
    expect(await claimed.rival).toBe('places_unavailable');
    const held = await db
      .selectFrom('places')
      .select('id')
      .where('event_id', '=', request.eventId)
      .where('held_until', '>', sql<Date>`now()`)
      .execute();
    expect(held.map((p) => p.id)).toEqual([placeIds[1]]);
  });

  test('is refused, not broken, when the two wait for each other', async () => {
    const { request, placeIds } = await lapsed();
    const [low, high] = [...placeIds].sort() as [string, string];
    // Postgres looks for a deadlock once in a wait, a second after it began: here long after the two wait for each other.
    const claimant = connect({ url: `${url}?options=${encodeURIComponent('-c deadlock_timeout=5s')}`, max: 1 });
    const lock = (tx: Kysely<DB>, id: string) => sql`select from places where id = ${id} for update`.execute(tx);
    const rival = await db.transaction().execute(async (tx) => {
      await sql`set local deadlock_timeout = '1min'`.execute(tx); // so that the claim is the one told to give way
      await lock(tx, high);
      const claimed = claim(claimant, request).catch((error) => error.code);
      await lockWaits(db, 1); // it has the lower one now, and waits for this one
      await lock(tx, low);
      return { claimed };
    });
    expect(await rival.claimed).toBe('places_unavailable');
    await claimant.destroy();
  });
});
