// A right given once from a fact that changed: holds, offers and late money when the event is moved nearer, or has begun.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { claim } from '../../services/orders/claim/claim.ts';
import { settle } from '../../services/orders/settlement.ts';
import { shortenHolds } from '../../services/orders/shorten.ts';
import * as attempts from '../../services/payments/attempts.ts';
import { as } from '../support/claims.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { capture, person, show } from '../support/made.ts';
import { book } from '../support/sold.ts';

let world: World;
let buyer: { id: string; token: string };
let organizer: { id: string; token: string };
beforeAll(async () => {
  world = await startWorld();
  buyer = await person(world.db);
  organizer = await person(world.db, 'organizer');
});
afterAll(() => world?.stop());

/** An event of the organizer's, so many seconds ahead. */
async function event(seconds: number, seats = 3) {
  const made = await show(world.db, { seats, startsInMs: seconds * 1000 });
  await sql`update events set organizer_id = ${organizer.id}::uuid, ends_at = starts_at + interval '3 hours' where id = ${made.id}::uuid`.execute(
    world.db,
  );
  return made;
}
const start = async (id: string): Promise<number> =>
  (await world.db.selectFrom('events').select('starts_at').where('id', '=', id).executeTakeFirstOrThrow()).starts_at.getTime();
const order = (id: string) => world.db.selectFrom('orders').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const ends = async (id: string): Promise<number> => (await order(id)).expires_at!.getTime();
const places = (id: string) => world.db.selectFrom('places').select(['held_until', 'sold_at']).where('order_id', '=', id).execute();
const mailsOf = async (id: string) =>
  (await world.db.selectFrom('mails').select('kind').where('order_id', '=', id).execute()).map((m) => m.kind);
const move = (id: string, seconds: number) =>
  world.call('PUT', `/api/v1/admin/events/${id}`, {
    token: organizer.token,
    body: { start_time: new Date(Math.ceil(Date.now() / 1000 + seconds) * 1000).toISOString() },
  });
const confirm = (id: string) =>
  world.call('POST', `/api/v1/bookings/${id}/confirm`, {
    token: buyer.token,
    body: { payment_method: 'credit_card', payment_details: { token: 'tok_visa' } },
  });

describe('a hold', () => {
  it('never outlives the start of its event, whatever its seconds', async () => {
    const near = await event(120);
    const held = await book(world, buyer.token, near.id, [near.seats[0]!]);
    expect(await ends(held)).toBe(await start(near.id));
    expect((await places(held)).map((p) => p.held_until!.getTime())).toEqual([await start(near.id)]);

    const far = await event(86_400);
    const ordinary = await book(world, buyer.token, far.id, [far.seats[0]!]);
    expect(await ends(ordinary)).toBeLessThan(await start(far.id));
  });

  it('of an offer that sells on after the start (a later day) goes on until its sale ends', async () => {
    const made = await event(120);
    await sql`update offers set sales_end = now() + interval '1 hour' where event_id = ${made.id}::uuid`.execute(world.db);
    const held = await book(world, buyer.token, made.id, [made.seats[0]!]);
    expect(await ends(held)).toBeGreaterThan(await start(made.id));
  });

  it('ends sooner when the event is moved nearer: places, workflow and buyer are told, and what still fits stays as it is', async () => {
    const made = await event(3 * 3600);
    const held = await book(world, buyer.token, made.id, [made.seats[0]!]);
    const before = await ends(held);
    await sql`delete from outbox where subject_id = ${held}::uuid`.execute(world.db);

    expect((await move(made.id, 1800)).status).toBe(200);
    expect([await ends(held), await mailsOf(held)]).toEqual([before, []]);

    expect((await move(made.id, 120)).status).toBe(200);
    expect(await ends(held)).toBe(await start(made.id));
    expect((await places(held)).map((p) => p.held_until!.getTime())).toEqual([await start(made.id)]);
    expect(await mailsOf(held)).toEqual(['hold-shortened']);
    const called = await world.db.selectFrom('outbox').select('topic').where('subject_id', '=', held).execute();
    expect(called.map((row) => row.topic)).toEqual(['order.changed']);
  });

  it('that was an offer of the waitlist ends sooner too', async () => {
    const made = await event(3 * 3600);
    const offer = await claim(world.db, {
      actor: as(buyer.id),
      eventId: made.id,
      want: { places: [made.seats[0]!] },
      terms: { holdSeconds: 7200, maxPlaces: 1 },
    });
    expect((await move(made.id, 120)).status).toBe(200);
    expect(await ends(offer.id)).toBe(await start(made.id));
  });

  it('is over once the event has begun: 410, nothing is charged', async () => {
    const made = await event(3600);
    const held = await book(world, buyer.token, made.id, [made.seats[0]!]);
    await sql`update events set starts_at = now() - interval '1 second' where id = ${made.id}::uuid`.execute(world.db);
    await world.db.transaction().execute((tx) => shortenHolds(tx, made.id));
    const answer = await confirm(held);
    expect([answer.status, answer.body.error.code]).toEqual([410, 'BOOKING_EXPIRED']);
    expect(await world.db.selectFrom('payments').select('id').where('order_id', '=', held).execute()).toEqual([]);
  });

  it('keeps its places for a press that came in time and is still being decided', async () => {
    const made = await event(3 * 3600);
    const held = await book(world, buyer.token, made.id, [made.seats[0]!]);
    await sql`update orders set expires_at = now() + interval '5 seconds' where id = ${held}::uuid`.execute(world.db);
    await sql`update places set held_until = now() + interval '5 seconds' where order_id = ${held}::uuid`.execute(world.db);
    const pressed = await attempts.receive(world.db, {
      id: randomUUID(),
      orderId: held,
      accountId: buyer.id,
      method: 'tok_visa',
      waitedMs: 0,
    });
    expect(pressed).toBeDefined();
    const kept = (await places(held))[0]!.held_until!.getTime();
    await sql`update events set starts_at = now() + interval '2 seconds' where id = ${made.id}::uuid`.execute(world.db);
    await world.db.transaction().execute((tx) => shortenHolds(tx, made.id));
    expect((await places(held))[0]!.held_until!.getTime()).toBe(kept);
  });

  it('keeps its places for a press that was taken back, as long as trying again counts as that press', async () => {
    const made = await event(3 * 3600);
    const held = await book(world, buyer.token, made.id, [made.seats[0]!]);
    await sql`update orders set expires_at = now() + interval '5 seconds' where id = ${held}::uuid`.execute(world.db);
    await sql`update places set held_until = now() + interval '5 seconds' where order_id = ${held}::uuid`.execute(world.db);
    const press = { id: randomUUID(), orderId: held, accountId: buyer.id, method: 'tok_visa', waitedMs: 0 };
    await attempts.receive(world.db, press);
    expect(await attempts.withdraw(world.db, press.id)).toBe(true);
    await sql`update events set starts_at = now() + interval '2 seconds' where id = ${made.id}::uuid`.execute(world.db);
    await world.db.transaction().execute((tx) => shortenHolds(tx, made.id));
    const { rows } = await sql<{ ends: Date }>`select ${attempts.holdEnd} as ends from orders o where o.id = ${held}::uuid`.execute(
      world.db,
    );
    expect((await places(held))[0]!.held_until!.getTime()).toBe(rows[0]!.ends.getTime());
  });
});

describe('money that comes late', () => {
  /** A hold that ran out, whose event has begun since, and money captured so long before or after the start. */
  async function late(capturedSecondsAfterStart: number) {
    const made = await event(3600);
    const held = await book(world, buyer.token, made.id, [made.seats[0]!]);
    await sql`update orders set status = 'expired', expires_at = now() - interval '20 minutes' where id = ${held}::uuid`.execute(world.db);
    await sql`update places set order_id = null, held_until = null where order_id = ${held}::uuid`.execute(world.db);
    await sql`update events set starts_at = now() - interval '10 minutes' where id = ${made.id}::uuid`.execute(world.db);
    await capture(world.db, held);
    await sql`update payments set succeeded_at = now() - interval '10 minutes' + make_interval(secs => ${capturedSecondsAfterStart})
      where order_id = ${held}::uuid`.execute(world.db);
    return held;
  }

  it('after the start goes back, although the places are free', async () => {
    const held = await late(300);
    expect(await settle(world.db, held, world.gateway.ticketKeys)).toBe('refund-due');
    expect((await order(held)).status).toBe('expired');
  });

  it('before the start buys the places, whenever it is settled', async () => {
    const held = await late(-60);
    expect(await settle(world.db, held, world.gateway.ticketKeys)).toBe('confirmed');
  });

  it('within the hold buys them too, although the event begins before it is settled', async () => {
    const made = await event(3600);
    const held = await book(world, buyer.token, made.id, [made.seats[0]!]);
    await capture(world.db, held);
    await sql`update payments set succeeded_at = now() - interval '11 minutes' where order_id = ${held}::uuid`.execute(world.db);
    await sql`update orders set expires_at = now() - interval '10 minutes' where id = ${held}::uuid`.execute(world.db);
    await sql`update events set starts_at = now() - interval '10 minutes' where id = ${made.id}::uuid`.execute(world.db);
    expect(await settle(world.db, held, world.gateway.ticketKeys)).toBe('confirmed');
  });
});

it('a price changed under a hold holds for new bookings alone: who has a hold pays what was said', async () => {
  const made = await event(3 * 3600);
  const held = await book(world, buyer.token, made.id, [made.seats[0]!]);
  await sql`update offers set price_minor = 9_900 where event_id = ${made.id}::uuid`.execute(world.db);
  const next = await book(world, buyer.token, made.id, [made.seats[1]!]);
  expect([(await order(held)).total_minor, (await order(next)).total_minor]).toEqual([5_000, 9_900]);
});
