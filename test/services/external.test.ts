// An order of an external event beside its provider's: every step, with every fault switch, from every place where it may break off.
import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { sync, zoneOf } from '../../services/events/externalSync.ts';
import * as external from '../../services/external/rows.ts';
import { alignOrder } from '../../services/orders/aligning.ts';
import { cancel, drop } from '../../services/orders/cancel.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import { readFacts } from '../../services/orders/facts.ts';
import * as orders from '../../services/orders/orders.ts';
import { settle } from '../../services/orders/settlement.ts';
import { sweep } from '../../services/orders/sweep.ts';
import * as payments from '../../services/payments/payments.ts';
import { verify } from '../../services/reports/verify.ts';
import { isRefusal } from '../../services/shared/errors.ts';
import { as, wish } from '../support/claims.ts';
import { freshDatabase } from '../support/database.ts';
import { type ExternalWorld, startExternal } from '../support/external.ts';
import { capture, person, show } from '../support/made.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';

let base: Awaited<ReturnType<typeof freshDatabase>>;
let world: ExternalWorld;
let account: string;
beforeAll(async () => {
  base = await freshDatabase();
  account = (await person(base.db)).id;
});
beforeEach(async () => {
  world = await startExternal(base.db, { places: 120 });
});
afterEach(() => world.close());
afterAll(() => base.close());

const place = (n: number) => world.places[n]!;
const ids = (...numbers: number[]) => numbers.map((n) => place(n).id);
const theirs = (...numbers: number[]) => numbers.map((n) => place(n).externalId).sort();
const claimed = (numbers: number[], into?: string) =>
  claim(base.db, { ...wish(account, world.event, numbers.length ? { places: ids(...numbers) } : 'nothing'), into });
const items = async (orderId: string) => (await orders.find(base.db, orderId))!.places.map((p) => p.id).sort();
const status = async (orderId: string) => (await orders.find(base.db, orderId))!.status;
const facts = (orderId: string) => readFacts(base.db, orderId);
const wantSubmit = (orderId: string) => external.wantSubmit(base.db, orderId);
const expire = async (orderId: string) => {
  await sql`update orders set expires_at = now() - interval '1 second' where id = ${orderId}::uuid`.execute(base.db);
  await sql`update places set held_until = now() - interval '1 second' where order_id = ${orderId}::uuid`.execute(base.db);
};

/** What the workflow does: again and again, until it is in step; how many tries it took. */
async function align(orderId: string, tries = 12): Promise<number> {
  for (let i = 1; i <= tries; i++)
    try {
      expect(await alignOrder(base.db, world.provider, orderId)).toBe(true);
      return i;
    } catch (error) {
      if (!isRefusal(error, 'unavailable')) throw error;
    }
  throw new Error(`not in step after ${tries} tries`);
}
/** The provider's living orders: status and places. */
const living = async () =>
  (await world.orders())
    .filter((one) => one.status !== 'CANCELLED' && (one.status !== 'STARTED' || one.places.length))
    .map((one) => [one.status, one.places.sort()]);

/** An order of places 1 and 2, submitted. */
async function submitted() {
  const order = await claimed([1, 2]);
  await wantSubmit(order.id);
  await align(order.id);
  expect(await living()).toEqual([['SUBMITTED', theirs(1, 2)]]);
  return order;
}
async function bought() {
  const order = await submitted();
  await capture(base.db, order.id);
  await align(order.id);
  expect(await settle(base.db, order.id, TICKET_KEYS)).toBe('confirmed');
  return order;
}

test('the hall is read: every place with its zone and price, in order; what others have is sold', async () => {
  const { rows } = await sql<{ name: string; price: number; quantity: number; first: string; n: number; last: number }>`
    select o.name, o.price_minor as price, o.quantity, min(p.row_index)::text as first, count(p.id)::int as n, max(p.position) as last
    from offers o left join places p on p.offer_id = o.id where o.event_id = ${world.event}::uuid group by o.id order by o.tier_number`.execute(
    base.db,
  );
  expect(rows.reduce((sum, row) => sum + row.n, 0)).toBe(120);
  expect(rows.map((row) => row.price / 100)).toEqual([40_000, 80_000, 120_000, 160_000, 200_000]);
  for (const row of rows) expect([row.quantity, row.last]).toEqual([row.n, row.n ? row.n - 1 : null]);
});

describe('step by step', () => {
  test('an order that nobody has put anything in opens nothing; its first place opens one', async () => {
    const order = await claimed([]);
    expect((await facts(order.id)).behind).toBe(false);
    await align(order.id);
    expect(await world.orders()).toEqual([]);

    await claimed([1], order.id);
    expect((await facts(order.id)).behind).toBe(true);
    await align(order.id);
    expect([await living(), (await facts(order.id)).behind]).toEqual([[['STARTED', theirs(1)]], false]);
    expect(await align(order.id)).toBe(1); // changes nothing
  });

  test('it grows and shrinks with ours', async () => {
    const order = await claimed([1, 2]);
    await align(order.id);
    await drop(base.db, order.id, ids(1), as(account));
    await claimed([3], order.id);
    expect((await facts(order.id)).behind).toBe(true);
    await align(order.id);
    expect(await living()).toEqual([['STARTED', theirs(2, 3)]]);
    await drop(base.db, order.id, ids(2, 3), as(account));
    await align(order.id);
    expect(await living()).toEqual([]);
  });

  test('submitted once somebody is about to pay; begun anew where it changes after that', async () => {
    const order = await submitted();
    expect((await facts(order.id)).behind).toBe(false);
    await claimed([3], order.id);
    await align(order.id);
    expect(await living()).toEqual([['SUBMITTED', theirs(1, 2, 3)]]);
    expect((await world.orders()).map((one) => one.status)).toEqual(['CANCELLED', 'SUBMITTED']);
  });

  test('no payment opens before it is submitted', async () => {
    const order = await claimed([1]);
    await align(order.id);
    const begin = () => payments.begin(base.db, {}, { orderId: order.id });
    await expect(begin()).rejects.toMatchObject({ code: 'unavailable' });
    await wantSubmit(order.id);
    await expect(begin()).rejects.toMatchObject({ code: 'unavailable' });
    await align(order.id);
    await expect(begin()).rejects.not.toMatchObject({ code: 'unavailable' }); // there is no such payment provider here
  });

  test('paid: nothing is decided before the provider has confirmed; then there are tickets', async () => {
    const order = await submitted();
    await capture(base.db, order.id);
    expect(await facts(order.id)).toMatchObject({ unsettled: false, behind: true, awaitsProvider: true });
    expect([await settle(base.db, order.id, TICKET_KEYS), await status(order.id)]).toEqual(['unchanged', 'pending']);
    await align(order.id);
    expect(await facts(order.id)).toMatchObject({ unsettled: true, behind: false, awaitsProvider: false });
    expect(await settle(base.db, order.id, TICKET_KEYS)).toBe('confirmed');
    expect([(await orders.find(base.db, order.id))!.tickets.length, await living()]).toEqual([2, [['CONFIRMED', theirs(1, 2)]]]);
    expect((await facts(order.id)).behind).toBe(false);
  });

  test('expired or cancelled: the provider’s is cancelled, and others get its places', async () => {
    for (const end of [
      async (id: string) => {
        await expire(id);
        await orders.expire(base.db, id, new Date());
      },
      (id: string) => cancel(base.db, id, as(account), { reason: 'changed my mind' }),
    ]) {
      const order = await claimed([1, 2]);
      await align(order.id);
      await end(order.id);
      expect((await facts(order.id)).behind).toBe(true);
      await align(order.id);
      expect([await living(), (await facts(order.id)).behind]).toEqual([[], false]);
    }
  });

  test('ended before anything was asked of the provider, it asks nothing', async () => {
    const order = await claimed([1]);
    await cancel(base.db, order.id, as(account), { reason: 'at once' });
    expect((await facts(order.id)).behind).toBe(false);
    await align(order.id);
    expect(await world.orders()).toEqual([]);
  });
});

describe('a place that others have at the provider', () => {
  test('is out of our order, which costs so much less, and sold elsewhere; the rest stays', async () => {
    await world.take(place(2).externalId);
    const order = await claimed([1, 2, 3]);
    await align(order.id);
    expect([await items(order.id), await living()]).toEqual([ids(1, 3).sort(), [['STARTED', theirs(1, 3)]]]);
    const row = (await orders.find(base.db, order.id))!;
    expect(row.total_minor).toBe(row.places.reduce((sum, p) => sum + p.price_minor, 0));
    expect([await world.seen(place(2).id), await world.seen(place(1).id)]).toEqual(['elsewhere', 'held']);
    await expect(claimed([2])).rejects.toMatchObject({ code: 'places_unavailable' });
  });

  test('found out when somebody is about to pay: not submitted as it is now, for it is another price', async () => {
    await world.take(place(2).externalId);
    const order = await claimed([1, 2]);
    await wantSubmit(order.id);
    await align(order.id);
    expect(await living()).toEqual([['STARTED', theirs(1)]]);
    await wantSubmit(order.id);
    await align(order.id);
    expect(await living()).toEqual([['SUBMITTED', theirs(1)]]);
  });

  test('two orders of ours: the hold of the first is over, and it lets the place go before the second asks', async () => {
    const first = await claimed([1, 2]);
    await align(first.id);
    await expire(first.id);
    const second = await claimed([2]);
    await align(second.id);
    expect([await items(second.id), await living()]).toEqual([ids(2), [['STARTED', theirs(2)]]]);
    expect((await facts(first.id)).behind).toBe(false);
  });

  test('the provider ends our order by itself: begun anew while ours is held', async () => {
    const order = await claimed([1, 2]);
    await align(order.id);
    await world.cancel((await world.row(order.id))!.ref!);
    await wantSubmit(order.id);
    await align(order.id);
    expect(await living()).toEqual([['SUBMITTED', theirs(1, 2)]]);
  });
});

describe('money that buys nothing', () => {
  const returned = async (orderId: string) => {
    expect((await facts(orderId)).awaitsProvider).toBe(false);
    expect(await settle(base.db, orderId, TICKET_KEYS)).toBe('refund-due');
    expect([(await orders.find(base.db, orderId))!.tickets, (await facts(orderId)).pendingRefunds.length]).toEqual([[], 1]);
    await align(orderId);
    expect([await living(), (await facts(orderId)).behind]).toEqual([[], false]);
  };

  test('the provider does not confirm: what it refuses twice is refused for good', async () => {
    const order = await submitted();
    await capture(base.db, order.id);
    await world.faults({ conflict: 2, paths: '/confirm$' });
    await align(order.id);
    expect((await world.row(order.id))!.refusal).toMatch(/does not confirm/);
    await returned(order.id);
  });

  test('the provider has ended the order', async () => {
    const order = await submitted();
    await capture(base.db, order.id);
    await world.cancel((await world.row(order.id))!.ref!);
    await align(order.id);
    await returned(order.id);
  });

  test('it comes after the hold, and another order of ours has the place', async () => {
    const order = await submitted();
    await expire(order.id);
    const other = await claimed([1]);
    await capture(base.db, order.id);
    await align(order.id);
    await returned(order.id);
    await align(other.id);
    expect(await living()).toEqual([['STARTED', theirs(1)]]);
  });

  test('it comes when the order has expired: its places are on their way back', async () => {
    const order = await submitted();
    await expire(order.id);
    await orders.expire(base.db, order.id, new Date());
    await capture(base.db, order.id);
    expect((await facts(order.id)).unsettled).toBe(true);
    await returned(order.id);
  });
});

test('money that comes after the hold’s end, the places still its own: confirmed after all', async () => {
  const order = await submitted();
  await expire(order.id);
  await capture(base.db, order.id);
  await align(order.id);
  await sql`update payments set succeeded_at = now() - interval '10 seconds' where order_id = ${order.id}::uuid`.execute(base.db);
  expect(await settle(base.db, order.id, TICKET_KEYS)).toBe('confirmed');
});

describe('a confirmed order that is cancelled', () => {
  test('its places stay sold, to nobody of ours, where the provider keeps them: written down', async () => {
    const order = await bought();
    await cancel(base.db, order.id, as(account), { reason: 'ill' });
    expect(await world.seen(place(1).id)).toBe('elsewhere');
    expect((await facts(order.id)).behind).toBe(true);
    await align(order.id);
    expect([await living(), (await facts(order.id)).behind]).toEqual([[['CONFIRMED', theirs(1, 2)]], false]);
    expect([await world.seen(place(1).id), (await world.row(order.id))!.refusal]).toEqual([
      'elsewhere',
      expect.stringMatching(/take back/),
    ]);
    await expect(claimed([1])).rejects.toMatchObject({ code: 'places_unavailable' });
  });

  test('they are free again where it takes them back, also where its answer is lost', async () => {
    const order = await bought();
    await world.faults({ takesBack: true, lost500: 1 });
    await cancel(base.db, order.id, as(account), { reason: 'ill' });
    await align(order.id);
    expect([await living(), await world.seen(place(1).id), await world.seen(place(2).id)]).toEqual([[['CONFIRMED', []]], 'free', 'free']);
    await claimed([1]);
  });
});

/** Every way a call may go wrong. */
const FAULTS: [string, object][] = [
  ['answers 500 before anything happened', { fail500: 1 }],
  ['answers 500, and it happened', { lost500: 1 }],
  ['never answers, and it happened', { hang: 1 }],
  ['is slower than we wait, and it happens then', { slow: 1, slowMs: 500 }],
  ['shows what it did a quarter of a second later', { lagMs: 250 }],
  ['answers 500 and shows later that it happened', { lost500: 1, lagMs: 250 }],
];
const STEPS: [string, string, 'selected' | 'submitted' | 'confirmed' | 'released' | 'cancelled'][] = [
  ['start', 'POST .*/orders$', 'selected'],
  ['select', '/select$', 'selected'],
  ['release', '/release$', 'released'],
  ['submit', '/submit$', 'submitted'],
  ['confirm', '/confirm$', 'confirmed'],
  ['cancel', '/cancel$', 'cancelled'],
];

describe.each(FAULTS)('a provider that %s', (_, fault) => {
  test.each(STEPS)('at %s: in step in the end, nothing twice, nothing lost', async (_step, paths, aim) => {
    const order = await claimed([1, 2]);
    if (aim !== 'selected') {
      if (aim === 'confirmed') await wantSubmit(order.id);
      await align(order.id);
    }
    if (aim === 'submitted') await wantSubmit(order.id);
    if (aim === 'confirmed') await capture(base.db, order.id);
    if (aim === 'released') await drop(base.db, order.id, ids(1), as(account));
    if (aim === 'cancelled') await cancel(base.db, order.id, as(account), { reason: 'no' });
    await world.faults({ ...fault, paths });
    await align(order.id);

    const expected = {
      selected: [['STARTED', theirs(1, 2)]],
      submitted: [['SUBMITTED', theirs(1, 2)]],
      confirmed: [['CONFIRMED', theirs(1, 2)]],
      released: [['STARTED', theirs(2)]],
      cancelled: [],
    };
    expect(await living()).toEqual(expected[aim]);
    expect((await facts(order.id)).behind).toBe(false);
    await world.calm();
    if (aim === 'confirmed') expect(await settle(base.db, order.id, TICKET_KEYS)).toBe('confirmed');
  });
});

test('a select whose answer is lost, the place in another’s hands: refused, not taken for ours', async () => {
  const order = await claimed([1, 2]);
  await world.faults({ fail500: 1, paths: `${place(2).externalId}/select$` });
  await expect(alignOrder(base.db, world.provider, order.id)).rejects.toMatchObject({ code: 'unavailable' });
  await world.take(place(2).externalId);
  await align(order.id);
  expect([await items(order.id), await living()]).toEqual([ids(1), [['STARTED', theirs(1)]]]);
});

test('a call that comes in long after we gave it up brings in a place unseen: begun anew before it is submitted', async () => {
  const order = await claimed([1, 2]);
  await align(order.id);
  // As if a call for a place that was wanted once had come in now.
  await world.provider.select((await world.row(order.id))!.ref!, place(9).externalId);
  await wantSubmit(order.id);
  await align(order.id);
  expect(await living()).toEqual([['SUBMITTED', theirs(1, 2)]]);
});

describe('who is at work', () => {
  test('two at once: one does it, the other is told to come again', async () => {
    const order = await claimed([1, 2, 3]);
    const told = await Promise.allSettled([1, 2, 3].map(() => alignOrder(base.db, world.provider, order.id)));
    expect(told.filter((one) => one.status === 'fulfilled').length).toBeGreaterThan(0);
    await align(order.id);
    expect((await world.orders()).map((one) => [one.status, one.places.sort()])).toEqual([['STARTED', theirs(1, 2, 3)]]);
  });

  test('one that died is followed by the next once its time is up; awake again, it writes nothing', async () => {
    const order = await claimed([1]);
    const dead = await external.take(base.db, order.id);
    await external.note(base.db, dead, { state: 'started', ref: await world.provider.start() });
    await external.mark(base.db, dead, [place(1)], 'asked');
    await world.provider.select(dead.ref!, place(1).externalId); // and here it is killed
    await expect(alignOrder(base.db, world.provider, order.id)).rejects.toMatchObject({ code: 'unavailable' });
    await sql`update external_orders set busy_until = now() where order_id = ${order.id}::uuid`.execute(base.db);
    await align(order.id);
    expect((await world.orders()).map((one) => [one.status, one.places])).toEqual([['STARTED', theirs(1)]]);
    await expect(external.mark(base.db, dead, [place(1)], 'refused')).rejects.toMatchObject({ code: 'unavailable' });
  });
});

describe('the net', () => {
  const found = async () => {
    const lines: string[] = [];
    await sleep(150); // reads of the provider lag
    for await (const { check, findings, failed } of verify(
      { db: base.db, eventProvider: world.provider },
      { grace: 0, only: ['external', 'places', 'orders'] },
    ))
      lines.push(...findings.filter((one) => one.about.includes(world.event)).map(() => check), ...(failed ? [`${check} failed`] : []));
    return lines.sort();
  };
  /** Of other tests' orders the provider is gone. */
  const alone = () =>
    sql`delete from external_orders x using orders o where o.id = x.order_id and o.event_id <> ${world.event}::uuid`.execute(base.db);

  test('finds nothing where all is in step: held, paid, cancelled, and places that others have', async () => {
    await alone();
    await world.take(place(9).externalId);
    const [held, paid] = [await claimed([5, 9]), await bought()];
    await align(held.id);
    await cancel(base.db, paid.id, as(account), { reason: 'ill' });
    await align(paid.id);
    const over = await claimed([7]);
    await align(over.id);
    await cancel(base.db, over.id, as(account), { reason: 'no' });
    await align(over.id);
    await sleep(100);
    expect(await found()).toEqual([]);
  });

  test('finds an order that is over and open there, one that the provider has otherwise, one confirmed here alone', async () => {
    await alone();
    const order = await claimed([1, 2]);
    await align(order.id);
    await world.provider.release((await world.row(order.id))!.ref!, place(1).externalId);
    await sleep(100);
    expect(await found()).toEqual(['external/unlike']);
    await cancel(base.db, order.id, as(account), { reason: 'no' });
    await sql`delete from outbox where subject_id = ${order.id}::uuid`.execute(base.db);
    expect(await found()).toEqual(['external/left-open', 'external/unlike']);
    await align(order.id);
    await expect.poll(found, { timeout: 10_000 }).toEqual([]); // its reads are some tens of milliseconds behind

    const paid = await bought();
    await sql`update external_orders set state = 'submitted' where order_id = ${paid.id}::uuid`.execute(base.db);
    expect(await found()).toEqual(['external/unconfirmed', 'external/unlike']);
  });
});

test('the sweep finds whom nobody has seen to: an order that is over and open at the provider', async () => {
  const order = await claimed([1]);
  await align(order.id);
  await cancel(base.db, order.id, as(account), { reason: 'no' });
  const announced = async () =>
    (await base.db.selectFrom('outbox').select('topic').where('subject_id', '=', order.id).where('topic', '=', 'order.changed').execute())
      .length;
  await sql`delete from outbox where subject_id = ${order.id}::uuid`.execute(base.db);
  await sweep(base.db);
  expect(await announced()).toBe(0); // just looked at
  await sql`update external_orders set updated_at = now() - interval '6 minutes' where order_id = ${order.id}::uuid`.execute(base.db);
  await sweep(base.db);
  expect(await announced()).toBe(1);
});

describe('what the provider lists', () => {
  const look = () => sync(base.db, world.provider, world.event);
  const long = (placeId: string) =>
    sql`update places set sold_at = now() - interval '1 minute' where id = ${placeId}::uuid`.execute(base.db);

  test('bought by others: sold; given up: free again. Ours stay as they are', async () => {
    const [held, paid] = [await claimed([4]), await bought()];
    await align(held.id);
    await world.take(place(5).externalId);
    await sleep(100);
    expect(await look()).toEqual({ waitMs: 60_000, places: 120, changed: 1 });
    expect([await world.seen(place(5).id), await world.seen(place(4).id), await world.seen(place(1).id)]).toEqual([
      'elsewhere',
      'held',
      'sold',
    ]);
    expect((await facts(paid.id)).behind).toBe(false);

    await world.free(place(5).externalId);
    await sleep(100);
    await look();
    expect(await world.seen(place(5).id)).toBe('elsewhere'); // the list may be older than the word
    await long(place(5).id);
    await look();
    expect(await world.seen(place(5).id)).toBe('free');
  });

  test('of a place that we have just let go it may know too little: left alone', async () => {
    const order = await claimed([6]);
    await align(order.id);
    await drop(base.db, order.id, ids(6), as(account));
    expect([(await look()).changed, await world.seen(place(6).id)]).toEqual([0, 'free']); // theirs still
    await align(order.id);
    await world.take(place(6).externalId);
    await sleep(100);
    expect((await look()).changed).toBe(0);
    await sql`update external_places set updated_at = now() - interval '1 minute' where place_id = ${place(6).id}::uuid`.execute(base.db);
    expect([(await look()).changed, await world.seen(place(6).id)]).toEqual([1, 'elsewhere']);
  });

  test('is not read of an event that is over or cancelled, nor without a provider', async () => {
    expect(await sync(base.db, undefined, world.event)).toMatchObject({ waitMs: 600_000 });
    await sql`update events set status = 'cancelled' where id = ${world.event}::uuid`.execute(base.db);
    expect((await look()).waitMs).toBeNull();
    expect((await sync(base.db, world.provider, (await show(base.db)).id)).waitMs).toBeNull();
  });

  test('a provider that fails is asked again; what was read is kept, and nothing comes twice', async () => {
    const other = await startExternal(base.db, { places: 3_010 });
    expect(other.places.length).toBe(3_010);
    await other.faults({ fail500: 1, paths: 'page=3|/places$' });
    await expect(sync(base.db, other.provider, other.event)).rejects.toMatchObject({ code: 'unavailable' });
    expect(await sync(base.db, other.provider, other.event)).toMatchObject({ places: 3_010, changed: 0 });
    await other.close();
  });
});

test('a hall’s rows are shared out among the zones: a tenth, 15, 20, 25 and 30 of a hundred', () => {
  const zones = Array.from({ length: 1_000 }, (_, i) => zoneOf(i + 1, 1_000));
  expect([0, 1, 2, 3, 4].map((zone) => zones.filter((one) => one === zone).length)).toEqual([100, 150, 200, 250, 300]);
  expect(zoneOf(1_001, 1_000)).toBe(4); // the hall has grown
});

test('orders of other events have nothing to do with it', async () => {
  const event = await show(base.db);
  const order = await claim(base.db, wish(account, event.id, { places: event.seats }));
  expect(await alignOrder(base.db, world.provider, order.id)).toBe(true);
  expect(await facts(order.id)).toMatchObject({ behind: false, awaitsProvider: false });
  await capture(base.db, order.id);
  expect(await settle(base.db, order.id, TICKET_KEYS)).toBe('confirmed');
  expect(await world.row(order.id)).toBeUndefined();
});
