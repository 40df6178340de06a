// Whose things each of EasyTicket's routes reaches: every route as every kind of caller, from a table that has to name them all.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PricingType } from '../../db/tables.ts';
import type { Route } from '../../gateway/http/route.ts';
import { offersOf, person } from '../support/made.ts';
import { type OrderWorld, startOrders } from '../support/orderWorld.ts';
import { organized } from '../support/organized.ts';

type Json = Record<string, any>;
type Person = Awaited<ReturnType<typeof person>>;

/** A buyer and an organizer each have the things that are asked for; the two others have nothing. Staff is an admin. */
const KINDS = ['anonymous', 'buyer', 'otherBuyer', 'organizer', 'otherOrganizer', 'staff'] as const;
type Kind = (typeof KINDS)[number];

let world: OrderWorld;
let callers: Record<Kind, Person | undefined>;
let routes: Route[];

beforeAll(async () => {
  world = await startOrders();
  const [buyer, otherBuyer, organizer, otherOrganizer, staff] = await Promise.all([
    person(world.db),
    person(world.db),
    person(world.db, 'organizer'),
    person(world.db, 'organizer'),
    person(world.db, 'admin'),
  ]);
  callers = { anonymous: undefined, buyer, otherBuyer, organizer, otherOrganizer, staff };
  routes = world.apis.find((api) => api.name === 'easyticket')!.routes;
});
afterAll(() => world?.stop());

const as = (kind: Kind, method: string, path: string, body?: unknown) =>
  world.call(method.toUpperCase(), path, { token: callers[kind]?.token, body });

async function made(kind: Kind, path: string, body: Json): Promise<Json> {
  const answer = await as(kind, 'POST', path, body);
  if (answer.status >= 300) throw new Error(`${path}: ${answer.text}`);
  return answer.body;
}

/** One thing of somebody's: what stands in the path, its id, what a body names it or what is above it by, and the days of its event. */
type Thing = { at: string; id: string; parent: string; days: string[] };

const typeBody = (event: string, price?: number) => ({ event, name: 'Pass', total_quantity: 20, ...(price && { price }) });
const day = { day_number: 1, day_name: 'Day 1' };
const part = { price: 5, quantity: 5 };

/** A draft of the organizer's own with one type, and below it what its pricing sells. */
async function sold(pricing: PricingType, below?: { path: string; body: (days: string[]) => Json }): Promise<Thing> {
  const event = await organized(world.db, pricing, { organizer: callers.organizer!, status: 'draft' });
  const type = await made('organizer', '/api/tickets/types/', typeBody(event.id, below ? undefined : 5));
  if (!below) return { at: type.id, id: type.id, parent: event.id, days: event.days };
  const { id } = await made('organizer', `/api/tickets/${below.path}/`, { ticket_type: type.id, ...below.body(event.days) });
  return { at: id, id, parent: type.id, days: event.days };
}

const tier = (n = 1) => ({ tier_number: n, name: `Tier ${n}`, ...part });
const pass = (date: string, n = 1) => ({ day_number: n, name: `Day ${n}`, date, ...part });
const cell = (date: string, n = 1) => ({ ...day, date, tier_number: n, tier_name: `T${n}`, ...part });

const THINGS = {
  async event(): Promise<Thing> {
    const event = await organized(world.db, 'simple', { organizer: callers.organizer!, status: 'draft' });
    return { at: event.slug, id: event.id, parent: event.id, days: event.days };
  },
  type: () => sold('simple'),
  tier: () => sold('tiered', { path: 'tiers', body: () => tier() }),
  pass: () => sold('day_based', { path: 'day-passes', body: (days) => pass(days[0]!) }),
  cell: () => sold('tier_and_day', { path: 'day-tier-prices', body: (days) => cell(days[0]!) }),
  async order(): Promise<Thing> {
    const { eventId, items } = await offersOf(world.db, 'simple');
    await world.db.updateTable('events').set({ organizer_id: callers.organizer!.id }).where('id', '=', eventId).execute();
    const { id } = await world.order(callers.buyer!, eventId, [{ ...items[0]!, quantity: 1 }]);
    return { at: id, id, parent: eventId, days: [] };
  },
  async paid(): Promise<Thing> {
    const order = await THINGS.order();
    await made('buyer', `/api/orders/${order.id}/confirm_payment/`, {});
    return order;
  },
  async ticket(): Promise<Thing> {
    await THINGS.paid();
    const [ticket] = (await as('buyer', 'GET', '/api/tickets/my-tickets/')).body.results;
    return { at: ticket.id, id: ticket.id, parent: ticket.qr_code_data, days: [] };
  },
};

/** Refusals of each kind of caller; who is not named is let in. */
type Refused = Partial<Record<Kind, number>>;
const WHO = {
  /** Of a draft: to everybody else it is not there. */
  draft: { anonymous: 404, buyer: 404, otherBuyer: 404, otherOrganizer: 404 },
  manager: { anonymous: 401, buyer: 403, otherBuyer: 403, otherOrganizer: 403 },
  buyer: { anonymous: 401, otherBuyer: 403, organizer: 403, otherOrganizer: 403 },
  buyerAlone: { anonymous: 401, otherBuyer: 403, organizer: 403, otherOrganizer: 403, staff: 403 },
  holder: { anonymous: 401, otherBuyer: 404, organizer: 404, otherOrganizer: 404 },
  /** Of what a draft sells nobody orders. */
  nobody: { anonymous: 401, buyer: 404, otherBuyer: 404, organizer: 404, otherOrganizer: 404, staff: 404 },
} satisfies Record<string, Refused>;

/** A row: a thing and who may; or a list in which a thing is seen by these and by nobody else; or why no thing is somebody's here. */
type Row =
  | { thing: keyof typeof THINGS; who: Refused; body?: (thing: Thing) => unknown }
  | { list: keyof typeof THINGS; seenBy: Kind[]; query?: (thing: Thing) => string }
  | { nothing: 'shared' | 'self' | 'link' | 'admins' };

const nothing = (why: 'shared' | 'self' | 'link' | 'admins'): Row => ({ nothing: why });
const reads = (thing: keyof typeof THINGS, who: Refused): Row => ({ thing, who });
const writes = (thing: keyof typeof THINGS, who: Refused, body: (thing: Thing) => unknown = () => ({})): Row => ({ thing, who, body });

const eventBody = () => ({
  ...{ title: 'Taken', description: 'over', venue_name: 'Hall', total_capacity: 10 },
  ...{ start_date: '2098-01-01T10:00:00Z', end_date: '2098-01-02T10:00:00Z' },
});

/** The five addresses of what is sold: `list` is public, but never shows what a draft sells. */
const resource = (
  path: string,
  thing: 'type' | 'tier' | 'pass' | 'cell',
  whole: (thing: Thing) => Json,
  fresh: (thing: Thing) => Json,
): Record<string, Row> => ({
  [`get ${path}`]: { list: thing, seenBy: ['organizer', 'staff'] },
  [`post ${path}`]: writes(thing, WHO.manager, fresh),
  [`get ${path}:id/`]: reads(thing, WHO.draft),
  [`put ${path}:id/`]: writes(thing, WHO.manager, whole),
  [`patch ${path}:id/`]: writes(thing, WHO.manager, () => ({ is_active: false })),
  [`delete ${path}:id/`]: reads(thing, WHO.manager),
});

const TABLE: Record<string, Row> = {
  ...Object.fromEntries(
    ['signup', 'resend-verification', 'login', 'logout', 'token/refresh', 'change-password', 'verify-email'].map((at) => [
      `post /api/auth/${at}/`,
      nothing('self'),
    ]),
  ),
  ...Object.fromEntries(['get', 'put', 'patch'].map((method) => [`${method} /api/auth/profile/`, nothing('self')])),
  'get /api/auth/verify-email/': nothing('link'),

  'get /api/events/categories/': nothing('shared'),
  'get /api/events/categories/:slug/': nothing('shared'),
  'post /api/events/categories/': nothing('admins'),
  'put /api/events/categories/:slug/': nothing('admins'),
  'patch /api/events/categories/:slug/': nothing('admins'),
  'delete /api/events/categories/:slug/': nothing('admins'),

  'get /api/events/': { list: 'event', seenBy: ['organizer', 'staff'], query: () => 'status=draft' },
  'get /api/events/search/': { list: 'event', seenBy: ['organizer', 'staff'], query: () => 'status=draft' },
  'get /api/events/upcoming/': { list: 'event', seenBy: [] },
  'get /api/events/featured/': { list: 'event', seenBy: [] },
  'get /api/events/my_events/': { list: 'event', seenBy: ['organizer', 'staff'] },
  'post /api/events/': nothing('self'),
  'get /api/events/:slug/': reads('event', WHO.draft),
  'put /api/events/:slug/': writes('event', WHO.manager, eventBody),
  'patch /api/events/:slug/': writes('event', WHO.manager, () => ({ title: 'Taken' })),
  'delete /api/events/:slug/': reads('event', WHO.manager),
  'post /api/events/:slug/publish/': writes('event', WHO.manager),
  'post /api/events/:slug/cancel/': writes('event', WHO.manager),

  ...resource(
    '/api/tickets/types/',
    'type',
    () => ({ name: 'Taken', total_quantity: 9, price: 1 }),
    (t) => typeBody(t.parent, 1),
  ),
  ...resource(
    '/api/tickets/tiers/',
    'tier',
    () => tier(),
    (t) => ({ ticket_type: t.parent, ...tier(2) }),
  ),
  ...resource(
    '/api/tickets/day-passes/',
    'pass',
    (t) => pass(t.days[1]!),
    (t) => ({ ticket_type: t.parent, ...pass(t.days[1]!, 2) }),
  ),
  ...resource(
    '/api/tickets/day-tier-prices/',
    'cell',
    (t) => cell(t.days[1]!),
    (t) => ({ ticket_type: t.parent, ...cell(t.days[0]!, 2) }),
  ),
  'get /api/tickets/types/by_event/': { list: 'type', seenBy: ['organizer', 'staff'], query: (t) => `event_id=${t.parent}` },
  'get /api/tickets/types/available/': { list: 'type', seenBy: [] },
  'get /api/tickets/day-tier-prices/matrix/': { list: 'cell', seenBy: ['organizer', 'staff'], query: (t) => `ticket_type=${t.parent}` },

  'get /api/tickets/my-tickets/': { list: 'ticket', seenBy: ['buyer'] },
  'get /api/tickets/my-tickets/stats/': nothing('self'),
  'get /api/tickets/my-tickets/:id/': reads('ticket', WHO.holder),
  'get /api/tickets/my-tickets/:id/download/': reads('ticket', WHO.holder),
  'post /api/tickets/my-tickets/verify/': writes('ticket', WHO.manager, (t) => ({ qr_code_data: t.parent })),
  'get /media/events/:kind/:name': nothing('link'),
  'get /media/tickets/qr/:name': nothing('link'),

  'get /api/orders/': { list: 'order', seenBy: ['buyer', 'staff'] },
  'post /api/orders/': writes('type', WHO.nobody, (t) => ({ event: t.parent, items: [{ ticket_type_id: t.id, quantity: 1 }] })),
  'get /api/orders/pending/': { list: 'order', seenBy: ['buyer'] },
  'get /api/orders/confirmed/': { list: 'paid', seenBy: ['buyer'] },
  'get /api/orders/stats/': nothing('self'),
  'get /api/orders/my_tickets/': { list: 'paid', seenBy: ['buyer'] },
  'post /api/orders/cleanup_expired/': nothing('admins'),
  'get /api/orders/:id/': reads('order', WHO.buyer),
  'post /api/orders/:id/cancel/': writes('order', WHO.buyer),
  'post /api/orders/:id/confirm_payment/': writes('order', WHO.buyerAlone),
  'post /api/orders/:id/create-payment-intent/': writes('order', WHO.buyerAlone),
  'get /api/orders/:id/payment-status/': reads('order', WHO.buyer),
  'post /api/orders/:id/refund/': writes('paid', WHO.buyer),
};

const nameOf = (r: Route) => `${r.method} ${r.path}`;
const address = (r: Route, at: string) => r.path.replace(/:\w+/g, encodeURIComponent(at));

describe('the table', () => {
  it('names every route, and no other', () => {
    expect(Object.keys(TABLE).sort()).toEqual(routes.map(nameOf).sort());
  });

  it('says that nothing is somebody’s only where the path names no thing, or everybody shares it', () => {
    for (const r of routes) {
      const row = TABLE[nameOf(r)]!;
      if ('nothing' in row && row.nothing === 'self') expect(r.path, nameOf(r)).not.toContain(':');
      if ('nothing' in row && row.nothing === 'admins') expect(r.access, nameOf(r)).toBe('admin');
    }
  });
});

describe('somebody else’s thing', () => {
  it('stands in no list of anybody whom the table does not name', async () => {
    const wrong: string[] = [];
    for (const r of routes) {
      const row = TABLE[nameOf(r)]!;
      if (!('list' in row)) continue;
      const thing = await THINGS[row.list]();
      for (const kind of KINDS) {
        const paging = 'page_size' in ((r.query as unknown as { shape?: Json })?.shape ?? {}) ? '&page_size=100' : '';
        const { status, text } = await as(kind, r.method, `${r.path}?${row.query?.(thing) ?? ''}${paging}`);
        const sees = status === 200 && text.includes(thing.id);
        if (sees !== row.seenBy.includes(kind))
          wrong.push(`${kind} ${nameOf(r)}: ${sees ? 'seen' : 'not seen'} (${status}) ${text.slice(0, 150)}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('is refused to everybody whom the table does not let in, and to nobody else', async () => {
    const wrong: string[] = [];
    for (const r of routes) {
      const row = TABLE[nameOf(r)]!;
      if (!('thing' in row)) continue;
      const shared = await THINGS[row.thing]();
      const kept = await rowOf(row.thing, shared.id);
      for (const kind of KINDS.filter((k) => row.who[k])) {
        const { status, text } = await as(kind, r.method, address(r, shared.at), row.body?.(shared));
        if (status !== row.who[kind]) wrong.push(`${kind} ${nameOf(r)}: ${status}, not ${row.who[kind]}: ${text.slice(0, 200)}`);
        // Who sent the id knows it; nothing else of the thing is told.
        if (row.thing === 'ticket' && text.includes('TKT-')) wrong.push(`${kind} ${nameOf(r)} tells the ticket's number`);
      }
      if (JSON.stringify(await rowOf(row.thing, shared.id)) !== JSON.stringify(kept)) wrong.push(`${nameOf(r)}: refused, and yet changed`);

      // Each that is let in has a thing of its own to act on: the first may have deleted it.
      for (const kind of KINDS.filter((k) => !row.who[k])) {
        const thing = await THINGS[row.thing]();
        const { status, text } = await as(kind, r.method, address(r, thing.at), row.body?.(thing));
        if (status >= 300) wrong.push(`${kind} ${nameOf(r)}: ${status}, and should be let in: ${text.slice(0, 200)}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  const TABLES = { event: 'events', order: 'orders', paid: 'orders', ticket: 'tickets' } as Record<string, 'events' | 'orders' | 'tickets'>;
  /** The thing as its table has it. */
  const rowOf = (thing: keyof typeof THINGS, id: string) =>
    world.db
      .selectFrom(TABLES[thing] ?? ('offers' as 'events'))
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
});

describe('hostile requests', () => {
  const IDS = ['17', 'null', '-1', '9'.repeat(400), "'; drop table orders --", '🎫', '\u0000', '...', randomUUID(), '{}', '%'];
  const deep = `${'['.repeat(50_000)}${']'.repeat(50_000)}`;
  const BODIES = ['', 'null', '[]', '0', '"x"', '{', '{}', deep, `{"a":${deep}}`, '1e999'];
  const VALUES = [null, true, -1, 1.5, 1e308, 'x', '', '\u0000', '9'.repeat(5000), [], {}, [[]], [null]];

  it('make no 5xx and no success on what is not there: ids of any kind', async () => {
    const wrong: string[] = [];
    for (const r of routes.filter((x) => x.path.includes(':')))
      for (const id of IDS) {
        const { status } = await as('staff', r.method, address(r, id), r.body ? {} : undefined);
        if (status < 400 || status >= 500) wrong.push(`${nameOf(r)} of ${id.slice(0, 20)}: ${status}`);
      }
    expect(wrong).toEqual([]);
  });

  it('make no 5xx: bodies that are none, and values of the wrong kind in every field', async () => {
    const wrong: string[] = [];
    // Signing out would end the caller's own session.
    for (const r of routes.filter((x) => x.body && !x.path.endsWith('/logout/'))) {
      const fields = Object.keys((r.body as unknown as { shape?: Json }).shape ?? {});
      const raws = [...BODIES, ...VALUES.map((v) => JSON.stringify(Object.fromEntries(fields.map((f) => [f, v]))))];
      for (const raw of raws) {
        const path = address(r, randomUUID());
        const { status } = await world.call(r.method.toUpperCase(), path, { token: callers.staff!.token, raw });
        if (status >= 500) wrong.push(`${nameOf(r)} with ${raw.slice(0, 60)}: ${status}`);
      }
    }
    expect(wrong).toEqual([]);
  });
});
