// An event of an organizer who can sign in at the door, with tickets sold one to an order or several together.
import { sql } from 'kysely';
import * as accounts from '../../services/accounts/accounts.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import { settle } from '../../services/orders/settlement.ts';
import { signOrderCode } from '../../services/tickets/codes.ts';
import { wish } from '../support/claims.ts';
import type { World } from '../support/gateway.ts';
import { capture, person, show } from '../support/made.ts';
import { token } from '../support/token.ts';

export const PASSWORD = 'SecurePass123!';

/** An organizer with a password. */
export async function organizer(world: World, name: string) {
  const email = `${name.toLowerCase()}@organizers.example`;
  const { db, passwords } = world.gateway;
  const { id } = await accounts.register(db, passwords, { email, password: PASSWORD, fullName: name, role: 'organizer', verified: true });
  return { id, email, name, token: await token({ accountId: id, role: 'organizer' }) };
}

/** An event of theirs with so many seats. */
export async function eventOf(world: World, organizerId: string, seats: number, name?: string) {
  const made = await show(world.db, { seats });
  await sql`update events set organizer_id = ${organizerId}::uuid, name = coalesce(${name ?? null}, name) where id = ${made.id}::uuid`.execute(
    world.db,
  );
  return made;
}

/** Seats of the event sold to somebody new by that name, or for that participant: the order, its own code, and its tickets. */
export async function sold(world: World, event: { id: string; seats: string[] }, name: string, seats: number[], ref?: string) {
  const { id: buyer } = await person(world.db);
  const places = seats.map((i) => event.seats[i]!);
  const order = await claim(
    world.db,
    wish(buyer, event.id, { places }, { buyer: { name }, ...(ref && { participant: { ref, details: '{}' } }) }),
  );
  await capture(world.db, order.id);
  await settle(world.db, order.id, world.gateway.ticketKeys);
  const tickets = await world.db
    .selectFrom('tickets')
    .select(['id', 'code', 'number'])
    .where('order_id', '=', order.id)
    .orderBy('number')
    .execute();
  return { id: order.id, buyer, code: signOrderCode(world.gateway.ticketKeys, { eventId: event.id, orderId: order.id }), tickets };
}
