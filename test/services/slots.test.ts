// Slots: an offer of a pool with a cap of its own sells one place of the pool and one slot, so total and caps are exact whoever comes at once.
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../db/connect.ts';
import type { DB } from '../../db/tables.ts';
import { cancel } from '../../services/orders/cancel.ts';
import { type ClaimRequest, claim } from '../../services/orders/claim/claim.ts';
import * as orders from '../../services/orders/orders.ts';
import { priceOf } from '../../services/orders/pricing.ts';
import { settle } from '../../services/orders/settlement.ts';
import { shortenHolds } from '../../services/orders/shorten.ts';
import * as attempts from '../../services/payments/attempts.ts';
import { slots } from '../../services/reports/verify/slots.ts';
import { as, wish } from '../support/claims.ts';
import { freshDatabase, lockWaits } from '../support/database.ts';
import { capture, person } from '../support/made.ts';
import { pooled, slotsOf } from '../support/pools.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';
import { mutated } from '../support/waitlistWorld.ts';

let db: Kysely<DB>;
let url: string;
let close: () => Promise<void>;
let ann: string;
let bob: string;

beforeAll(async () => {
  ({ db, url, close } = await freshDatabase());
  [ann, bob] = [(await person(db)).id, (await person(db)).id];
});
afterAll(() => close?.());

const outcome = (request: ClaimRequest, on = db) =>
  claim(on, request).then(
    (order) => order.places.length,
    (error) => (error.code as string) ?? String(error),
  );
const of = (...wanted: [offerId: string, quantity: number][]) => ({ offers: wanted.map(([offerId, quantity]) => ({ offerId, quantity })) });

/** The hold is over, and no worker has noticed. */
const lapse = (orderId: string) =>
  sql`with o as (update orders set expires_at = now() - interval '1 second' where id = ${orderId}::uuid returning id),
      s as (update slots s set held_until = now() - interval '1 second' from o where s.order_id = o.id)
    update places p set held_until = now() - interval '1 second' from o where p.order_id = o.id`.execute(db);

describe('a claim', () => {
  test('of one offer ends at its cap although the pool has more, and says how many are left', async () => {
    const { id, offers } = await pooled(db, {
      total: 10,
      children: [
        { name: 'VIP', quantity: 3 },
        { name: 'General', quantity: 9 },
      ],
    });
    const [vip] = offers as [string];
    expect(await outcome(wish(ann, id, of([vip, 2])))).toBe(2);
    const refused = await claim(db, wish(bob, id, of([vip, 2]))).catch((error) => error);
    expect([refused.code, refused.details.offers]).toEqual(['places_unavailable', [{ id: vip, name: 'VIP', left: 1 }]]);
    expect(await outcome(wish(bob, id, of([vip, 1])))).toBe(1);
    expect(await slotsOf(db, vip)).toEqual({ free: 0, held: 3, sold: 0 });
  });

  test('ends at the total of the pool although the offer has slots left', async () => {
    const { id, offers } = await pooled(db, {
      total: 5,
      children: [
        { name: 'VIP', quantity: 4 },
        { name: 'General', quantity: 4 },
      ],
    });
    const [vip, general] = offers as [string, string];
    expect(await outcome(wish(ann, id, of([vip, 4])))).toBe(4);
    const refused = await claim(db, wish(bob, id, of([general, 2]))).catch((error) => error);
    expect([refused.code, refused.details.offers]).toEqual(['places_unavailable', [{ id: general, name: 'General', left: 1 }]]);
    expect(await outcome(wish(bob, id, of([general, 1])))).toBe(1);
  });

  test('of several offers of one pool gets places of its own for each, and a slot for each place', async () => {
    const { id, offers } = await pooled(db, {
      total: 6,
      children: [
        { name: 'VIP', quantity: 3, priceMinor: 9_000 },
        { name: 'General', quantity: 3, priceMinor: 1_000 },
      ],
    });
    const [vip, general] = offers as [string, string];
    const order = await claim(db, wish(ann, id, of([general, 3], [vip, 3])));
    expect(order.total_minor).toBe(30_000);
    expect(order.places.map((p) => p.offer_name).sort()).toEqual(['General', 'General', 'General', 'VIP', 'VIP', 'VIP']);
    const items = await db.selectFrom('order_items').select(['place_id', 'slot_id']).where('order_id', '=', order.id).execute();
    expect([new Set(items.map((i) => i.place_id)).size, new Set(items.map((i) => i.slot_id)).size]).toEqual([6, 6]);
    expect(items.every((i) => i.slot_id)).toBe(true);
  });

  test('keeps the minimum and maximum of the pool for all its offers together', async () => {
    const { id, offers } = await pooled(db, {
      total: 20,
      children: [
        { name: 'VIP', quantity: 10 },
        { name: 'General', quantity: 10 },
      ],
      pool: { min_per_order: 2, max_per_order: 4 },
    });
    const [vip, general] = offers as [string, string];
    expect(await outcome(wish(ann, id, of([vip, 1])))).toBe('limit_exceeded');
    expect(await outcome(wish(ann, id, of([vip, 1], [general, 1])))).toBe(2);
    expect(await outcome(wish(ann, id, of([vip, 3], [general, 2])))).toBe('limit_exceeded');
  });

  test('of a pool itself, of one that is closed or not open yet, is refused', async () => {
    const open = await pooled(db, { total: 5, children: [{ name: 'VIP', quantity: 5 }] });
    expect(await outcome(wish(ann, open.id, of([open.pool, 1])))).toBe('event_not_on_sale');
    const place = await db.selectFrom('places').select('id').where('event_id', '=', open.id).executeTakeFirstOrThrow();
    expect(await outcome(wish(ann, open.id, { places: [place.id] }))).toBe('event_not_on_sale');

    const soon = new Date(Date.now() + 3_600_000);
    const past = new Date(Date.now() - 3_600_000);
    for (const pool of [{ is_active: false }, { sales_start: soon }, { sales_end: past }]) {
      const shut = await pooled(db, { total: 5, children: [{ name: 'VIP', quantity: 5 }], pool });
      expect(await outcome(wish(ann, shut.id, of([shut.offers[0]!, 1]))), JSON.stringify(pool)).toBe('event_not_on_sale');
    }
  });
});

describe('many at once', () => {
  const RIVALS = 12;

  /** All claim the one slot there is, of a pool that has places for everybody. How many got it. */
  async function race(on: Kysely<DB>, waiting: number): Promise<number> {
    const people = await Promise.all(Array.from({ length: RIVALS }, async () => (await person(db)).id));
    const event = await pooled(db, {
      total: 100,
      children: [
        { name: 'Last', quantity: 1 },
        { name: 'Other', quantity: 99 },
      ],
    });
    const claims = await db.transaction().execute(async (tx) => {
      // A new order refers to its buyer's row: whoever has claimed waits for that, and the others have lost or wait for it too.
      await sql`select from accounts where id = any(${people}::uuid[]) for update`.execute(tx);
      const all = people.map((id) => outcome(wish(id, event.id, of([event.offers[0]!, 1])), on));
      await lockWaits(db, waiting);
      return all;
    });
    return (await Promise.all(claims)).filter((n) => n === 1).length;
  }

  test('one gets the last slot; without the lock more do, so that this can fail', async () => {
    const many = connect({ url, max: RIVALS });
    expect(await race(many, 1)).toBe(1);
    const { db: broken, met } = mutated(many, [['for update of p skip locked', '']]);
    expect(await race(broken, RIVALS)).toBeGreaterThan(1);
    expect(met.size).toBe(1);
    await many.destroy();
  });

  test('three offers over one short stock never sell more than the total or a cap, and sell it all', async () => {
    const event = await pooled(db, {
      total: 30,
      children: [
        { name: 'A', quantity: 12 },
        { name: 'B', quantity: 15 },
        { name: 'C', quantity: 20 },
      ],
    });
    const tries = Array.from({ length: 150 }, (_, i) => event.offers[i % 3]!);
    let sold = 0;
    for (let i = 0; i < tries.length; i += 10) {
      const got = await Promise.all(tries.slice(i, i + 10).map((offer, n) => outcome(wish(n % 2 ? ann : bob, event.id, of([offer, 1])))));
      sold += got.filter((n) => n === 1).length;
    }
    expect(sold).toBe(30);
    const taken = await Promise.all(event.offers.map(async (offer) => (await slotsOf(db, offer)).held));
    expect(taken.reduce((a, b) => a + b)).toBe(30);
    expect([taken[0]! <= 12, taken[1]! <= 15, taken[2]! <= 20]).toEqual([true, true, true]);
  });
});

describe('a slot goes with its place', () => {
  const vip = async (quantity: number, total = quantity * 2) => {
    const event = await pooled(db, {
      total,
      children: [
        { name: 'VIP', quantity },
        { name: 'Other', quantity: total },
      ],
    });
    return { ...event, offer: event.offers[0]! };
  };

  test('sold with the money, free again when the order is cancelled', async () => {
    const { id, offer } = await vip(2);
    const order = await claim(db, wish(ann, id, of([offer, 2])));
    await capture(db, order.id);
    expect(await settle(db, order.id, TICKET_KEYS)).toBe('confirmed');
    expect(await slotsOf(db, offer)).toEqual({ free: 0, held: 0, sold: 2 });
    await cancel(db, order.id, as(ann), { reason: 'test' });
    expect(await slotsOf(db, offer)).toEqual({ free: 2, held: 0, sold: 0 });
  });

  test('free again when the hold ends, by the clock and by the workflow', async () => {
    const { id, offer } = await vip(1);
    const first = await claim(db, wish(ann, id, of([offer, 1])));
    await lapse(first.id);
    const second = await claim(db, wish(bob, id, of([offer, 1])));
    await orders.expire(db, first.id, new Date());
    expect(await slotsOf(db, offer)).toEqual({ free: 0, held: 1, sold: 0 });
    await lapse(second.id);
    await orders.expire(db, second.id, new Date());
    const slot = await db.selectFrom('slots').selectAll().where('offer_id', '=', offer).executeTakeFirstOrThrow();
    expect(slot.order_id).toBeNull();
  });

  test('late money buys it while it is free, and goes back once somebody else has it although places are left', async () => {
    const { id, offer } = await vip(1);
    const first = await claim(db, wish(ann, id, of([offer, 1])));
    await lapse(first.id);
    const second = await claim(db, wish(bob, id, of([offer, 1])));
    await capture(db, first.id);
    await sql`update payments set succeeded_at = now() - interval '10 seconds' where order_id = ${first.id}::uuid`.execute(db);
    expect(await settle(db, first.id, TICKET_KEYS)).toBe('refund-due');
    await capture(db, second.id);
    expect(await settle(db, second.id, TICKET_KEYS)).toBe('confirmed');
  });

  test('an equal place comes with an equal slot', async () => {
    const { id, offer } = await vip(2, 3);
    const first = await claim(db, wish(ann, id, of([offer, 1]), { acceptsEqualPlace: true }));
    await lapse(first.id);
    const rival = await claim(db, wish(bob, id, of([offer, 1])));
    const mine = await db.selectFrom('order_items').selectAll().where('order_id', '=', first.id).executeTakeFirstOrThrow();
    // The rival has the very slot, and the other one is free.
    await sql`update slots set order_id = ${rival.id}::uuid, held_until = now() + interval '1 hour' where id = ${mine.slot_id}`.execute(db);
    await sql`update slots set order_id = null, held_until = null where offer_id = ${offer}::uuid and id <> ${mine.slot_id}`.execute(db);
    await capture(db, first.id);
    await sql`update payments set succeeded_at = now() - interval '10 seconds' where order_id = ${first.id}::uuid`.execute(db);
    expect(await settle(db, first.id, TICKET_KEYS)).toBe('confirmed');
    const now = await db.selectFrom('order_items').selectAll().where('order_id', '=', first.id).executeTakeFirstOrThrow();
    expect([now.slot_id !== mine.slot_id, now.place_id !== mine.place_id]).toEqual([true, true]);
    const left = await sql`select from places where order_id = ${first.id}::uuid and id <> ${now.place_id}`.execute(db);
    expect(left.rows).toHaveLength(0);
  });

  test('kept while a press on pay is decided, shortened with the hold', async () => {
    const { id, offer } = await vip(1);
    const order = await claim(db, wish(ann, id, of([offer, 1]), { holdSeconds: 5 }));
    await attempts.receive(db, { id: randomUUID(), orderId: order.id, accountId: ann, method: 'pm_x', waitedMs: 0 });
    const ends = async () => {
      const { rows } = await sql<{ place: Date; slot: Date }>`select p.held_until as place, s.held_until as slot
        from order_items i join places p on p.id = i.place_id join slots s on s.id = i.slot_id where i.order_id = ${order.id}::uuid`.execute(
        db,
      );
      return rows[0]!;
    };
    const kept = await ends();
    expect(kept.slot.getTime()).toBe(kept.place.getTime());
    expect(kept.slot.getTime()).toBeGreaterThan(Date.now() + 60_000);

    const long = await vip(1);
    const held = await claim(db, wish(bob, long.id, of([long.offer, 1])));
    await sql`update events set starts_at = now() + interval '20 seconds' where id = ${long.id}::uuid`.execute(db);
    await db.transaction().execute((tx) => shortenHolds(tx, long.id));
    const { rows } = await sql<{
      same: boolean;
      soon: boolean;
    }>`select p.held_until = s.held_until as same, s.held_until < now() + interval '21 seconds' as soon
      from order_items i join places p on p.id = i.place_id join slots s on s.id = i.slot_id where i.order_id = ${held.id}::uuid`.execute(
      db,
    );
    expect(rows[0]).toEqual({ same: true, soon: true });
  });
});

describe('the fee of a new order', () => {
  test.each([
    ['USD', 5_000, 2, 500],
    ['USD', 1, 1, 500],
    ['USD', 10, 1, 500], // half a cent goes up
    ['USD', 30, 1, 500],
    ['JPY', 999, 3, 500],
    ['KWD', 18_610, 1, 500], // cards move tens of fils
    ['USD', 0, 2, 500],
    ['USD', 12_345, 3, 0],
  ] as const)(
    '%s %i x %i at %i basis points is as pricing has it, and part of the total',
    async (currency, priceMinor, quantity, feeBasisPoints) => {
      const { id, offers } = await pooled(db, { total: 9, children: [{ name: 'VIP', quantity: 9, priceMinor }], currency });
      const order = await claim(db, wish(ann, id, of([offers[0]!, quantity]), { feeBasisPoints }));
      const row = await db.selectFrom('orders').selectAll().where('id', '=', order.id).executeTakeFirstOrThrow();
      const price = priceOf(priceMinor * quantity, currency, { feeBasisPoints });
      expect([row.fee_minor, row.total_minor]).toEqual([price.feeMinor, price.totalMinor]);
      expect(order.total_minor).toBe(price.totalMinor);
    },
  );

  test('counts for what can be paid at once', async () => {
    const { id, offers } = await pooled(db, { total: 9, children: [{ name: 'VIP', quantity: 9, priceMinor: 1_000 }] });
    const terms = { feeBasisPoints: 500, mostAtOnce: { usual: 1_049, by: {}, named: [] } };
    expect(await outcome(wish(ann, id, of([offers[0]!, 1]), terms))).toBe('limit_exceeded');
    expect(await outcome(wish(ann, id, of([offers[0]!, 1]), { ...terms, mostAtOnce: { usual: 1_050, by: {}, named: [] } }))).toBe(1);
  });
});

describe('the net', () => {
  const run = async () => {
    const look = { db, grace: 0, limit: 10, seconds: 10, leaveOut: [], tell() {} };
    return (await Promise.all(slots.map((check) => check.run(look)))).flatMap((seen) => seen.findings);
  };

  test('finds a slot that does not go with its place, one taken for nothing, and a pool that sells too much; nothing else', async () => {
    await sql`truncate orders cascade`.execute(db);
    await sql`delete from slots`.execute(db);
    await sql`delete from events`.execute(db);
    const { id, pool, offers } = await pooled(db, { total: 3, children: [{ name: 'VIP', quantity: 3 }] });
    const order = await claim(db, wish(ann, id, of([offers[0]!, 2])));
    await capture(db, order.id);
    await settle(db, order.id, TICKET_KEYS);
    await claim(db, wish(bob, id, of([offers[0]!, 1])));
    expect(await run()).toEqual([]);

    await sql`update slots set sold_at = null, order_id = null where order_id = ${order.id}::uuid and position = (select min(position) from slots where order_id = ${order.id}::uuid)`.execute(
      db,
    );
    await sql`insert into slots (offer_id, position, order_id, sold_at) values (${offers[0]!}::uuid, 99, ${order.id}::uuid, now())`.execute(
      db,
    );
    await sql`insert into places (event_id, offer_id, position) values (${id}::uuid, ${pool}::uuid, 99)`.execute(db);
    expect((await run()).map((finding) => finding.check)).toEqual(['slots/astray', 'slots/taken-for-nothing', 'slots/pool-unfit']);
  });
});
