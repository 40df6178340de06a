// The net over workflows, and the net itself: who is forsaken and who idles, how it is bounded, and that it changes nothing.
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as orders from '../../services/orders/orders.ts';
import * as payments from '../../services/payments/payments.ts';
import { readOnly } from '../../services/reports/verify/check.ts';
import { type Bought, found, type NetWorld, openNetWorld } from '../support/netWorld.ts';

let world: NetWorld;
const run = (statement: ReturnType<typeof sql>) => statement.execute(world.db);

beforeAll(async () => {
  world = await openNetWorld();
});
afterAll(() => world?.close());

const ageOf = (o: Bought) => sql`update orders set created_at = now() - interval '1 hour', confirmed_at = confirmed_at - interval '1 hour',
  ended_at = ended_at - interval '1 hour' where id = ${o.id}::uuid`;
const calm = (
  o: Bought,
) => sql`with y as (update payments set updated_at = now() - interval '1 hour', settled_at = now() - interval '1 hour'
    where order_id = ${o.id}::uuid),
  a as (update payment_attempts set decided_at = now() - interval '1 hour' where order_id = ${o.id}::uuid),
  m as (update mails set sent_at = now() - interval '1 hour' where order_id = ${o.id}::uuid)
  update refunds set updated_at = now() - interval '1 hour' where order_id = ${o.id}::uuid and status = 'succeeded'`;

describe('workflows', () => {
  test('an open order whose workflow does not run, once it has had its time', async () => {
    const order = await world.pending();
    world.running.delete(order.id);
    expect(found(await world.look())).toEqual([]);
    await run(ageOf(order));
    const outcomes = await world.look();
    expect(found(outcomes)).toEqual(['workflows/forsaken']);
    expect(outcomes.flatMap((one) => one.findings)[0]!.text).toContain('the end of its hold');
    await run(sql`insert into outbox (topic, subject_id) values ('order.created', ${order.id}::uuid)`);
    expect(found(await world.look()), 'its start is announced').toEqual([]);
    await run(sql`delete from outbox`);
    world.running.add(order.id);
    expect(found(await world.look())).toEqual([]);
  });

  test.each<[string, () => Promise<Bought>, (o: Bought) => ReturnType<typeof sql>]>([
    [
      'a refund to make',
      () => world.cancelled({ refunded: false }),
      (o) => sql`update refunds set created_at = now() - interval '1 hour' where order_id = ${o.id}::uuid`,
    ],
    [
      'a mail to send',
      () => world.confirmed(),
      (o) => sql`update mails set sent_at = null, created_at = now() - interval '1 hour', tried_at = now() where order_id = ${o.id}::uuid`,
    ],
    [
      'a payment to ask about',
      () => world.confirmed(),
      (o) => sql`update payments set contradicted_at = now() - interval '1 hour' where order_id = ${o.id}::uuid`,
    ],
    [
      'an attempt to pay',
      () => world.pending(),
      (o) => sql`insert into payment_attempts (id, order_id, method, received_at, begun_at)
        select gen_random_uuid(), ${o.id}::uuid, 'tok_visa', now() - interval '1 hour', now() - interval '1 hour'`,
    ],
  ])('%s, and no workflow that sees to it', async (what, make, owe) => {
    const order = await make();
    await run(owe(order));
    world.running.delete(order.id);
    const outcomes = await world.look();
    world.leaveOut(order.event);
    expect(found(outcomes)).toEqual(['workflows/forsaken']);
    expect(outcomes.flatMap((one) => one.findings)[0]!.text).toContain(what);
  });

  test('tickets whose money went back, and no workflow that voids them', async () => {
    const order = await world.confirmed();
    await run(sql`insert into refunds (order_id, payment_id, provider, provider_ref, amount_minor, currency, reason, requested_by, status, created_at)
      select order_id, id, provider, 're_by_hand', amount_minor, currency, 'made_at_provider', 'provider', 'succeeded', now() - interval '1 hour'
      from payments where order_id = ${order.id}::uuid`);
    const outcomes = await world.look({ only: ['workflows'] });
    world.leaveOut(order.event);
    expect(found(outcomes)).toEqual(['workflows/forsaken']);
    expect(outcomes.flatMap((one) => one.findings)[0]!.text).toMatch(/has to see to tickets whose money went back$/);
  });

  test('a payment to close after the order is over', async () => {
    const order = await world.pending();
    await payments.begin(world.db, world.providers, { orderId: order.id });
    await run(sql`update orders set expires_at = now() where id = ${order.id}::uuid`);
    await orders.expire(world.db, order.id, new Date(Date.now() + 1000));
    expect(found(await world.look()), 'its workflow closes it').toEqual([]);
    await run(ageOf(order));
    world.running.delete(order.id);
    expect(found(await world.look())).toEqual(['workflows/forsaken']);
    world.leaveOut(order.event);
  });

  test('a closed order whose workflow runs on, once it has had its time; and one of no order', async () => {
    const order = await world.confirmed();
    world.running.add(order.id);
    expect(found(await world.look())).toEqual([]);
    await run(ageOf(order));
    await run(calm(order));
    expect(found(await world.look())).toEqual(['workflows/idle']);
    world.running.delete(order.id);
    world.running.add('00000000-0000-4000-8000-000000000000');
    expect(found(await world.look())).toEqual(['workflows/idle']);
    world.running.delete('00000000-0000-4000-8000-000000000000');
    expect(found(await world.look())).toEqual([]);
  });
});

describe('the net itself', () => {
  test('changes nothing and takes no longer than it may', async () => {
    await expect(readOnly(world.db, 5, (tx) => sql`delete from outbox`.execute(tx))).rejects.toThrow(/read-only/);
    await expect(readOnly(world.db, 0.05, (tx) => sql`select pg_sleep(5)`.execute(tx))).rejects.toThrow(/statement timeout/);
  });

  test('counts all findings, keeps so many, and leaves out what it is told to, by check', async () => {
    const order = await world.pending();
    await run(sql`insert into outbox (topic, subject_id, available_at)
      select 'order.changed', ${order.id}::uuid, now() - interval '1 hour' from generate_series(1, 250)`);
    const [outbox] = await world.look({ only: ['deliveries/outbox'], limit: 10 });
    expect([outbox!.looked, outbox!.found, outbox!.findings.length]).toEqual([250, 250, 10]);
    expect(found(await world.look({ leaveOut: [{ id: order.id, checks: ['deliveries'] }] }))).toEqual([]);
    expect(found(await world.look({ leaveOut: [{ id: order.id, checks: ['ledger'] }] }))).toEqual(['deliveries/outbox']);
    setTimeout(() => void run(sql`delete from outbox`), 300);
    expect(found(await world.look({ only: ['deliveries/outbox'], againAfter: 2 })), 'it was only under way').toEqual([]);
  });

  test('says what it could not look at, and looks at the rest', async () => {
    const ledger = {
      ...world.provider.ledger!,
      payments: () => {
        throw new Error('no answer');
      },
    };
    const outcomes = await world.look({}, { providers: { stripe: { ...world.provider, ledger } } });
    expect(found(outcomes)).toEqual(['ledger/stripe/payments FAILED: no answer']);
    expect(outcomes.at(-1)!.check).toBe('workflows/idle');
  });
});
