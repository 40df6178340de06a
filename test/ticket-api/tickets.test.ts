// The Ticket API: booking by number and quantity, and every answer of the check-in in the seed's words.

import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cancel } from '../../services/orders/cancel.ts';
import { settle } from '../../services/orders/settlement.ts';
import { as } from '../support/claims.ts';
import { type Examples, fromExamples } from '../support/contract/endpoints.ts';
import { contract } from '../support/contract/replay.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { capture, person, show } from '../support/made.ts';

type Person = Awaited<ReturnType<typeof person>>;

const TIME = '2025-12-24T11:00:00Z';
const EXAMPLES: Examples = {
  'POST /api/tickets/': {
    request: { event_id: 17, quantity: 2 },
    responses: [
      {
        status: 201,
        body: {
          ...{
            ticket_code: 'ABC123',
            quantity: 2,
            unit_price: 50.0,
            total_price: 100.0,
            status: 'paid',
            purchase_date: TIME,
            qr_code_data: '<QR>',
          },
          event: { id: 17, title: 'Event Title', banner: 'http://127.0.0.1:8080/media/events/banner.png' },
          user: { id: 16, username: 'sleepystark', profile_picture: null },
          qr_code_image: 'http://127.0.0.1:8080/media/qr.png',
        },
      },
    ],
  },
  'POST /api/tickets/check-in/': {
    request: { qr_code_data: '<QR_CODE_DATA>' },
    responses: [
      {
        status: 200,
        body: {
          detail: 'Ticket successfully checked in',
          ticket_info: {
            ...{ event_name: 'Event Title', ticket_code: '<TICKET_CODE>', ticket_quantity: 10, ticket_status: 'paid' },
            ...{ purchase_date: TIME, attendee_name: 'username', check_in_time: TIME },
          },
        },
      },
    ],
  },
};

let world: World;
let organizer: Person;
let buyer: Person;
beforeAll(async () => {
  world = await startWorld();
  [organizer, buyer] = await Promise.all([person(world.db, 'organizer'), person(world.db)]);
});
afterAll(() => world?.stop());

const seed = contract(fromExamples(EXAMPLES), { same: ['detail'], words: { status: ['paid', 'reserved'] } }, (method, path, o) =>
  world.call(method, path, o),
);

/** An event of the organizer's; its number. */
async function event(o: Parameters<typeof show>[1] = {}) {
  const made = await show(world.db, o);
  const { rows } = await sql<{
    number: number;
  }>`update events set organizer_id = ${organizer.id}::uuid, banner_url = '/media/events/banners/x.png'
    where id = ${made.id}::uuid returning number`.execute(world.db);
  return { ...made, number: rows[0]!.number };
}
const book = (by: Person | undefined, body: unknown) => world.call('POST', '/api/tickets/', { token: by?.token, body });
const scan = (by: Person | undefined, code: unknown, nonce?: string) =>
  world.call('POST', '/api/tickets/check-in/', { token: by?.token, body: { qr_code_data: code, nonce } });
const orderOf = async (accountId: string) =>
  (await world.db.selectFrom('orders').select('id').where('account_id', '=', accountId).orderBy('number', 'desc').executeTakeFirstOrThrow())
    .id;

/** Booked by somebody new, and paid. */
async function paid(quantity: number, priceMinor = 5_000) {
  const [shown, who] = [await event({ seats: 10, priceMinor }), await person(world.db)];
  const { body } = await book(who, { event_id: shown.number, quantity });
  const order = await orderOf(who.id);
  if (priceMinor) {
    await capture(world.db, order);
    await settle(world.db, order, world.gateway.ticketKeys);
  }
  return { ...shown, who, order, code: body.qr_code_data as string };
}

describe('booking', () => {
  it('is answered as the seed has it: free ones paid at once, others reserved with where to pay', async () => {
    const [free, priced] = [await event({ priceMinor: 0 }), await event()];
    const gratis = (await seed.replay('POST /api/tickets/', { token: buyer.token, with: { event_id: free.number } })).body;
    expect([gratis.status, gratis.payment_url, gratis.total_price]).toEqual(['paid', null, 0]);
    const reserved = (await seed.replay('POST /api/tickets/', { token: buyer.token, with: { event_id: priced.number } })).body;
    expect([reserved.status, reserved.total_price, reserved.unit_price]).toEqual(['reserved', 100, 50]);
    expect(new URL(reserved.payment_url).pathname).toMatch(/^\/api\/v1\/payments\/initiate\//);
    const picture = await world.call('GET', new URL(reserved.qr_code_image).pathname);
    expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/png']);
    expect((await world.call('GET', '/media/orders/qr/550e8400-e29b-41d4-a716-446655440000.AAAA.png')).status).toBe(404);
  });

  it.each([
    ['no quantity', { event_id: 1 }],
    ['nothing', {}],
    ['none', { event_id: 1, quantity: 0 }],
    ['half a ticket', { event_id: 1, quantity: 1.5 }],
    ['a text', { event_id: '1', quantity: 1 }],
    ['no such event', { event_id: 999_999_999, quantity: 1 }],
  ])('400 for %s', async (_, body) => {
    const answer = await book(buyer, body);
    expect([answer.status, typeof answer.body.detail]).toEqual([400, 'string']);
  });

  it("401 without a sign-in, 403 for one's own event, 409 for more than are left, 400 for one that is over or cancelled", async () => {
    const shown = await event({ seats: 3 });
    expect((await book(undefined, { event_id: shown.number, quantity: 1 })).status).toBe(401);
    expect((await book(organizer, { event_id: shown.number, quantity: 1 })).status).toBe(403);
    const short = await book(buyer, { event_id: shown.number, quantity: 4 });
    expect([short.status, short.body]).toEqual([409, { detail: 'Insufficient tickets available', available: 3 }]);
    await sql`update events set starts_at = now() - interval '2 days', ends_at = now() - interval '1 day' where id = ${shown.id}::uuid`.execute(
      world.db,
    );
    expect((await book(buyer, { event_id: shown.number, quantity: 1 })).body.detail).toBe('This event has already passed');
    const off = await event();
    await sql`update events set status = 'cancelled' where id = ${off.id}::uuid`.execute(world.db);
    expect((await book(buyer, { event_id: off.number, quantity: 1 })).status).toBe(400);
  });
});

describe('check-in', () => {
  it('lets the whole quantity in by one code, once; the same nonce hears the same', async () => {
    const { code, who, order } = await paid(3);
    const first = await scan(organizer, code, 'gate/1');
    expect([first.status, first.body.ticket_info.ticket_quantity, first.body.ticket_info.ticket_status]).toEqual([200, 3, 'paid']);
    expect((await scan(organizer, code, 'gate/1')).body).toEqual(first.body);
    const again = await scan(organizer, code);
    expect([again.status, again.body]).toEqual([
      400,
      { detail: 'Ticket already checked in', checked_in_time: first.body.ticket_info.check_in_time },
    ]);
    const { rows } = await sql<{
      n: number;
    }>`select count(*)::int as n from tickets where order_id = ${order}::uuid and checked_in_at is not null`.execute(world.db);
    expect([rows[0]!.n, who.id.length]).toEqual([3, 36]);
    const one = await paid(1);
    await seed.replay('POST /api/tickets/check-in/', { token: organizer.token, with: { qr_code_data: one.code } });
  });

  it('of one ticket of a group before the group: the others go in by the group code', async () => {
    const { code, order } = await paid(3);
    const single = await world.db
      .selectFrom('tickets')
      .select('code')
      .where('order_id', '=', order)
      .orderBy('number')
      .executeTakeFirstOrThrow();
    expect((await scan(organizer, single.code)).body.ticket_info.ticket_quantity).toBe(1);
    expect((await scan(organizer, code)).body.ticket_info.ticket_quantity).toBe(2);
  });

  it('two scanners at one instant let the group in once', async () => {
    const { code } = await paid(2);
    const answers = await Promise.all(Array.from({ length: 6 }, () => scan(organizer, code)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  });

  it('is refused in the words of the seed', async () => {
    const [over, gone, unpaid] = [await paid(1), await paid(2), await event()];
    await sql`update events set starts_at = now() - interval '2 days', ends_at = now() - interval '1 day' where id = ${over.id}::uuid`.execute(
      world.db,
    );
    await cancel(world.db, gone.order, as(gone.who.id), { reason: 'test' });
    const reserved = (await book(buyer, { event_id: unpaid.number, quantity: 1 })).body.qr_code_data;
    const said = async (code: unknown) => (await scan(organizer, code)).body;
    expect(await said(over.code)).toEqual({ detail: 'This event has already passed' });
    expect(await said(gone.code)).toEqual({
      detail: 'Ticket status is refunded, which is not valid for check-in',
      valid_statuses: ['paid'],
    });
    expect(await said(reserved)).toEqual({
      detail: 'Ticket status is reserved, which is not valid for check-in',
      valid_statuses: ['paid'],
    });
    for (const none of ['', '  ', null, undefined]) expect(await said(none)).toEqual({ detail: 'QR code data is required' });
    for (const wrong of ['x', `${over.code}x`, over.code.replace('BO2', 'BT2')])
      expect(await said(wrong)).toEqual({ detail: 'Invalid QR code' });
  });

  it('is for the organizer of the event alone', async () => {
    const { code } = await paid(1);
    const stranger = await person(world.db, 'organizer');
    expect([(await scan(buyer, code)).status, (await scan(buyer, code)).body]).toEqual([
      403,
      { detail: 'You do not have permission for ticket verification' },
    ]);
    expect([(await scan(stranger, code)).status, (await scan(stranger, code)).body]).toEqual([
      403,
      { detail: 'You do not have permission to verify this ticket.' },
    ]);
    expect((await scan(undefined, code)).status).toBe(401);
    expect((await scan(organizer, code)).status).toBe(200);
  });
});
