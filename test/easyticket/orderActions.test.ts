// What is done with EasyTicket's orders: listed and counted, cancelled, confirmed by hand, ended when overdue; and nobody else's is reached.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { offersOf, person } from '../support/made.ts';
import { type OrderWorld, startOrders } from '../support/orderWorld.ts';

type Who = { id: string; token: string; email: string };

let world: OrderWorld;
let buyer: Who;
let other: Who;
let admin: Who;

beforeAll(async () => {
  world = await startOrders();
  [buyer, other, admin] = await Promise.all([person(world.db), person(world.db), person(world.db, 'admin')]);
});
afterAll(() => world?.stop());

const get = (path: string, who: { token: string } = buyer) => world.call('GET', `/api/orders/${path}`, { token: who.token });
const post = (path: string, body: unknown = undefined, who: { token: string } = buyer) =>
  world.call('POST', `/api/orders/${path}`, { token: who.token, body });
/** The hold of an order has ended: its own time is over, and that of its places. */
const lapse = async (id: string) => {
  await sql`update orders set expires_at = now() - interval '1 minute' where id = ${id}::uuid`.execute(world.db);
  for (const table of ['places', 'slots'])
    await sql`update ${sql.table(table)} set held_until = now() - interval '1 minute' where order_id = ${id}::uuid`.execute(world.db);
};
const one = (item: Record<string, string>, quantity = 1) => ({ ...item, quantity });

describe('lists', () => {
  it('show the own orders, admins everybody’s; by status and event, in pages', async () => {
    const [ann, sold] = [await person(world.db), await offersOf(world.db, 'simple', { quantity: 9 })];
    const item = one(sold.items[0]!);
    const made = [];
    for (let n = 0; n < 4; n++) made.push(await world.order(ann, sold.eventId, [item]));
    const foreign = await world.order(other, sold.eventId, [item]);
    const [pending, processing, paid, gone] = made.map((order) => order.id);
    await post(`${processing}/create-payment-intent/`, undefined, ann);
    await post(`${paid}/confirm_payment/`, {}, ann);
    await post(`${gone}/cancel/`, {}, ann);

    const ids = async (query: string, who: { token: string } = ann) => (await get(query, who)).body.results.map((order: any) => order.id);
    expect(await ids('')).toEqual(made.map((order) => order.id).reverse());
    expect(await ids('?status=pending')).toEqual([pending]);
    expect(await ids('?status=processing')).toEqual([processing]);
    expect(await ids('?status=cancelled')).toEqual([gone]);
    expect(await ids('pending/')).toEqual([processing, pending]);
    expect(await ids('confirmed/')).toEqual([paid]);
    expect(await ids(`?event=${randomUUID()}`)).toEqual([]);
    expect(await ids(`?event=${sold.eventId}`, admin)).toEqual([foreign.id, ...made.map((order) => order.id).reverse()]);
    expect(await ids('confirmed/', other)).not.toContain(paid);

    const second = (await get('?page=2&page_size=3', ann)).body;
    expect([second.count, second.results.length, second.next]).toEqual([4, 1, null]);
    expect(second.previous).toContain('/api/orders/?page=1&page_size=3');
    for (const query of ['?status=paid', '?event=x', '?page=0', '?page_size=101', '?nonsense=1'])
      expect((await get(query, ann)).status, query).toBe(400);
  });

  it('count what was bought and spent, and show it item by item', async () => {
    const ann = await person(world.db);
    expect((await get('stats/', ann)).body).toMatchObject({ total_orders: 0, total_spent: '0.00', currency: null, upcoming_events: 0 });
    const sold = await offersOf(world.db, 'tiered', { quantity: 9 });
    const [first, second] = [
      await world.order(ann, sold.eventId, [one(sold.items[0]!, 2), one(sold.items[1]!)]),
      await world.order(ann, sold.eventId, [one(sold.items[0]!)]),
    ];
    await world.order(ann, sold.eventId, [one(sold.items[0]!)]);
    const late = await world.order(ann, sold.eventId, [one(sold.items[0]!)]);
    for (const { id } of [first, second]) expect((await post(`${id}/confirm_payment/`, {}, ann)).status).toBe(200);
    await lapse(late.id);
    expect((await post(`${first.id}/refund/`, { amount: 13 }, ann)).status).toBe(200);
    expect((await get('stats/', ann)).body).toEqual({
      total_orders: 4,
      pending_orders: 1,
      confirmed_orders: 2,
      cancelled_orders: 0,
      failed_orders: 1,
      total_spent: '71.00', // 63.00 and 21.00 with the fee, 13.00 went back
      currency: 'USD',
      total_tickets: 4,
      upcoming_events: 1,
    });
    const items = (await get('my_tickets/', ann)).body;
    expect([items.count, items.results.map((item: any) => [item.order, item.tier_name, item.quantity]).sort()]).toEqual([
      3,
      [
        [first.id, 'General', 1],
        [first.id, 'VIP', 2],
        [second.id, 'VIP', 1],
      ].sort(),
    ]);
    const shown = (await get(`${first.id}/`, ann)).body.items.map((item: any) => item.id).sort();
    expect(
      items.results
        .filter((item: any) => item.order === first.id)
        .map((item: any) => item.id)
        .sort(),
    ).toEqual(shown);
    expect((await get('my_tickets/?page=2&page_size=2', ann)).body.results).toHaveLength(1);
    expect((await get(`${first.id}/`, ann)).body.refunded_amount).toBe('13.00');
  });
});

describe('cancelling', () => {
  it('frees the tickets at once, twice is once, with the first reason; an admin may; what is paid or over is not cancelled', async () => {
    const sold = await offersOf(world.db, 'tiered', { quantity: 1, total: 1 });
    const order = await world.order(buyer, sold.eventId, [one(sold.items[0]!)]);
    expect((await post(`${order.id}/cancel/`, { reason: 'x'.repeat(501) })).status).toBe(400);
    const first = (await post(`${order.id}/cancel/`, { reason: 'Changed my mind' })).body;
    const again = (await post(`${order.id}/cancel/`, { reason: 'Another' }, admin)).body;
    expect([first.cancellation_reason, again]).toEqual(['Changed my mind', first]);
    expect((await get(`${order.id}/`)).body).toMatchObject({
      status: 'cancelled',
      is_expired: false,
      expires_at: null,
      cancelled_at: first.cancelled_at,
    });

    const next = await world.order(other, sold.eventId, [one(sold.items[1]!)]);
    expect((await post(`${next.id}/confirm_payment/`, {}, other)).body.status).toBe('confirmed');
    const paid = await post(`${next.id}/cancel/`, {}, other);
    expect([paid.status, paid.body.code, paid.body.error]).toEqual([400, 'order_not_cancellable', expect.stringContaining('refund')]);

    const free = await offersOf(world.db, 'simple');
    const over = await world.order(buyer, free.eventId, [one(free.items[0]!)]);
    await lapse(over.id);
    expect((await post(`${over.id}/cancel/`)).body.code).toBe('order_expired');
  });
});

describe('confirming by hand', () => {
  it('pays with a test card; a declined one leaves the order failed until it is paid anew', async () => {
    const sold = await offersOf(world.db, 'simple');
    const { id } = await world.order(buyer, sold.eventId, [one(sold.items[0]!)]);
    const declined = await post(`${id}/confirm_payment/`, { payment_id: 'pm_card_chargeDeclined' });
    expect([declined.status, declined.body.code]).toEqual([400, 'payment_failed']);
    expect((await get(`${id}/`)).body).toMatchObject({ status: 'failed', is_expired: false, is_paid: false });
    const paid = await post(`${id}/confirm_payment/`, { payment_id: 'test-payment-id', payment_method: 'stripe' });
    expect([paid.status, paid.body.status, paid.body.payment_method]).toEqual([200, 'confirmed', 'stripe']);
    expect((await post(`${id}/confirm_payment/`)).body).toEqual(paid.body);
    expect((await post(`${id}/confirm_payment/`, {}, admin)).status).toBe(403);
  });

  it('is refused in production, and with live keys', async () => {
    for (const change of [{ production: true }, { stripe: { secretKey: 'sk_live_x' } }]) {
      const { config } = world.gateway;
      const live = await startOrders({ overrides: { config: { ...config, ...change, stripe: { ...config.stripe, ...change.stripe } } } });
      const [ann, sold] = [await person(live.db), await offersOf(live.db, 'simple')];
      const { id } = await live.order(ann, sold.eventId, [one(sold.items[0]!)]);
      const answer = await live.call('POST', `/api/orders/${id}/confirm_payment/`, { token: ann.token, body: {} });
      expect([answer.status, answer.body.error]).toEqual([403, expect.stringContaining('testing only')]);
      expect((await live.db.selectFrom('payments').select('id').execute()).length).toBe(0);
      await live.stop();
    }
  });
});

describe('cleaning up', () => {
  it('ends what is overdue and counts what it ended itself, also when two ask at once', async () => {
    const clean = (who = admin) => post('cleanup_expired/', undefined, who);
    await clean();
    const sold = await offersOf(world.db, 'simple');
    const orders = [];
    for (let n = 0; n < 4; n++) orders.push(await world.order(buyer, sold.eventId, [one(sold.items[0]!)]));
    await post(`${orders[0].id}/create-payment-intent/`);
    for (const { id } of orders.slice(0, 3)) await lapse(id);
    expect((await get(`${orders[0].id}/`)).body).toMatchObject({ status: 'failed', is_expired: true }); // by the clock already
    world.engine.on = false;
    const answers = await Promise.all([clean(), clean()]);
    expect(answers.map(({ body }) => body.expired_count).reduce((a, b) => a + b)).toBe(3);
    expect((await clean()).body).toEqual({ message: '0 expired orders marked as failed', expired_count: 0 });
    const told = await world.db.selectFrom('outbox').select('subject_id').where('topic', '=', 'order.changed').execute();
    expect(told).toEqual([{ subject_id: orders[0].id }]); // its payment has to be closed
    world.engine.on = true;
    expect((await get(`${orders[3].id}/`)).body.status).toBe('pending');
    const refused = await clean(buyer);
    expect([refused.status, refused.body.error]).toEqual([403, 'Only administrators can trigger order cleanup.']);
  });
});

describe('somebody else’s order', () => {
  it('is out of reach by every route, for consumers and organizers; no order is no order', async () => {
    const sold = await offersOf(world.db, 'simple');
    const { id } = await world.order(buyer, sold.eventId, [one(sold.items[0]!)]);
    const organizer = await person(world.db, 'organizer');
    const routes = world.apis.flatMap((api) => api.routes).filter((route) => route.path.startsWith('/api/orders/:id/'));
    expect(routes).toHaveLength(6);
    for (const { method, path } of routes) {
      const ask = (at: string, token?: string) =>
        world.call(method.toUpperCase(), path.replace(':id', at), { token, body: method === 'get' ? undefined : {} });
      for (const who of [other, organizer]) expect((await ask(id, who.token)).status, path).toBe(403);
      expect((await ask(id)).status, path).toBe(401);
      for (const at of [randomUUID(), 'x', `${id}0`]) expect((await ask(at, buyer.token)).status, `${path} ${at}`).toBe(404);
    }
    expect((await get(`${id}/`)).body.status).toBe('pending');
    expect((await get(`${id}/`, admin)).status).toBe(200);
    expect((await get(`${id.toUpperCase()}/`)).status).toBe(200);
  });
});
