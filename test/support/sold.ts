import { sql } from 'kysely';
import * as orders from '../../services/orders/orders.ts';
import { settle } from '../../services/orders/settlement.ts';
import type { World } from './gateway.ts';
import { capture } from './made.ts';

/** What the workflow's settling does when the money is here. */
export async function pay(world: World, orderId: string): Promise<void> {
  const order = (await orders.find(world.db, orderId))!;
  if (order.total_minor) await capture(world.db, orderId);
  await settle(world.db, orderId, world.gateway.ticketKeys);
}

/** Books these seats; the booking's id. */
export async function book(world: World, token: string, eventId: string, seatIds: string[]): Promise<string> {
  const made = await world.call('POST', '/api/v1/bookings', { token, body: { event_id: eventId, seat_ids: seatIds } });
  if (made.status !== 201) throw new Error(made.text);
  return made.body.data.booking.id;
}

/** Books and pays these seats, as if confirmed at `at`; the booking's id. */
export async function sell(world: World, token: string, eventId: string, seatIds: string[], at?: string): Promise<string> {
  const id = await book(world, token, eventId, seatIds);
  await pay(world, id);
  if (at) await sql`update orders set confirmed_at = ${at}::timestamptz where id = ${id}::uuid`.execute(world.db);
  return id;
}

/** Cancels as the buyer does. */
export async function cancel(world: World, token: string, id: string): Promise<void> {
  const answer = await world.call('DELETE', `/api/v1/bookings/${id}`, { token });
  if (answer.status !== 200) throw new Error(answer.text);
}
