// My tickets, and the scan at the door: states, filters, pictures, and every refusal told apart.
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cancel } from '../../services/orders/cancel.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import { settle } from '../../services/orders/settlement.ts';
import { signCode } from '../../services/tickets/codes.ts';
import { as, wish } from '../support/claims.ts';
import { type Examples, fromExamples } from '../support/contract/endpoints.ts';
import { contract } from '../support/contract/replay.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { capture, person } from '../support/made.ts';
import { organized } from '../support/organized.ts';
import EXAMPLES from './examples.json' with { type: 'json' };
import { RULES } from './rules.ts';

type Json = Record<string, any>;
type Person = Awaited<ReturnType<typeof person>>;

let world: World;
let organizer: Person;
let stranger: Person;
let admin: Person;
beforeAll(async () => {
  world = await startWorld();
  [organizer, stranger, admin] = await Promise.all([
    person(world.db, 'organizer'),
    person(world.db, 'organizer'),
    person(world.db, 'admin'),
  ]);
});
afterAll(() => world?.stop());

const seed = contract(
  fromExamples(EXAMPLES as unknown as Examples).filter(({ path }) => path.startsWith('/api/tickets/my-tickets/')),
  RULES,
  (method, path, o) => world.call(method, path, o),
);
const PATH = '/api/tickets/my-tickets/';
const mine = (by: Person | undefined, path = '', method = 'GET', body?: Json) =>
  world.call(method, `${PATH}${path}`, { token: by?.token, body });
const verify = (by: Person, code: string, nonce?: string) => mine(by, 'verify/', 'POST', { qr_code_data: code, ...(nonce && { nonce }) });

/** An event with a price by day and tier, and this buyer's confirmed order of so many. */
async function bought(buyer: Person, quantity = 1) {
  const { db, call } = world;
  const event = await organized(db, 'tier_and_day', { organizer });
  const make = async (path: string, body: Json) => (await call('POST', `/api/tickets/${path}/`, { token: organizer.token, body })).body;
  const type = await make('types', { event: event.id, name: 'Festival Pass', total_quantity: 50 });
  const cell = await make('day-tier-prices', {
    ...{
      ticket_type: type.id,
      day_number: 1,
      day_name: 'Day 1',
      date: event.days[0],
      tier_number: 1,
      tier_name: 'VIP',
      price: 50,
      quantity: 50,
    },
  });
  const want = { offers: [{ offerId: cell.id, quantity }] };
  const terms = { codePrefix: 'OE-', buyer: { name: 'John Doe', email: 'john@example.com' } };
  const order = await claim(db, wish(buyer.id, event.id, want, terms));
  await capture(db, order.id);
  await settle(db, order.id, world.gateway.ticketKeys);
  return { event, type, cell, order };
}
const codesOf = async (by: Person) => (await mine(by)).body.results.map((t: Json) => t.qr_code_data);
const past = (eventId: string) =>
  sql`update events set starts_at = now() - interval '3 days', ends_at = now() - interval '1 hour' where id = ${eventId}::uuid`.execute(
    world.db,
  );

describe('the examples', () => {
  it('are answered as the contract has them', async () => {
    const buyer = await person(world.db);
    await bought(buyer);
    const { token } = buyer;
    const list = (await seed.replay('GET /api/tickets/my-tickets/', { token })).body;
    const [{ id, qr_code_data }] = list.results;
    expect(list.results[0]).toMatchObject({
      ticket_name: 'Festival Pass - Day 1 VIP',
      tier_name: 'VIP',
      day_name: 'Day 1',
      event_location: 'Hall, Aarhus',
    });
    await seed.replay('GET /api/tickets/my-tickets/{id}/', { token, params: { id } });
    const scan = { token: organizer.token, with: { qr_code_data } };
    await seed.replay('POST /api/tickets/my-tickets/verify/', scan);
    const again = await seed.replay('POST /api/tickets/my-tickets/verify/', { ...scan, status: 400 });
    expect(again.body.error).toBe('Ticket already used');
    await seed.replay('GET /api/tickets/my-tickets/stats/', { token });
    expect(seed.unplayed()).toEqual([]);
  });
});

describe('states', () => {
  it('are active, used, cancelled and expired, in lists, filters and figures alike', async () => {
    const buyer = await person(world.db);
    const [a, b, c, d] = [await bought(buyer), await bought(buyer), await bought(buyer), await bought(buyer)];
    const ticket = async (orderId: string) => (await mine(buyer, '?page_size=100')).body.results.find((t: Json) => t.order === orderId);
    await verify(organizer, (await ticket(b.order.id)).qr_code_data);
    await cancel(world.db, c.order.id, as(buyer.id), { reason: 'test' });
    await past(d.event.id);
    const statuses = [];
    for (const { order } of [a, b, c, d]) statuses.push((await ticket(order.id)).status);
    expect(statuses).toEqual(['active', 'used', 'cancelled', 'expired']);
    for (const status of statuses)
      expect((await mine(buyer, `?status=${status}`)).body.results.map((t: Json) => t.status)).toEqual([status]);
    expect((await mine(buyer, '?is_used=true')).body.count).toBe(1);
    expect((await mine(buyer, `?event=${a.event.id}`)).body.results.map((t: Json) => t.order)).toEqual([a.order.id]);
    expect((await mine(buyer, '?ordering=event__start_date')).body.results[0].order).toBe(d.order.id);
    expect((await mine(buyer, 'stats/')).body).toEqual({
      ...{
        total_tickets: 4,
        active_tickets: 1,
        used_tickets: 1,
        cancelled_tickets: 1,
        expired_tickets: 1,
        upcoming_events: 2,
        past_events: 1,
      },
    });
    const gone = await ticket(c.order.id);
    expect([gone.pdf_url, gone.qr_code_image]).toEqual([null, null]);
    expect((await mine(buyer, `${gone.id}/download/`)).status).toBe(404);
  });

  it('pages are stable, a ticket for each unit bought', async () => {
    const buyer = await person(world.db);
    await bought(buyer, 5);
    const seen: string[] = [];
    for (const page of [1, 2, 3]) seen.push(...(await mine(buyer, `?page=${page}&page_size=2`)).body.results.map((t: Json) => t.id));
    expect(new Set(seen).size).toBe(5);
  });
});

describe('files', () => {
  it("the PDF is its owner's and an admin's, the picture whoever's has its address", async () => {
    const [buyer, other] = [await person(world.db), await person(world.db)];
    const { order } = await bought(buyer);
    const [ticket] = (await mine(buyer)).body.results;
    for (const [by, status] of [
      [buyer, 200],
      [admin, 200],
      [other, 404],
      [organizer, 404],
      [undefined, 401],
    ] as const) {
      expect((await mine(by, `${ticket.id}/`)).status).toBe(status);
      const pdf = await mine(by, `${ticket.id}/download/`);
      expect(pdf.status).toBe(status);
      if (status === 200) expect(pdf.text.slice(0, 5)).toBe('%PDF-');
    }
    const picture = new URL(ticket.qr_code_image).pathname;
    const shown = await world.call('GET', picture);
    expect([shown.status, shown.headers.get('content-type')]).toEqual([200, 'image/png']);
    const forged = picture.replace(/\.[\w-]+\.png$/, `.${'A'.repeat(24)}.png`);
    // The key is made of the id's bytes: with its dashes elsewhere it is right, and the id is none that the database reads.
    const shifted = picture.replace(/([0-9a-f])-([0-9a-f])/, '-$1$2');
    expect(shifted).not.toBe(picture);
    for (const path of [forged, shifted, '/media/tickets/qr/x.png', `/media/tickets/qr/${ticket.id}.png`])
      expect((await world.call('GET', path)).status).toBe(404);
    await cancel(world.db, order.id, as(buyer.id), { reason: 'test' });
    expect((await world.call('GET', picture)).status).toBe(404);
  });
});

describe('a scan', () => {
  it('forgives what a hand scanner adds and nothing else', async () => {
    const buyer = await person(world.db);
    await bought(buyer, 5);
    const codes = await codesOf(buyer);
    for (const [i, noise] of [' %', '%\r\n', '\uFEFF%', '\t % \n'].entries())
      expect((await verify(organizer, noise.replace('%', codes[i]))).status, JSON.stringify(noise)).toBe(200);
    const last = codes[4];
    for (const wrong of [
      last.toLowerCase(),
      `${last}A`,
      last.slice(0, -1),
      `x${last}`,
      `${last.slice(0, 10)} ${last.slice(10)}`,
      `${last}=`,
      '',
      '17',
      'a'.repeat(900),
    ]) {
      const answer = await verify(organizer, wrong);
      expect([answer.status, answer.body.code], wrong).toEqual([400, 'unknown_code']);
    }
    const nobodys = { eventId: '550e8400-e29b-41d4-a716-446655440001', ticketId: '550e8400-e29b-41d4-a716-446655440000' };
    expect((await verify(organizer, signCode(world.gateway.ticketKeys, nobodys))).body.code).toBe('unknown_code');
    expect((await verify(organizer, last)).status).toBe(200);
  });

  it('is refused for each reason in its own words; a void ticket never reads as used', async () => {
    const buyer = await person(world.db);
    const [used, void_, over, off] = [await bought(buyer), await bought(buyer), await bought(buyer), await bought(buyer)];
    const code = async ({ order }: { order: { id: string } }) =>
      (await mine(buyer, '?page_size=100')).body.results.find((t: Json) => t.order === order.id).qr_code_data;
    const codes = [await code(used), await code(void_), await code(over), await code(off)] as const;
    for (const i of [0, 1] as const) await verify(organizer, codes[i]);
    // Paid back after it was used: an admin may.
    await sql`update tickets set voided_at = now() where order_id = ${void_.order.id}::uuid`.execute(world.db);
    await past(over.event.id);
    await sql`update events set status = 'cancelled' where id = ${off.event.id}::uuid`.execute(world.db);
    const said = [];
    for (const one of codes) said.push((await verify(organizer, one)).body.error);
    expect(said).toEqual(['Ticket already used', 'Ticket cancelled', 'Ticket expired', 'Event cancelled']);
  });

  it('is for the organizer of the event and admins; others learn nothing of the ticket', async () => {
    const buyer = await person(world.db);
    await bought(buyer, 2);
    const [a, b] = await codesOf(buyer);
    const refused = await verify(stranger, a);
    expect([refused.status, refused.body]).toEqual([
      403,
      expect.objectContaining({ error: 'You do not have permission to verify tickets for this event.' }),
    ]);
    expect(refused.text).not.toContain('ticket_number');
    expect((await verify(buyer, a)).body.error).toBe('Only staff and organizers can verify tickets.');
    expect((await verify(admin, a)).status).toBe(200);
    expect((await verify(organizer, b)).status).toBe(200);
  });

  it('asked again with its nonce gets the same answer; the nonce of another scan does not', async () => {
    const buyer = await person(world.db);
    await bought(buyer, 2);
    const [a, b] = await codesOf(buyer);
    const first = await verify(organizer, a, 'gate-1/17');
    const again = await verify(organizer, a, 'gate-1/17');
    expect([first.status, again.status, again.body]).toEqual([200, 200, first.body]);
    expect((await verify(organizer, a, 'gate-1/18')).body.code).toBe('already_used');
    expect((await verify(organizer, b, 'gate-1/17')).status).toBe(422);
    const both = await Promise.all([verify(organizer, b, 'n'), verify(organizer, b, 'n')]);
    expect(both.map((answer) => answer.status)).toEqual([200, 200]);
  });
});
