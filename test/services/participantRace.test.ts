// Races of participants: many at once for one thing, and one wins. And the proof that each test can fail: with its guard taken out, more do.
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../db/connect.ts';
import type { DB } from '../../db/tables.ts';
import * as rooms from '../../services/events/room.ts';
import type { ParticipantView } from '../../services/orders/participants.ts';
import { freshDatabase, lockWaits } from '../support/database.ts';
import { enrol, hackathon, look, outcome, promote, revise, sound, told, withdraw } from '../support/hackathon.ts';
import { mutated } from '../support/waitlistWorld.ts';

const RIVALS = 10;
/** A sound database, and one for what guards are taken out of: the net has nothing to look for there. */
let many: Kysely<DB>;
let spoilt: Kysely<DB>;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  [many, spoilt] = (await times(2, async () => {
    const { url, close } = await freshDatabase();
    const pool = connect({ url, max: RIVALS + 4 });
    closing.push(async () => {
      await pool.destroy();
      await close();
    });
    return pool;
  })) as [Kysely<DB>, Kysely<DB>];
});
afterAll(() => Promise.all(closing.map((close) => close())));

const times = <T>(n: number, work: (i: number) => Promise<T>) => Promise.all(Array.from({ length: n }, (_, i) => work(i)));
const count = (words: string[], word: string) => words.filter((one) => one === word).length;

/** All begin, and none ends before `waiting` of them wait for each other: a new order refers to its organizer's row. */
async function together(on: Kysely<DB>, accountId: string, waiting: number, begin: () => Promise<string>[]): Promise<string[]> {
  const calls = await on.transaction().execute(async (tx) => {
    await sql`select from accounts where id = ${accountId}::uuid for update`.execute(tx);
    const all = begin();
    await lockWaits(on, waiting);
    return all;
  });
  return Promise.all(calls);
}

describe('the last place', () => {
  const race = async (on: Kysely<DB>, waiting: number) => {
    const event = await hackathon(on, { total: 1 });
    return together(on, event.organizer.id, waiting, () => Array.from({ length: RIVALS }, (_, i) => outcome(enrol(on, event, `p-${i}`))));
  };

  test('is had by one', async () => {
    const said = await race(many, 1);
    expect([count(said, 'confirmed'), count(said, 'places_unavailable')]).toEqual([1, RIVALS - 1]);
  });

  test('without the lock it is claimed by more', async () => {
    const { db: broken, met } = mutated(spoilt, [['for update of p skip locked', '']]);
    const said = await race(broken, RIVALS);
    // Only the unique index on live tickets is left to refuse them, and it says so with an error.
    expect(count(said, 'places_unavailable')).toBeLessThan(RIVALS - 1);
    expect(met.size).toBe(1);
  });

  test('told to be gone exactly once, whoever commits last; and again each time that it becomes so', async () => {
    for (let round = 1; round <= 5; round++) {
      const event = await hackathon(many, { total: RIVALS });
      const made = await times(RIVALS, (i) => enrol(many, event, `p-${i}`));
      expect(await told(many, event, 'capacity.reached')).toHaveLength(1);
      await times(3, (i) => withdraw(many, event, made[i]!));
      await times(3, (i) => enrol(many, event, `again-${i}`));
      expect(await told(many, event, 'capacity.reached')).toHaveLength(2);
    }
  });

  test('if those who see a full event named it differently, it would be told more than once', async () => {
    const event = await hackathon(many, { total: RIVALS });
    await times(RIVALS, (i) => enrol(many, event, `p-${i}`));
    const { db: broken, met } = mutated(many, [['order by o.created_at desc, o.id limit 1', 'order by random() limit 1']]);
    await times(20, () => rooms.tellIfFull(broken, event.id));
    expect((await told(many, event, 'capacity.reached')).length).toBeGreaterThan(1);
    expect(met.size).toBe(1);
  });
});

describe('one participant, many times at once', () => {
  /** How many live orders there are then. */
  async function race(on: Kysely<DB>, waiting: number, waitlist: boolean) {
    const event = await hackathon(on, { total: waitlist ? 1 : RIVALS, waitlist });
    if (waitlist) await enrol(on, event, 'first');
    const said = await together(on, event.organizer.id, waiting, () =>
      Array.from({ length: RIVALS }, () => outcome(enrol(on, event, 'p-1'))),
    );
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from orders
      where event_id = ${event.id}::uuid and participant_ref = 'p-1' and status in ('waiting', 'confirmed')`.execute(on);
    return { said, live: rows[0]!.n };
  }

  test.each(['confirmed', 'waiting'] as const)('is %s once, the others are told', async (status) => {
    const { said, live } = await race(many, 1, status === 'waiting');
    expect([live, count(said, status), count(said, 'already_registered')]).toEqual([1, 1, RIVALS - 1]);
  });

  test('without the unique index it is registered more than once', async () => {
    await sql`drop index orders_participant`.execute(spoilt);
    const { live } = await race(spoilt, RIVALS, false);
    expect(live).toBeGreaterThan(1);
  });
});

describe('a change of type', () => {
  /** All want the last slot of premium. How many think they have it, and how many do. */
  async function race(on: Kysely<DB>) {
    const event = await hackathon(on, { total: RIVALS, types: { standard: RIVALS, premium: 1 } });
    const made = await times(RIVALS, (i) => enrol(on, event, `p-${i}`));
    const said = await times(RIVALS, (i) => outcome(revise(on, event, made[i]!, { offer: 'premium' })));
    const { rows } = await sql<{
      n: number;
    }>`select count(*)::int as n from order_items where offer_id = ${event.offers.premium!}::uuid`.execute(on);
    return { said, premium: rows[0]!.n, event };
  }

  test('to the last of another is had by one; all others are as they were', async () => {
    const { said, premium, event } = await race(many);
    expect([count(said, 'confirmed'), count(said, 'places_unavailable'), premium]).toEqual([1, RIVALS - 1, 1]);
    expect(await rooms.figures(many, event.id)).toMatchObject({ total: RIVALS, taken: RIVALS });
    await sound(many);
  });

  test('without the lock more have it', async () => {
    const { db: broken, met } = mutated(spoilt, [
      ['order by p.position limit 1 for update of p skip locked', 'order by p.position limit 1'],
      ['from item, target t\n      where t.on_sale', 'from item, target t, pg_sleep(0.3)\n      where t.on_sale'], // a slow moment
    ]);
    const { premium } = await race(broken);
    expect(premium).toBeGreaterThan(1);
    expect(met.size).toBe(2);
  });

  test('there and back at once, and cancelled meanwhile: the place is never lost, nor kept by two', async () => {
    for (let round = 0; round < 15; round++) {
      const event = await hackathon(many, { apart: true, types: { standard: 2, premium: 2 }, waitlist: true });
      const made = await times(4, (i) => enrol(many, event, `p-${i}`, { offer: i % 2 ? 'premium' : 'standard' }));
      await times(2, (i) => enrol(many, event, `w-${i}`, { offer: i % 2 ? 'premium' : 'standard' }));
      const acts = [
        ...made.map((one, i) => outcome(revise(many, event, one, { offer: i % 2 ? 'standard' : 'premium' }))),
        outcome(revise(many, event, made[0]!, { offer: 'standard', details: { round } })),
        outcome(withdraw(many, event, made[round % 4]!)),
        ...[1, 2].map(() => promote(many, event).then(() => 'served')),
      ];
      const said = await Promise.all(acts);
      expect(said.filter((word) => !/^(confirmed|cancelled|served|places_unavailable|order_not_payable)$/.test(word))).toEqual([]);
      await promote(many, event);
      expect(await rooms.figures(many, event.id)).toMatchObject({ total: 4, taken: 4 });
    }
    await sound(many);
  });
});

test('leaving the line, being promoted, wishing for another type and the capacity going up and down, all at once', async () => {
  for (let round = 0; round < 15; round++) {
    const event = await hackathon(many, { total: 3, types: { standard: 9, premium: 9 }, waitlist: true });
    const all: ParticipantView[] = [];
    for (let i = 0; i < 6; i++) all.push(await enrol(many, event, `p-${i}`));
    const size = (total: number) => outcome(rooms.change(many, event.by.id, event.id, { total }).then(() => ({ status: 'changed' })));
    const said = await Promise.all([
      outcome(withdraw(many, event, all[0]!)),
      outcome(withdraw(many, event, all[3]!)),
      outcome(revise(many, event, all[4]!, { offer: 'premium' })),
      ...[1, 2].map(() => promote(many, event).then(() => 'served')),
      size(5),
      size(3),
      outcome(enrol(many, event, 'late')),
    ]);
    expect(said.filter((word) => !/^(cancelled|waiting|confirmed|served|changed|event_fixed)$/.test(word))).toEqual([]);
    await promote(many, event);
    const after = await Promise.all(all.map((one) => look(many, event, one)));
    const { total, taken, waiting } = await rooms.figures(many, event.id);
    expect([after[0]!.status, after[3]!.status]).toEqual(['cancelled', 'cancelled']);
    expect(taken).toBe(Math.min(total, 5)); // p-1, p-2, p-4, p-5 and the late one, as far as there is room
    expect(taken + waiting).toBe(5);
  }
  await sound(many);
});
