// Many claims of one place at once: one wins. And the proof that this test can fail: with the guard's words taken out of the statement, more do.
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../db/connect.ts';
import type { DB } from '../../db/tables.ts';
import { claim, type Want } from '../../services/orders/claim/claim.ts';
import { wish } from '../support/claims.ts';
import { freshDatabase, lockWaits } from '../support/database.ts';
import { offersOf, person, show } from '../support/made.ts';
import { mutated } from '../support/waitlistWorld.ts';

const RIVALS = 12;
let db: Kysely<DB>;
let many: Kysely<DB>;
let close: () => Promise<void>;
let people: string[];

beforeAll(async () => {
  let url: string;
  ({ db, url, close } = await freshDatabase());
  many = connect({ url, max: RIVALS });
  people = await Promise.all(Array.from({ length: RIVALS }, async () => (await person(db)).id));
});
afterAll(async () => {
  await many?.destroy();
  await close?.();
});

/** All claim at once, and none ends before `waiting` of them wait for each other. How many got what they want. */
async function rivals(on: Kysely<DB>, eventId: string, want: (i: number) => Want, waiting: number): Promise<number> {
  const claims = await db.transaction().execute(async (tx) => {
    // A new order refers to its buyer's row: whoever has claimed waits for that, whoever comes after waits for the place, if it does not lose.
    await sql`select from accounts where id = any(${people}::uuid[]) for update`.execute(tx);
    const all = people.map((id, i) =>
      claim(on, wish(id, eventId, want(i))).then(
        () => true,
        (error) => (error.code === undefined || error.code.length === 5 ? Promise.reject(error) : false),
      ),
    );
    await lockWaits(db, waiting);
    return all;
  });
  return (await Promise.all(claims)).filter(Boolean).length;
}

/** All claim the one place there is. */
async function race(on: Kysely<DB>, want: 'place' | 'offer', waiting: number): Promise<number> {
  const event = await show(db, { seats: 1 });
  const { offer_id } = await db.selectFrom('places').select('offer_id').where('id', '=', event.seats[0]!).executeTakeFirstOrThrow();
  const wanted = want === 'place' ? { places: [event.seats[0]!] } : { offers: [{ offerId: offer_id, quantity: 1 }] };
  return rivals(on, event.id, () => wanted, waiting);
}

test.each(['place', 'offer'] as const)('one wins, by %s', async (want) => {
  expect(await race(many, want, 1)).toBe(1);
});

test.each(['place', 'offer'] as const)('without the lock more than one does, by %s: the test above can fail', async (want) => {
  const { db: broken, met } = mutated(many, [['for update of p skip locked', '']]);
  expect(await race(broken, want, RIVALS)).toBeGreaterThan(1);
  expect(met.size).toBe(1);
});

describe.each(['simple', 'tiered', 'day_based', 'tier_and_day'] as const)('of %s pricing', (pricing) => {
  /** All claim the last one. `of`: an offer's own last, where its type has more; or the type's last, half of them by another offer of it. */
  async function last(on: Kysely<DB>, of: 'offer' | 'type', waiting: number): Promise<number> {
    const sold = await offersOf(db, pricing, { quantity: 1, total: of === 'offer' ? 2 : 1 });
    const offers = of === 'offer' ? sold.offers.slice(0, 1) : sold.offers;
    return rivals(on, sold.eventId, (i) => ({ offers: [{ offerId: offers[i % offers.length]!, quantity: 1 }] }), waiting);
  }

  const ofType = pricing === 'simple' ? [] : (['type'] as const);
  test.each(['offer', ...ofType] as const)('one has the last of the %s; without the lock more do', async (of) => {
    expect(await last(many, of, 1)).toBe(1);
    const { db: broken, met } = mutated(many, [['for update of p skip locked', '']]);
    expect(await last(broken, of, RIVALS)).toBeGreaterThan(1);
    expect(met.size).toBe(1);
  });
});
