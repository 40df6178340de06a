// Attempts to pay: what the receipt promises, and what it does not.

import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';
import { cancel } from '../../services/orders/cancel.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import { readFacts } from '../../services/orders/facts.ts';
import * as orders from '../../services/orders/orders.ts';
import { pay } from '../../services/orders/paying.ts';
import * as settlement from '../../services/orders/settlement.ts';
import * as attempts from '../../services/payments/attempts.ts';
import { receive } from '../../services/payments/callbacks.ts';
import type { DomainError } from '../../services/shared/errors.ts';
import { as, wish } from '../support/claims.ts';
import { freshDatabase } from '../support/database.ts';
import { person, show } from '../support/made.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';

let db: Kysely<DB>;
let close: () => Promise<void>;
let ann: string;
let bob: string;

beforeAll(async () => {
  ({ db, close } = await freshDatabase());
  [ann, bob] = [(await person(db)).id, (await person(db)).id];
});
afterAll(() => close?.());

/** Begins to decide an attempt; whether it pays with what was handed in. */
async function begin(id: string): Promise<boolean> {
  const { rows } = await sql<{ method: string }>`with ${attempts.beginning(sql`${id}`)} select method from begun`.execute(db);
  return rows[0]?.method === 'tok_visa';
}

/** Two places held by ann, whose hold ends in so many seconds (below 0: ended so long ago). */
async function held(endsIn: number) {
  const event = await show(db, { seats: 2 });
  const order = await claim(db, wish(ann, event.id, { places: event.seats }));
  await sql`with o as (update orders set expires_at = now() + make_interval(secs => ${endsIn}::float8) where id = ${order.id}::uuid returning *)
    update places set held_until = o.expires_at from o where order_id = o.id`.execute(db);
  const press = (waitedMs = 0, accountId = ann) => {
    const id = randomUUID();
    return attempts.receive(db, { id, orderId: order.id, accountId, method: 'tok_visa', waitedMs }).then((received) => received && id);
  };
  const rival = () =>
    claim(db, wish(bob, event.id, { places: event.seats })).then(
      () => 'taken',
      (error: DomainError) => error.code,
    );
  const row = () =>
    db
      .selectFrom('orders')
      .select((e) => [
        'status',
        sql<number>`(select round(extract(epoch from max(kept_until) - orders.expires_at))::int from payment_attempts where order_id = orders.id)`.as(
          'longer',
        ),
        e
          .selectFrom('places')
          .whereRef('order_id', '=', 'orders.id')
          .select(sql<number>`round(extract(epoch from min(held_until) - now()))::int`.as('h'))
          .as('held'),
      ])
      .where('id', '=', order.id)
      .executeTakeFirstOrThrow();
  return { id: order.id, event, press, rival, row };
}

test('far from its end the hold stays as it is: the receipt is all that is written', async () => {
  const o = await held(250);
  expect(await o.press()).toBeTruthy();
  expect(await o.row()).toEqual({ status: 'pending', longer: null, held: 250 });
});

test('near its end the places are kept for two minutes, and nobody else gets them past the hold’s end', async () => {
  const o = await held(10);
  expect(await o.press()).toBeTruthy();
  expect(await o.row()).toEqual({ status: 'pending', longer: 110, held: 120 });
  const { rows } = await sql<{
    n: number;
  }>`select count(*)::int as n from place_changes where event_id = ${o.event.id}::uuid and state = 'held'`.execute(db);
  expect(rows[0]!.n).toBe(2); // live seats hear of the later end
  await sql`update orders set expires_at = now() - interval '1 second' where id = ${o.id}::uuid`.execute(db);
  expect([(await orders.find(db, o.id))!.status, await o.rival()]).toEqual(['pending', 'places_unavailable']);
  expect(await orders.expire(db, o.id, new Date())).toBe('pending');
});

test('pressing again and again prolongs nothing past two and a half minutes after the hold’s end', async () => {
  const o = await held(1);
  const minutePasses = () =>
    sql`with o as (update orders set expires_at = expires_at - interval '1 minute' where id = ${o.id}::uuid returning id)
      update payment_attempts set kept_until = kept_until - interval '1 minute' from o where order_id = o.id`.execute(db);
  const longer: (number | null)[] = [];
  for (let i = 0; i < 3; i++) {
    expect(await o.press()).toBeTruthy();
    longer.push((await o.row()).longer);
    await minutePasses();
  }
  expect(longer).toEqual([119, 150, 150]);
  expect([await o.press(), (await orders.find(db, o.id))!.status]).toEqual([undefined, 'expired']);
});

test('a press that came in before the end counts though it is written after it, unless the places are gone', async () => {
  const o = await held(-1);
  expect(await o.press(500)).toBeUndefined();
  expect(await o.press(1500)).toBeTruthy();
  const lost = await held(-1);
  expect(await lost.rival()).toBe('taken');
  expect(await lost.press(1500)).toBeUndefined();
  expect(await db.selectFrom('payment_attempts').select('id').where('order_id', '=', lost.id).execute()).toEqual([]);
});

test('somebody else’s order, one that is paid or cancelled, and none at all: no receipt', async () => {
  const o = await held(100);
  expect(await o.press(0, bob)).toBeUndefined();
  await cancel(db, o.id, as(ann), { reason: 'test' });
  expect(await o.press()).toBeUndefined();
  expect(
    await attempts.receive(db, { id: randomUUID(), orderId: randomUUID(), accountId: ann, method: 'tok_visa', waitedMs: 0 }),
  ).toBeUndefined();
});

test('a withdrawn attempt begins nothing, a begun one is not withdrawn, and a decided one gives the hold its own end back', async () => {
  const o = await held(1);
  const [first, second] = [(await o.press())!, (await o.press())!];
  expect([await attempts.withdraw(db, first), await begin(first)]).toEqual([true, false]);
  expect([await begin(second), await attempts.withdraw(db, second), await begin(second)]).toEqual([true, false, true]);
  expect((await o.row()).longer).toBe(119);
  await attempts.decide(db, second, 'declined');
  expect((await o.row()).longer).toBeNull();
  await attempts.decide(db, second, 'succeeded'); // what is decided stays
  const { outcome } = await db.selectFrom('payment_attempts').select('outcome').where('id', '=', second).executeTakeFirstOrThrow();
  expect(outcome).toBe('declined');
});

test('of two attempts one decided leaves the other its time', async () => {
  const o = await held(1);
  const [first] = [(await o.press())!, (await o.press())!];
  await attempts.decide(db, first, 'declined');
  expect((await o.row()).longer).toBe(119);
});

test('an attempt nobody began within two minutes is over, and then taken back; one that was begun goes on', async () => {
  const o = await held(250);
  const [lost, begun, fresh] = [(await o.press())!, (await o.press())!, (await o.press())!];
  const age = (id: string, seconds: number) =>
    sql`update payment_attempts set received_at = now() - make_interval(secs => ${seconds}::int) where id = ${id}::uuid`.execute(db);
  await begin(begun);
  await Promise.all([age(lost, 121), age(begun, 121), age(fresh, 100)]);
  expect((await readFacts(db, o.id)).attempts).toEqual([begun, fresh]);
  expect([await begin(lost), await begin(begun), await begin(fresh)]).toEqual([false, true, true]);
  expect([await attempts.prune(db), (await readFacts(db, o.id)).attempts]).toEqual([1, [begun, fresh]]);
  await attempts.decide(db, begun, 'declined');
  expect((await readFacts(db, o.id)).attempts).toEqual([fresh]);
});

test('a free order pressed in time is confirmed by settling it, and its attempts are decided', async () => {
  const o = await held(1);
  await sql`update orders set total_minor = 0 where id = ${o.id}::uuid`.execute(db);
  await o.press();
  await sql`update orders set expires_at = now() - interval '1 second' where id = ${o.id}::uuid`.execute(db);
  expect(await settlement.settle(db, o.id, TICKET_KEYS)).toBe('confirmed');
  expect(await db.selectFrom('payment_attempts').select('outcome').where('order_id', '=', o.id).execute()).toEqual([{ outcome: 'free' }]);
});

test('a press and a rival in the hold’s last moment: the places go to one of them', async () => {
  for (let i = 0; i < 20; i++) {
    const o = await held(-0.005);
    const [press, rival] = await Promise.all([o.press(50), o.rival()]);
    expect([press !== undefined, rival === 'taken']).toSatisfy(([a, b]) => a !== b || (!a && !b));
    if (press) expect(await orders.expire(db, o.id, new Date())).toBe('pending');
  }
});

test('a free order that cannot be confirmed keeps its places no longer for having been paid', async () => {
  const o = await held(250);
  const id = (await o.press())!;
  await sql`with free as (update orders set total_minor = 0 where id = ${o.id}::uuid returning event_id),
    sold as (update offers set sales_end = now() + interval '1 day' from free where offers.event_id = free.event_id)
    update events set starts_at = now() - interval '2 hours', ends_at = now() - interval '1 hour' from free where events.id = free.event_id`.execute(
    db,
  );
  const until = () => db.selectFrom('places').select('held_until').where('order_id', '=', o.id).execute();
  const before = await until();
  const { charged, facts } = await pay(db, {}, TICKET_KEYS, { orderId: o.id, attempt: id });
  expect([charged, facts.status, before.length, await until()]).toEqual([{ outcome: 'free' }, 'pending', 2, before]);
});

test('a callback of captured money wakes the workflow, unless it is deciding an attempt this moment and will see it', async () => {
  const told = async (deciding: 'begun' | 'begun long ago' | 'no') => {
    const o = await held(250);
    const id = (await o.press())!;
    if (deciding !== 'no') await begin(id);
    if (deciding === 'begun long ago')
      await sql`update payment_attempts set begun_at = now() - interval '11 seconds' where id = ${id}::uuid`.execute(db);
    const { rows } = await sql<{ id: string; amount_minor: number; currency: string }>`
      insert into payments (order_id, provider, provider_ref, amount_minor, currency)
      select id, 'stripe', ${`pi_${id}`}, total_minor, currency from orders where id = ${o.id}::uuid returning id, amount_minor, currency`.execute(
      db,
    );
    const { amount_minor: amountMinor, currency } = rows[0]!;
    const said = { paymentId: undefined, failureCode: null, failureMessage: null };
    const payment = {
      ...said,
      ref: `pi_${id}`,
      status: 'succeeded' as const,
      amountMinor,
      receivedMinor: amountMinor,
      currency,
      orderId: o.id,
    };
    await receive(db, 'stripe', { id: `evt_${id}`, type: 'payment_intent.succeeded', payload: {}, payment });
    const woken = await db.selectFrom('outbox').select('topic').where('subject_id', '=', o.id).where('topic', '=', 'order.paid').execute();
    return [woken.length, (await readFacts(db, o.id)).unsettled];
  };
  expect([await told('no'), await told('begun'), await told('begun long ago')]).toEqual([
    [1, true],
    [0, true],
    [1, true],
  ]);
});
