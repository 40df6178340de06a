// The sweep: what nobody has seen to for a minute is announced again, and not more often than a workflow can bear.
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';
import { deliver } from '../../services/delivery/sms.ts';
import * as notices from '../../services/events/eventNotices.ts';
import { sweep } from '../../services/orders/sweep.ts';
import { invalidField } from '../../services/shared/errors.ts';
import { freshDatabase } from '../support/database.ts';
import { show } from '../support/made.ts';

let db: Kysely<DB>;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ db, close } = await freshDatabase());
});
afterAll(() => close?.());

/** A cancelled order with a refund, an hour old. */
async function owed(): Promise<string> {
  const event = await show(db);
  const { rows } = await sql<{ id: string }>`
    with buyer as (insert into accounts (email, password_hash) values (gen_random_uuid() || '@x.test', '-') returning id),
    bought as (
      insert into orders (event_id, account_id, status, total_minor, currency) select ${event.id}::uuid, id, 'cancelled', 5000, 'USD' from buyer returning id),
    paid as (
      insert into payments (order_id, provider, provider_ref, amount_minor, currency, status, succeeded_at, settled_at)
      select id, 'stripe', id::text, 5000, 'USD', 'succeeded', now(), now() from bought returning id, order_id)
    insert into refunds (order_id, payment_id, provider, amount_minor, currency, reason, created_at, updated_at)
    select order_id, id, 'stripe', 5000, 'USD', 'test', now() - interval '1 hour', now() - interval '1 hour' from paid returning order_id as id`.execute(
    db,
  );
  return rows[0]!.id;
}

/** Sweeps, and hands on what was announced. */
async function swept(orderId: string): Promise<number> {
  await sweep(db);
  const { numDeletedRows } = await db.deleteFrom('outbox').where('subject_id', '=', orderId).executeTakeFirst();
  return Number(numDeletedRows);
}

test('a pending refund is announced once, then every quarter of an hour, until it is decided', async () => {
  const order = await owed();
  expect([await swept(order), await swept(order)]).toEqual([1, 0]);
  await sql`update refunds set updated_at = now() - interval '16 minutes' where order_id = ${order}::uuid`.execute(db);
  expect([await swept(order), await swept(order)]).toEqual([1, 0]);
  await sql`update refunds set status = 'succeeded', updated_at = now() - interval '1 hour' where order_id = ${order}::uuid`.execute(db);
  expect(await swept(order)).toBe(0);
});

test('money that was set aside and that nobody takes is announced every quarter of an hour, until it is taken', async () => {
  const order = await owed();
  await sql`update orders set status = 'pending', expires_at = now() + interval '1 hour' where id = ${order}::uuid`.execute(db);
  await sql`delete from refunds where order_id = ${order}::uuid`.execute(db);
  const payment = (change: string) => sql.raw(`update payments set ${change} where order_id = '${order}'`).execute(db);
  await payment(`status = 'authorized', settled_at = null, succeeded_at = null, updated_at = now() - interval '14 minutes'`);
  expect(await swept(order)).toBe(0);
  await payment(`updated_at = now() - interval '16 minutes'`);
  expect([await swept(order), await swept(order)]).toEqual([1, 0]);
  await payment(`status = 'succeeded', succeeded_at = now(), settled_at = now(), updated_at = now() - interval '16 minutes'`);
  expect(await swept(order)).toBe(0);
});

test('a mail of no order that nobody tries is announced by itself, and not again while it is tried', async () => {
  const { rows } = await sql<{ id: string }>`insert into mails (kind, recipient, created_at)
    values ('waitlist-cancelled', 'x@x.test', now() - interval '2 minutes') returning id`.execute(db);
  const { id } = rows[0]!;
  expect([await swept(id), await swept(id)]).toEqual([1, 0]);
  await sql`update mails set tried_at = now() - interval '16 minutes' where id = ${id}::uuid`.execute(db);
  expect(await swept(id)).toBe(1);
  await sql`update mails set tried_at = null, sent_at = now() where id = ${id}::uuid`.execute(db);
  expect(await swept(id)).toBe(0);
});

test('a payment still open although its order is over is announced every quarter of an hour; that of a running hold is not', async () => {
  const order = await owed();
  await sql`update refunds set status = 'succeeded' where order_id = ${order}::uuid`.execute(db);
  await sql`update orders set status = 'expired' where id = ${order}::uuid`.execute(db);
  await sql`update payments set status = 'created', updated_at = now() - interval '16 minutes' where order_id = ${order}::uuid`.execute(db);
  expect([await swept(order), await swept(order)]).toEqual([1, 0]);
  await sql`update payments set updated_at = now() - interval '16 minutes' where order_id = ${order}::uuid`.execute(db);
  await sql`update orders set status = 'pending', expires_at = now() + interval '1 hour' where id = ${order}::uuid`.execute(db);
  expect(await swept(order)).toBe(0);
});

test('a text that nobody tries is announced for a day, and not again while it is tried, or once it was refused for good', async () => {
  const { rows } = await sql<{ id: string }>`insert into texts (kind, recipient, body, created_at)
    values ('waitlist-offer', '+4512345678', 'x', now() - interval '2 minutes') returning id`.execute(db);
  const { id } = rows[0]!;
  const change = (what: ReturnType<typeof sql>) => sql`update texts set tried_at = null, ${what} where id = ${id}::uuid`.execute(db);
  expect([await swept(id), await swept(id)]).toEqual([1, 0]);
  await change(sql`body = 'y'`);
  expect(await swept(id)).toBe(1);
  await change(sql`created_at = now() - interval '25 hours'`);
  expect(await swept(id)).toBe(0);
  await change(sql`failed_at = null, created_at = now() - interval '1 hour'`);
  const provider = { name: 'refuses', send: () => Promise.reject(invalidField('phone', 'No such number.')) };
  expect([await deliver(db, provider, id), await deliver(db, provider, id)]).toEqual(['refused', 'refused']);
  await sql`update texts set tried_at = null where id = ${id}::uuid`.execute(db);
  expect(await swept(id)).toBe(0);
  const refusal = async () => (await db.selectFrom('texts').select('refusal').where('id', '=', id).executeTakeFirstOrThrow()).refusal;
  expect(await refusal()).toBe('No such number.');
  await change(sql`failed_at = null, created_at = now() - interval '25 hours'`);
  expect([await swept(id), await refusal()]).toEqual([0, 'No provider took it within a day.']);
});

test('a notice is announced again when nobody has served it for minutes, not while its workflow waits for the bank', async () => {
  const event = await show(db);
  await sql`insert into event_notices (event_id, kind, created_at) values (${event.id}::uuid, 'cancelled', now() - interval '1 hour')`.execute(
    db,
  );
  const announced = async () => {
    await notices.sweep(db);
    return Number((await db.deleteFrom('outbox').where('subject_id', '=', event.id).executeTakeFirst()).numDeletedRows);
  };
  expect(await announced()).toBe(1);
  await sql`update event_notices set served_at = now() - interval '4 minutes' where event_id = ${event.id}::uuid`.execute(db);
  expect(await announced()).toBe(0);
  await sql`update event_notices set served_at = now() - interval '7 minutes' where event_id = ${event.id}::uuid`.execute(db);
  expect(await announced()).toBe(1);
  await notices.serve(db, event.id); // nothing is left to do for it
  expect(await announced()).toBe(0);
});
