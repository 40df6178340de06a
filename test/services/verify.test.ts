// The net over rows: each finding is found when its fault is put into the database by hand, and nothing else is.
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Bought, found, type NetWorld, openNetWorld } from '../support/netWorld.ts';

let world: NetWorld;
const run = (statement: ReturnType<typeof sql>) => statement.execute(world.db);

beforeAll(async () => {
  world = await openNetWorld();
});
afterAll(() => world?.close());

type Make = 'pending' | 'confirmed' | 'cancelled' | 'refunded';
const make: Record<Make, () => Promise<Bought>> = {
  pending: () => world.pending(),
  confirmed: () => world.confirmed(),
  cancelled: () => world.cancelled({ refunded: false }),
  refunded: () => world.cancelled({ refunded: true }),
};

const placeOf = (o: Bought, change: ReturnType<typeof sql>) => sql`update places set ${change} where id = ${o.place}::uuid`;
const paymentLike = (o: Bought, columns: ReturnType<typeof sql>) =>
  sql`insert into payments (order_id, provider, provider_ref, amount_minor, currency, status, succeeded_at, settled_at)
    select id, 'by hand', gen_random_uuid()::text, total_minor, currency, ${columns} from orders where id = ${o.id}::uuid`;
const refundLike = (o: Bought, amount = sql`amount_minor`) =>
  sql`insert into refunds (order_id, payment_id, provider, amount_minor, currency, reason, created_at)
  select order_id, id, provider, ${amount}, currency, 'by hand', now() - interval '2 minutes' from payments where order_id = ${o.id}::uuid`;
/** An order of the event that waits; and who has the order `o` from the waitlist, or is said to have it. */
const waits = (o: Bought, account = sql`${o.account}::uuid`) =>
  sql`insert into orders (event_id, account_id, status, total_minor, currency) select event_id, ${account}, 'waiting', 0, currency from orders where id = ${o.id}::uuid`;
const inLine = (o: Bought, columns = sql`true, now()`) =>
  sql`insert into waitlist_entries (order_id, event_id, account_id, in_line, created_at)
    select id, event_id, account_id, ${columns} from orders where event_id = ${o.event}::uuid and status = 'waiting'`;
const offered = (o: Bought, account = sql`${o.account}::uuid`, columns = sql`false, now()`) =>
  sql`insert into waitlist_entries (order_id, event_id, account_id, in_line, offered_at) select ${o.id}::uuid, ${o.event}::uuid, ${account}, ${columns}`;
const attempt = (o: Bought, age: string, begun: ReturnType<typeof sql>, keptUntil = sql`null`) =>
  sql`insert into payment_attempts (id, order_id, method, received_at, begun_at, kept_until)
    select gen_random_uuid(), ${o.id}::uuid, 'tok_visa', received_at, ${begun}::timestamptz, ${keptUntil}::timestamptz
    from (select now() - ${age}::interval as received_at) as a`;
const stranger = sql`(select id from accounts order by number limit 1)`;

/** What is wrong, of which kind of order, how it is put in, and which checks find it. */
const FAULTS: [string, Make, (o: Bought) => ReturnType<typeof sql>[], string[]][] = [
  [
    'two live orders claim one place',
    'pending',
    (o) => [
      sql`with other as (insert into orders (event_id, account_id, total_minor, currency, expires_at)
          select event_id, account_id, total_minor, currency, expires_at from orders where id = ${o.id}::uuid returning id)
        insert into order_items (order_id, place_id, offer_id, price_minor)
        select other.id, i.place_id, i.offer_id, i.price_minor from other, order_items i where i.order_id = ${o.id}::uuid`,
    ],
    ['places/astray', 'places/claimed-twice'],
  ],
  ['a sold place is free', 'confirmed', (o) => [placeOf(o, sql`order_id = null, sold_at = null`)], ['places/astray']],
  [
    'a hold ends before its order does',
    'pending',
    (o) => [placeOf(o, sql`held_until = held_until - interval '1 minute'`)],
    ['places/astray'],
  ],
  [
    'a place is sold that nobody bought',
    'confirmed',
    (o) => [sql`update places set order_id = ${o.id}::uuid, sold_at = now() where id = ${o.free}::uuid`],
    ['places/sold-to-nobody'],
  ],
  [
    'a cancelled order still holds its place',
    'refunded',
    (o) => [placeOf(o, sql`order_id = ${o.id}::uuid, held_until = now() + interval '1 hour'`)],
    ['places/kept'],
  ],
  [
    'a hold past its end is kept',
    'pending',
    (o) => [
      sql`update orders set expires_at = now() - interval '11 minutes' where id = ${o.id}::uuid`,
      placeOf(o, sql`held_until = now() - interval '11 minutes'`),
      attempt(o, '11 minutes', sql`received_at`),
    ],
    ['places/overdue'],
  ],
  [
    'a hold that an attempt to pay keeps is not kept in the places',
    'pending',
    (o) => [attempt(o, '1 minute', sql`null`, sql`(select expires_at + interval '1 minute' from orders where id = ${o.id}::uuid)`)],
    ['places/astray'],
  ],
  [
    'a confirmed order lacks its ticket',
    'confirmed',
    (o) => [sql`update tickets set voided_at = now() where order_id = ${o.id}::uuid`],
    ['orders/ticketless'],
  ],
  [
    'the ticket of a cancelled order admits',
    'refunded',
    (o) => [sql`update tickets set voided_at = null where order_id = ${o.id}::uuid`],
    ['orders/not-confirmed'],
  ],
  [
    'a ticket is for another place',
    'confirmed',
    (o) => [sql`update tickets set place_id = ${o.free}::uuid where order_id = ${o.id}::uuid`],
    ['orders/wrong-ticket'],
  ],
  [
    'captured money rests',
    'pending',
    (o) => [paymentLike(o, sql`'succeeded', now() - interval '1 hour', null::timestamptz`)],
    ['money/unsettled'],
  ],
  [
    'money without ticket or refund',
    'cancelled',
    (o) => [sql`delete from refunds where order_id = ${o.id}::uuid`],
    ['money/neither-ticket-nor-refund'],
  ],
  [
    'a refund that failed is none',
    'cancelled',
    (o) => [sql`update refunds set status = 'failed' where order_id = ${o.id}::uuid`],
    ['money/neither-ticket-nor-refund'],
  ],
  ['money refunded twice', 'cancelled', (o) => [refundLike(o)], ['money/refunded-too-much']],
  ['money with ticket and refund', 'confirmed', (o) => [refundLike(o)], ['money/not-the-price', 'workflows/forsaken']],
  [
    'a fee that is not in the total',
    'pending',
    (o) => [sql`update orders set fee_minor = fee_minor + 1 where id = ${o.id}::uuid`],
    ['money/wrong-total'],
  ],
  ['money kept twice', 'confirmed', (o) => [paymentLike(o, sql`'succeeded', now(), now()`)], ['money/not-the-price']],
  [
    'an attempt to pay that nobody begins or takes back',
    'pending',
    (o) => [attempt(o, '16 minutes', sql`null`)],
    ['money/undecided-attempt'],
  ],
  ['an order waits and is in no line', 'pending', (o) => [waits(o)], ['waitlist/no-entry']],
  ['who waits is not in line', 'pending', (o) => [waits(o), inLine(o, sql`false, now()`)], ['waitlist/order']],
  ['who was offered something is still in line', 'pending', (o) => [offered(o, undefined, sql`true, now()`)], ['waitlist/order']],
  ['an offer that was never made', 'pending', (o) => [offered(o, undefined, sql`false, null::timestamptz`)], ['waitlist/order']],
  ["an offer that is somebody else's order", 'pending', (o) => [offered(o, stranger)], ['waitlist/order']],
  [
    'somebody waits for an event that has begun',
    'pending',
    (o) => [
      waits(o),
      inLine(o, sql`true, now() - interval '1 hour'`),
      sql`update events set starts_at = now() - interval '5 minutes' where id = ${o.event}::uuid`,
    ],
    ['waitlist/in-vain'],
  ],
  [
    'who came first was passed over',
    'pending',
    (o) => [waits(o, stranger), inLine(o, sql`true, now() - interval '1 hour'`), offered(o)],
    ['waitlist/passed-over'],
  ],
  [
    'an outbox row that nobody takes',
    'pending',
    (o) => [
      sql`insert into outbox (topic, subject_id, available_at) values ('order.changed', ${o.id}::uuid, now() - interval '2 minutes')`,
    ],
    ['deliveries/outbox'],
  ],
  [
    'a line of starts that stands still',
    'pending',
    (o) => [
      sql`insert into outbox (topic, subject_id, available_at) values ('order.created', ${o.id}::uuid, now() - interval '2 minutes')`,
    ],
    ['deliveries/outbox'],
  ],
  [
    'an outbox row that is tried and tried',
    'pending',
    (o) => [
      sql`insert into outbox (topic, subject_id, attempts, created_at, available_at)
        values ('order.changed', ${o.id}::uuid, 9, now() - interval '9 minutes', now() + interval '30 seconds')`,
    ],
    ['deliveries/outbox'],
  ],
  [
    'a mail that nobody tries',
    'pending',
    (o) => [
      sql`insert into mails (kind, recipient, order_id, created_at) values ('tickets', 'x@x.test', ${o.id}::uuid, now() - interval '5 minutes')`,
    ],
    ['deliveries/mails'],
  ],
  [
    'a text that was given up',
    'pending',
    (o) => [
      sql`insert into texts (kind, recipient, order_id, body, created_at, tried_at)
        values ('waitlist-offer', '+4512345678', ${o.id}::uuid, 'x', now() - interval '2 days', now())`,
    ],
    ['deliveries/texts'],
  ],
  [
    'a notice that nobody serves',
    'pending',
    (o) => [sql`insert into event_notices (event_id, kind, created_at) values (${o.event}::uuid, 'moved', now() - interval '5 minutes')`],
    ['deliveries/notices'],
  ],
];

describe('a fault put in by hand', () => {
  test.each(FAULTS)('%s', async (_, kind, faults, checks) => {
    const order = await make[kind]();
    expect(found(await world.look())).toEqual([]);
    for (const fault of faults(order)) await run(fault);
    const outcomes = await world.look();
    world.leaveOut(order.event);
    expect(found(outcomes)).toEqual(checks);
    const lines = outcomes.flatMap((one) => one.findings).map((one) => one.text);
    for (const line of lines) expect(line).toMatch(/[0-9a-f]{8}-/);
    expect(lines.join()).not.toMatch(/undefined|null|NaN/);
  });

  test('two tickets for one place, which the database refuses by itself', async () => {
    const order = await world.confirmed();
    await run(sql`drop index tickets_one_per_place`);
    await run(sql`insert into tickets (order_id, order_item_id, event_id, offer_id, place_id, code)
      select order_id, order_item_id, event_id, offer_id, place_id, code || '2' from tickets where order_id = ${order.id}::uuid`);
    expect(found(await world.look())).toEqual(['places/ticketed-twice']);
    await run(sql`delete from tickets where order_id = ${order.id}::uuid and code like '%2'`);
    await run(sql`create unique index tickets_one_per_place on tickets (place_id) where voided_at is null`);
  });
});

describe('what may be', () => {
  test('a mail and a text that were given up for good, however old', async () => {
    const order = await world.pending();
    await run(sql`insert into mails (kind, recipient, order_id, created_at, refused_at, refusal)
      values ('tickets', 'x@x.test', ${order.id}::uuid, now() - interval '9 days', now() - interval '8 days', '550 no such box')`);
    await run(sql`insert into texts (kind, recipient, order_id, body, created_at, failed_at, refusal)
      values ('waitlist-offer', '+4512345678', ${order.id}::uuid, 'x', now() - interval '9 days', now() - interval '8 days', 'No.')`);
    expect(found(await world.look())).toEqual([]);
  });

  test('an order past its end while an attempt to pay it is being decided, and its place until the attempt’s own end', async () => {
    const order = await world.pending();
    await run(sql`update orders set expires_at = now() - interval '11 minutes' where id = ${order.id}::uuid`);
    await run(placeOf(order, sql`held_until = now() - interval '11 minutes'`));
    await run(attempt(order, '9 minutes', sql`received_at`));
    expect(found(await world.look())).toEqual([]);
    await run(sql`update payment_attempts set kept_until = now() + interval '1 minute' where order_id = ${order.id}::uuid`);
    await run(placeOf(order, sql`held_until = now() + interval '1 minute'`));
    expect(found(await world.look())).toEqual([]);
    world.leaveOut(order.event);
  });

  test('a part of the price that goes back, and all of it in this moment', async () => {
    const order = await world.confirmed();
    await run(refundLike(order, sql`amount_minor - 1000`));
    world.running.add(order.id);
    expect(found(await world.look())).toEqual([]);
    await run(sql`update refunds set amount_minor = 5000, created_at = now() where order_id = ${order.id}::uuid`);
    expect(found(await world.look()), 'the order is being cancelled').toEqual([]);
    await run(sql`update refunds set created_at = now() - interval '2 minutes' where order_id = ${order.id}::uuid`);
    expect(found(await world.look())).toEqual(['money/not-the-price']);
    world.leaveOut(order.event);
  });

  test('an entry that was passed over while its account was blocked, and no other', async () => {
    const order = await world.pending();
    for (const fault of [waits(order, stranger), inLine(order, sql`true, now() - interval '1 hour'`), offered(order)]) await run(fault);
    await run(sql`insert into blocks (account_id, organizer_id, everywhere, made_by)
      select s.id, o.id, true, o.id from (select ${stranger} as id) s, (select id from accounts order by number desc limit 1) o`);
    expect(found(await world.look())).toEqual([]);
    await run(sql`update blocks set lifted_at = now()`);
    expect(found(await world.look()), 'lifted since').toEqual([]);
    await run(sql`update blocks set lifted_at = now() - interval '30 minutes'`);
    expect(found(await world.look()), 'lifted before').toEqual(['waitlist/passed-over']);
    world.leaveOut(order.event);
  });

  test('a long line of starts, while it moves', async () => {
    const order = await world.pending();
    const { id } = await world.pending();
    await run(
      sql`insert into outbox (topic, subject_id, available_at) values ('order.created', ${order.id}::uuid, now() - interval '2 minutes')`,
    );
    await run(
      sql`insert into outbox (topic, subject_id, attempts, available_at) values ('order.created', ${id}::uuid, 1, now() + interval '20 seconds')`,
    );
    expect(found(await world.look())).toEqual([]);
    await run(sql`update outbox set last_error = 'no engine' where subject_id = ${id}::uuid`);
    expect(found(await world.look()), 'a start that failed is no start').toEqual(['deliveries/outbox']);
    await run(sql`delete from outbox`);
  });
});
