// EasyTicket's orders: made of each form of item, and refused in the seed's words.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PricingType } from '../../db/tables.ts';
import { offersOf, person, show } from '../support/made.ts';
import { type OrderWorld, startOrders } from '../support/orderWorld.ts';
import { organized } from '../support/organized.ts';

type Who = { id: string; token: string; email: string };

let world: OrderWorld;
let buyer: Who;
let other: Who;

beforeAll(async () => {
  world = await startOrders();
  [buyer, other] = await Promise.all([person(world.db), person(world.db)]);
});
afterAll(() => world?.stop());

const get = (path: string, who: { token: string } = buyer) => world.call('GET', `/api/orders/${path}`, { token: who.token });
const post = (path: string, body: unknown = undefined, who: { token: string } = buyer) =>
  world.call('POST', `/api/orders/${path}`, { token: who.token, body });
const create = (event: string, items: unknown, more: object = {}) => post('', { event, items, ...more });
const one = (item: Record<string, string>, quantity = 1) => ({ ...item, quantity });

describe('an order', () => {
  it.each<[PricingType, object]>([
    ['simple', { ticket_name: 'General Admission', tier_name: null, day_name: null, full_ticket_name: 'General Admission' }],
    ['tiered', { ticket_name: 'Festival Pass', tier_name: 'VIP', day_name: null, full_ticket_name: 'Festival Pass - VIP' }],
    ['day_based', { ticket_name: 'Festival Pass', tier_name: null, day_name: 'Day 1', full_ticket_name: 'Festival Pass - Day 1' }],
    ['tier_and_day', { ticket_name: 'Festival Pass', tier_name: 'VIP', day_name: 'Day 1', full_ticket_name: 'Festival Pass - Day 1 VIP' }],
  ])('of %s pricing shows what was bought as it was named', async (pricing, names) => {
    const sold = await offersOf(world.db, pricing);
    const { status, body } = await create(sold.eventId, [one(sold.items[0]!, 2)]);
    expect(status).toBe(201);
    const ids = { ticket_type: null, ticket_tier: null, day_pass: null, day_tier_price: null };
    for (const [name, id] of Object.entries(sold.items[0]!)) ids[name.replace(/_id$/, '') as keyof typeof ids] = id as never;
    expect(body.items).toEqual([
      { id: expect.any(String), ...ids, quantity: 2, unit_price: '20.00', subtotal: '40.00', ...names, created_at: body.created_at },
    ]);
    expect([body.subtotal, body.service_fee, body.total_amount, body.total_tickets]).toEqual(['40.00', '2.00', '42.00', 2]);
    expect(Date.parse(body.expires_at) - Date.parse(body.created_at)).toBe(900_000);
    expect(body.order_number).toMatch(/^OE-\d{8}-\d{4,}$/);
  });

  it('sums up what is named twice, and groups by offer and price with ids that stay', async () => {
    const sold = await offersOf(world.db, 'tiered');
    const made = await create(sold.eventId, [one(sold.items[0]!, 2), one(sold.items[1]!), one(sold.items[0]!)], {
      buyer_email: 'gift@example.test',
      buyer_phone: '+45 12 34 56 78',
      buyer_name: 'Ann',
      notes: 'aisle',
    });
    expect(made.body.items.map((item: any) => [item.tier_name, item.quantity])).toEqual([
      ['General', 1],
      ['VIP', 3],
    ]);
    const again = await get(`${made.body.id}/`);
    expect(again.body).toEqual(made.body);
    expect([again.body.buyer_email, again.body.buyer_phone, again.body.buyer_name, again.body.notes]).toEqual([
      'gift@example.test',
      '+4512345678',
      'Ann',
      'aisle',
    ]);
  });

  it('of an event made through Evently takes any seats of a section', async () => {
    const { id, seats } = await show(world.db, { seats: 3 });
    const { offer_id } = await world.db.selectFrom('places').select('offer_id').where('id', '=', seats[0]!).executeTakeFirstOrThrow();
    const { status, body } = await create(id, [one({ ticket_type_id: offer_id }, 2)]);
    expect([status, body.total_tickets, body.total_amount]).toEqual([201, 2, '105.00']);
  });

  it('is made once for one Idempotency-Key', async () => {
    const sold = await offersOf(world.db, 'simple');
    const headers = { 'idempotency-key': randomUUID() };
    const ask = (quantity: number) =>
      world.call('POST', '/api/orders/', {
        token: buyer.token,
        headers,
        body: { event: sold.eventId, items: [one(sold.items[0]!, quantity)] },
      });
    const [first, second, changed] = [await ask(1), await ask(1), await ask(2)];
    expect([first.status, second.status, second.body.id, changed.status]).toEqual([201, 201, first.body.id, 422]);
  });

  it('that costs nothing is confirmed at once, with tickets and mail; it is cancelled, not refunded', async () => {
    const sold = await offersOf(world.db, 'day_based', { priceMinor: 0 });
    const { body } = await create(sold.eventId, [one(sold.items[1]!, 2)]);
    expect([body.status, body.is_paid, body.payment_method, body.payment_id, body.expires_at]).toEqual([
      'confirmed',
      true,
      'free',
      null,
      null,
    ]);
    expect(body.paid_at).toMatch(/Z$/);
    const tickets = await world.db.selectFrom('tickets').select('id').where('order_id', '=', body.id).execute();
    const mails = await world.db.selectFrom('mails').select('kind').where('order_id', '=', body.id).execute();
    expect([tickets.length, mails]).toEqual([2, [{ kind: 'tickets' }]]);
    expect((await post(`${body.id}/create-payment-intent/`)).body).toMatchObject({ error: 'Order cannot be paid', status: 'confirmed' });
    expect((await post(`${body.id}/refund/`)).status).toBe(400);
    const cancelled = await post(`${body.id}/cancel/`);
    expect([cancelled.status, cancelled.body.status]).toEqual([200, 'cancelled']);
  });

  it.each([
    [
      ['USD', 10],
      ['0.10', '0.01', '0.11'],
    ], // half a cent goes up
    [
      ['USD', 9],
      ['0.09', '0.00', '0.09'],
    ],
    [
      ['USD', 1999],
      ['19.99', '1.00', '20.99'],
    ],
    [
      ['JPY', 1030],
      ['1030', '52', '1082'],
    ],
    [
      ['KWD', 1990],
      ['1.990', '0.100', '2.090'],
    ],
  ] as const)('has a fee of five in a hundred: %j', async ([currency, priceMinor], figures) => {
    const sold = await offersOf(world.db, 'simple', { currency, priceMinor });
    const { body } = await create(sold.eventId, [one(sold.items[0]!)]);
    expect([body.subtotal, body.service_fee, body.total_amount]).toEqual(figures);
  });
});

describe('what an organizer made', () => {
  it.each<[PricingType, string, (days: string[]) => object, [names: unknown[], field: string]]>([
    ['simple', '', () => ({}), [['Pass', null, null, 'Pass'], '']],
    ['tiered', 'tiers/', () => ({ tier_number: 1, name: 'VIP' }), [['Pass', 'VIP', null, 'Pass - VIP'], 'ticket_tier_id']],
    [
      'day_based',
      'day-passes/',
      ([, date]) => ({ day_number: 2, name: 'Day 2', date }),
      [['Pass', null, 'Day 2', 'Pass - Day 2'], 'day_pass_id'],
    ],
    [
      'tier_and_day',
      'day-tier-prices/',
      ([, date]) => ({ day_number: 2, day_name: 'Day 2', date, tier_number: 1, tier_name: 'VIP' }),
      [['Pass', 'VIP', 'Day 2', 'Pass - Day 2 VIP'], 'day_tier_price_id'],
    ],
  ])('is ordered and paid, of %s pricing; it is sold then', async (pricing, below, facts, [names, field]) => {
    const event = await organized(world.db, pricing);
    const make = async (path: string, body: object) => {
      const answer = await world.call('POST', `/api/tickets/${path}`, { token: event.organizer.token, body });
      if (answer.status !== 201) throw new Error(answer.text);
      return answer.body;
    };
    const type = await make('types/', { event: event.id, name: 'Pass', total_quantity: 3, ...(below ? {} : { price: 12.5 }) });
    const offer = below ? await make(below, { ticket_type: type.id, price: 12.5, quantity: 5, ...facts(event.days) }) : type;
    const item = { ticket_type_id: type.id, ...(field && { [field]: offer.id }) };

    const order = await world.order(buyer, event.id, [one(item, 2)]);
    const [bought] = order.items;
    expect([bought.ticket_name, bought.tier_name, bought.day_name, bought.full_ticket_name]).toEqual(names);
    expect([order.subtotal, order.service_fee, order.total_amount]).toEqual(['25.00', '1.25', '26.25']);
    expect((await create(event.id, [one(item, 2)])).body.error).toBe(`Only 1 tickets available for '${names.at(-1)}'`);
    const paid = (await post(`${order.id}/confirm_payment/`, {})).body;
    expect([order.tickets, paid.status]).toEqual([[], 'confirmed']);
    const ticket = {
      id: expect.any(String),
      ticket_number: expect.stringMatching(/^TKT-\d{8}-\d{4,}$/),
      ticket_name: names.at(-1),
      is_used: false,
    };
    expect(paid.tickets).toEqual([ticket, ticket]);
    const now = (await world.call('GET', `/api/tickets/${below || 'types/'}${offer.id}/`)).body;
    expect([now.quantity_sold, now.available_quantity]).toEqual([2, 1]);
  });
});

describe('a refused order', () => {
  const refused = async (event: string, items: unknown) => {
    const { status, body } = await create(event, items);
    return { status, error: body.error, fields: body.field_errors };
  };

  it('has items, and types that are there', async () => {
    const [sold, elsewhere] = [await offersOf(world.db, 'simple'), await offersOf(world.db, 'simple')];
    const nothing = 'Order must have at least one item';
    expect(await refused(sold.eventId, [])).toEqual({ status: 400, error: nothing, fields: { items: [nothing] } });
    expect((await post('', { event: sold.eventId })).body.error).toBe(nothing);
    const unknown = 'Ticket type not found';
    for (const id of [randomUUID(), elsewhere.typeId])
      expect(await refused(sold.eventId, [one(sold.items[0]!), one({ ticket_type_id: id })])).toEqual({
        status: 400,
        error: unknown,
        fields: { 'items.1.ticket_type_id': [unknown] },
      });
    for (const items of ['x', [{}], [one({ ticket_type_id: 'x' })], [one(sold.items[0]!, 0)], [one(sold.items[0]!, 1.5)], [null]])
      expect((await create(sold.eventId, items)).status, JSON.stringify(items)).toBe(400);
  });

  it('names what its event’s pricing asks for, and no other', async () => {
    const [simple, tiered, days, both] = await Promise.all(
      (['simple', 'tiered', 'day_based', 'tier_and_day'] as const).map((pricing) => offersOf(world.db, pricing)),
    );
    const type = (sold: typeof simple) => ({ ticket_type_id: sold!.typeId });
    const id = randomUUID();
    const cases: [typeof simple, Record<string, string>, string, string][] = [
      [
        simple,
        { ...type(simple), ticket_tier_id: id },
        'ticket_tier_id',
        'Tickets of this event are sold by ticket type alone: leave this out.',
      ],
      [tiered, type(tiered), 'ticket_tier_id', 'Tickets of this event are sold by tier: say which.'],
      [tiered, { ...tiered!.items[0]!, day_pass_id: id }, 'day_pass_id', 'Tickets of this event are sold by tier: leave this out.'],
      [tiered, { ...type(tiered), ticket_tier_id: id }, 'ticket_tier_id', 'Ticket tier not found'],
      [tiered, { ticket_type_id: tiered!.offers[0]! }, 'ticket_type_id', 'Ticket type not found'],
      [days, { ...type(days), day_pass_id: days!.typeId }, 'day_pass_id', 'Day pass not found'],
      [days, type(days), 'day_pass_id', 'Tickets of this event are sold by day: say which.'],
      [both, { ...type(both), day_tier_price_id: id }, 'day_tier_price_id', 'Day and tier price not found'],
      [
        both,
        { ...type(both), ticket_tier_id: both!.offers[0]! },
        'ticket_tier_id',
        'Tickets of this event are sold by day and tier: leave this out.',
      ],
    ];
    for (const [sold, item, field, text] of cases) {
      const { status, fields } = await refused(sold!.eventId, [one(item)]);
      expect([status, fields[`items.0.${field}`]], JSON.stringify(item)).toEqual([400, [text]]);
    }
    // A tier of another type of the same event.
    const two = await offersOf(world.db, 'tiered');
    await sql`update offers set event_id = ${tiered!.eventId}::uuid where event_id = ${two.eventId}::uuid`.execute(world.db);
    const crossed = await refused(tiered!.eventId, [one({ ...type(tiered), ticket_tier_id: two.offers[0]! })]);
    expect(crossed.fields).toEqual({ 'items.0.ticket_tier_id': ['Ticket tier not found'] });
  });

  it('says of everything that is short how much is left, by name', async () => {
    const sold = await offersOf(world.db, 'tier_and_day', { quantity: 3 });
    const said = await refused(sold.eventId, [one(sold.items[0]!, 4), one(sold.items[1]!, 5)]);
    const [first, second] = [1, 2].map((day) => `Only 3 tickets available for 'Festival Pass - Day ${day} VIP'`);
    expect(said).toMatchObject({ status: 400, error: first });
    expect(said.fields.items.sort()).toEqual([first, second]);

    await world.order(other, sold.eventId, [one(sold.items[0]!, 3), one(sold.items[1]!, 2)]);
    expect(await refused(sold.eventId, [one(sold.items[0]!), one(sold.items[1]!)])).toMatchObject({
      error: "Only 0 tickets available for 'Festival Pass - Day 1 VIP'",
      fields: { items: ["Only 0 tickets available for 'Festival Pass - Day 1 VIP'"] },
    });
    // Nothing of the event is unsold any more.
    await sql`update places set sold_at = now(), order_id = (select id from orders where event_id = ${sold.eventId}::uuid limit 1) where event_id = ${sold.eventId}::uuid`.execute(
      world.db,
    );
    expect((await refused(sold.eventId, [one(sold.items[1]!)])).error).toBe("Only 0 tickets available for 'Festival Pass - Day 2 VIP'");
  });

  it('keeps the least and the most of a type, over all that is of it', async () => {
    const sold = await offersOf(world.db, 'tiered', { type: { min_per_order: 2, max_per_order: 3 } });
    const [vip, general] = sold.items;
    expect((await refused(sold.eventId, [one(vip!)])).error).toBe("At least 2 tickets of 'Festival Pass' must be bought at once.");
    const most = await refused(sold.eventId, [one(vip!, 2), one(general!, 2)]);
    expect(most).toMatchObject({
      status: 400,
      error: "At most 3 tickets of 'Festival Pass' can be bought at once.",
      fields: { items: [most.error] },
    });
    expect((await create(sold.eventId, [one(vip!), one(general!)])).status).toBe(201);
    const many = await offersOf(world.db, 'simple', { quantity: 60 });
    expect((await refused(many.eventId, [one(many.items[0]!, 51)])).error).toBe('At most 50 places fit into one order.');
  });

  it('is of an event on sale: none, a draft, cancelled, over, a type that is closed or not open yet', async () => {
    const sold = await offersOf(world.db, 'tiered');
    expect((await create(randomUUID(), [one(sold.items[0]!)])).status).toBe(404);
    const tried = async (change: object, of: 'events' | 'offers') => {
      const fresh = await offersOf(world.db, 'tiered');
      const id = of === 'events' ? fresh.eventId : fresh.typeId;
      await world.db.updateTable(of).set(change).where('id', '=', id).execute();
      const { status, body } = await create(fresh.eventId, [one(fresh.items[0]!)]);
      return [status, body.code, body.error];
    };
    expect(await tried({ status: 'draft' }, 'events')).toEqual([404, 'not_found', 'There is no such event.']);
    expect(await tried({ status: 'cancelled' }, 'events')).toEqual([400, 'event_cancelled', 'This event is cancelled.']);
    const [begun, over] = [new Date(Date.now() - 60_000), new Date(Date.now() - 1000)];
    expect((await tried({ starts_at: begun }, 'events'))[1]).toBe('event_over');
    expect((await tried({ starts_at: begun, ends_at: over }, 'events'))[1]).toBe('event_over');
    const closed = [400, 'not_on_sale', "'Festival Pass' is not on sale now."];
    expect(await tried({ is_active: false }, 'offers')).toEqual(closed);
    expect(await tried({ sales_start: new Date(Date.now() + 60_000) }, 'offers')).toEqual(closed);
    expect(await tried({ sales_end: over }, 'offers')).toEqual(closed);
  });
});
