// Bookings that cost nothing: confirmed in the request that asks for it, with the engine down.
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../../deploy/local/ports.ts';
import { createTemporal, type Temporal } from '../../gateway/temporal/client.ts';
import { pay } from '../../gateway/temporal/pay.ts';
import * as orders from '../../services/orders/orders.ts';
import { confirmFree, settle } from '../../services/orders/settlement.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person, show } from '../support/made.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';

let world: World;
let down: Temporal;
let buyer: { id: string; token: string };

beforeAll(async () => {
  down = createTemporal({ address: `127.0.0.1:${await freePort()}`, namespace: 'default' }); // nobody listens there
  world = await startWorld({
    overrides: { pay: (press) => pay({ db: world.db, temporal: down, ticketKeys: TICKET_KEYS }, press, 10_000) },
  });
  buyer = await person(world.db);
});
// The connection stays open: a call nobody waits for any more is tried again until its deadline, and throws once its channel is closed.
afterAll(() => world?.stop());

async function booking(priceMinor: number): Promise<string> {
  const { id, seats } = await show(world.db, { priceMinor });
  const made = await world.call('POST', '/api/v1/bookings', { token: buyer.token, body: { event_id: id, seat_ids: seats.slice(0, 2) } });
  return made.body.data.booking.id;
}
const confirm = (id: string) =>
  world.call('POST', `/api/v1/bookings/${id}/confirm`, { token: buyer.token, body: { payment_details: { token: 'tok_visa' } } });
const mailsOf = async (id: string) => {
  const rows = await world.db.selectFrom('mails').select('kind').where('order_id', '=', id).execute();
  return rows.map((r) => r.kind);
};
/** An order that has nothing in it, as an API makes them that adds seats later. */
async function empty(): Promise<string> {
  const id = await booking(0);
  await sql`with o as (delete from order_items where order_id = ${id}::uuid) update places set order_id = null, held_until = null where order_id = ${id}::uuid`.execute(
    world.db,
  );
  return id;
}

it('200 confirmed with its tickets, the mail announced; the same again when asked again', async () => {
  const id = await booking(0);
  const answers = [await confirm(id), await confirm(id)];
  for (const { status, body } of answers)
    expect([status, body.data.booking.status, body.data.booking.tickets.length]).toEqual([200, 'confirmed', 2]);
  expect(await mailsOf(id)).toEqual(['tickets']);
  const announced = await world.db.selectFrom('outbox').select('topic').where('subject_id', '=', id).where('topic', '=', 'order.changed');
  expect(await announced.execute()).toHaveLength(1);
  const receipts = await world.db.selectFrom('payment_attempts').select('outcome').where('order_id', '=', id).execute();
  expect(receipts).toEqual([{ outcome: 'free' }]);
  expect(await world.db.selectFrom('payments').select('id').where('order_id', '=', id).execute()).toEqual([]);
});

it('503 beside it for a booking with a price: that one needs the engine', async () => {
  const id = await booking(1999);
  expect((await confirm(id)).status).toBe(503);
  expect((await orders.find(world.db, id))!.status).toBe('pending');
});

it('409 for opening the payment of a free booking, as ever', async () => {
  const id = await booking(0);
  const answer = await world.call('POST', `/api/v1/payments/initiate/${id}`, { token: buyer.token });
  expect([answer.status, answer.body.error.message]).toEqual([409, 'There is nothing to pay for this order.']);
  const page = await world.call('GET', `/api/v1/payments/initiate/${id}`, { headers: { accept: 'text/html' } });
  expect([page.status, page.text]).toEqual([409, expect.stringContaining('There is nothing to pay')]);
});

it('409 for an order of nothing: it is never confirmed, however it is asked', async () => {
  const id = await empty();
  expect((await confirm(id)).status).toBe(409);
  expect(await settle(world.db, id, TICKET_KEYS)).toBe('unchanged');
  await expect(confirmFree(world.db, id, TICKET_KEYS)).rejects.toMatchObject({ code: 'order_not_payable' });
  expect([(await orders.find(world.db, id))!.status, await mailsOf(id)]).toEqual(['pending', []]);
  const receipts = await world.db.selectFrom('payment_attempts').select('outcome').where('order_id', '=', id).execute();
  expect(receipts).toEqual([{ outcome: 'not-payable' }]);
});

it('410 after the hold; and a service that has no press refuses the same, and what has a price or was cancelled', async () => {
  const lapsed = await booking(0);
  await sql`update orders set expires_at = now() - interval '1 minute' where id = ${lapsed}::uuid`.execute(world.db);
  expect((await confirm(lapsed)).status).toBe(410);
  await expect(confirmFree(world.db, lapsed, TICKET_KEYS)).rejects.toMatchObject({ code: 'order_expired' });

  await expect(confirmFree(world.db, await booking(1999), TICKET_KEYS)).rejects.toMatchObject({ code: 'order_not_payable' });

  const gone = await booking(0);
  expect((await world.call('DELETE', `/api/v1/bookings/${gone}`, { token: buyer.token })).status).toBe(200);
  await expect(confirmFree(world.db, gone, TICKET_KEYS)).rejects.toMatchObject({ code: 'order_not_payable' });
});

it('200 for a press in the last moment: it counts from when its request came in', async () => {
  const id = await booking(0);
  await sql`update orders set expires_at = now() - interval '1 second' where id = ${id}::uuid`.execute(world.db);
  const press = { orderId: id, accountId: buyer.id, method: 'tok_visa', waitedMs: 5000 };
  expect(await pay({ db: world.db, temporal: down, ticketKeys: TICKET_KEYS }, press, 1000)).toEqual({ outcome: 'confirmed' });
});

it('two presses at once confirm it once', async () => {
  const id = await booking(0);
  const answers = await Promise.all([confirm(id), confirm(id), confirm(id)]);
  expect(answers.map((a) => a.status)).toEqual([200, 200, 200]);
  expect([(await orders.find(world.db, id))!.tickets.length, await mailsOf(id)]).toEqual([2, ['tickets']]);
});
