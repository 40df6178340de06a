// Joining beside the same person's other calls: there is one entry, whichever of them comes between.
import type { KyselyPlugin } from 'kysely';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claim } from '../../services/orders/claim/claim.ts';
import * as waitlist from '../../services/waitlist/waitlist.ts';
import { wish as claimOf } from '../support/claims.ts';
import { freshDatabase, lockWaits } from '../support/database.ts';
import { person, show } from '../support/made.ts';
import { mutated } from '../support/waitlistWorld.ts';

let world: Awaited<ReturnType<typeof freshDatabase>>;
beforeAll(async () => {
  world = await freshDatabase();
});
afterAll(() => world?.close());

/** A sold out event, and somebody's wish to wait for it. */
async function scene() {
  const { db } = world;
  const [event, holder, me] = [await show(db, { seats: 1 }), await person(db), await person(db)];
  await claim(db, claimOf(holder.id, event.id, { places: event.seats }));
  const notify = { email: true, sms: false };
  return { db, me, want: { accountId: me.id, eventId: event.id, quantity: 1, notify, maxPlaces: 5, smsAvailable: false } };
}

/** Joins twice on `on`, and neither has written its entry before both have begun: they wait for each other, or for the account's row. */
async function joinTwice({ db, me, want }: Awaited<ReturnType<typeof scene>>, on: typeof db) {
  const joins = await db.transaction().execute(async (tx) => {
    await sql`select from accounts where id = ${me.id}::uuid for update`.execute(tx);
    const both = Promise.allSettled([waitlist.join(on, want), waitlist.join(on, want)]);
    await lockWaits(db, 2);
    return { both };
  });
  return joins.both;
}

test('asked twice at once, the second call gets the entry of the first', async () => {
  const here = await scene();
  const both = await joinTwice(here, here.db);
  const entries = both.map((call) => (call.status === 'fulfilled' ? call.value : undefined));
  expect(entries.map((e) => e?.created).sort()).toEqual([false, true]);
  expect(entries[0]!.entry.id).toBe(entries[1]!.entry.id);
});

test('without taking turns the second call fails: the test above can fail', async () => {
  const here = await scene();
  const { db, met } = mutated(here.db, [['select pg_advisory_xact_lock(', 'select (']]);
  const both = await joinTwice(here, db);
  expect(both.map((call) => (call.status === 'rejected' ? call.reason.constraint : 'joined')).sort()).toEqual(['joined', 'waitlist_once']);
  expect(met.size).toBe(1);
});

test('joined by another call and left by a third, this one joins all the same', async () => {
  const { db, me, want } = await scene();
  let met = 0;
  const between: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      // This call has its turn and has read nothing yet. The other one had its turn before, and what it wrote is left at this moment.
      if (result.rows.some((row) => 'pg_advisory_xact_lock' in row)) {
        met++;
        const { rows } = await sql<{ id: string }>`select id from waitlist_entries where account_id = ${me.id}::uuid`.execute(db);
        await waitlist.leave(db, rows[0]!.id, me.id);
      }
      return result;
    },
  };
  const first = await waitlist.join(db, want);
  const { entry, created } = await waitlist.join(db.withPlugin(between), want);
  expect([created, entry.status, entry.id === first.entry.id, met]).toEqual([true, 'waiting', false, 1]);
});
