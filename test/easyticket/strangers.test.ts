// Every route asked by strangers for every id of somebody's, in paths, bodies and queries mixed with their own: nothing is told, nothing changes.
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PricingType } from '../../db/tables.ts';
import type { Route } from '../../gateway/http/route.ts';
import { person } from '../support/made.ts';
import { type OrderWorld, startOrders } from '../support/orderWorld.ts';
import { organized } from '../support/organized.ts';

type Json = Record<string, any>;
type Person = Awaited<ReturnType<typeof person>>;
type Sold = { event: string; slug: string; type: string; part?: string; item: Json };

const PRIVATE = { name: 'Alva Alphason', email: 'alva@private.test', phone: '+4512345678', notes: 'the gate at the lift' };
const DRAFT = { title: 'Untold Gala', type: 'Untold Pass', tier: 'Untold Tier' };

let world: OrderWorld;
let routes: Route[];
let buyer: Person;
let organizer: Person;
let strangers: Record<'anonymous' | 'buyer' | 'organizer', Person | undefined>;
let theirs: Record<PricingType | 'draft', Sold>;
let own: Record<PricingType, Sold>;
/** Ids whose things strangers may not even see, and ids of what is published. */
let hidden: string[];
let open: string[];
let code: string;
/** What only the two of them and admins may read. */
let secrets: string[];

const send = (who: Person | undefined, method: string, path: string, body?: unknown) =>
  world.call(method.toUpperCase(), path, { token: who?.token, body });
async function made(who: Person, path: string, body: Json): Promise<Json> {
  const answer = await send(who, 'POST', path, body);
  if (answer.status >= 300) throw new Error(`${path}: ${answer.text}`);
  return answer.body;
}

const PARTS: Partial<Record<PricingType, { path: string; name: string; body: (date: string) => Json }>> = {
  tiered: { path: 'tiers', name: 'ticket_tier_id', body: () => ({ tier_number: 1, name: 'VIP' }) },
  day_based: { path: 'day-passes', name: 'day_pass_id', body: (date) => ({ day_number: 1, name: 'Day 1', date }) },
  tier_and_day: {
    path: 'day-tier-prices',
    name: 'day_tier_price_id',
    body: (date) => ({ day_number: 1, day_name: 'Day 1', date, tier_number: 1, tier_name: 'VIP' }),
  },
};

/** An event sold in this way, with one type and what is below it. */
async function sold(by: Person, pricing: PricingType, draft?: typeof DRAFT): Promise<Sold> {
  const event = await organized(world.db, pricing, { organizer: by, ...(draft && { status: 'draft' }) });
  if (draft) await send(by, 'PATCH', `/api/events/${event.id}/`, { title: draft.title });
  const part = PARTS[pricing];
  const named = { event: event.id, name: draft?.type ?? 'Pass', total_quantity: 50 };
  const type = await made(by, '/api/tickets/types/', { ...named, ...(!part && { price: 20 }) });
  const below = part && { ticket_type: type.id, ...part.body(event.days[0]!), ...(draft && { name: draft.tier }), price: 20, quantity: 20 };
  const id = part && (await made(by, `/api/tickets/${part.path}/`, below!)).id;
  return {
    event: event.id,
    slug: event.slug,
    type: type.id,
    part: id,
    item: { ticket_type_id: type.id, ...(part && { [part.name]: id }) },
  };
}

async function all(by: Person): Promise<Record<PricingType, Sold>> {
  const kinds = ['simple', 'tiered', 'day_based', 'tier_and_day'] as const;
  return Object.fromEntries(await Promise.all(kinds.map(async (kind) => [kind, await sold(by, kind)]))) as Record<PricingType, Sold>;
}

beforeAll(async () => {
  world = await startOrders();
  const { db } = world;
  [buyer, organizer] = [await person(db), await person(db, 'organizer')];
  strangers = { anonymous: undefined, buyer: await person(db), organizer: await person(db, 'organizer') };
  routes = world.apis.find((api) => api.name === 'easyticket')!.routes;
  theirs = { ...(await all(organizer)), draft: await sold(organizer, 'tiered', DRAFT) };
  own = await all(strangers.organizer!);

  const order = () =>
    world.order(buyer, theirs.tiered.event, [{ ...theirs.tiered.item, quantity: 2 }], {
      ...{ buyer_name: PRIVATE.name, buyer_email: PRIVATE.email, buyer_phone: PRIVATE.phone, notes: PRIVATE.notes },
    });
  const [pending, paid] = [await order(), await order()];
  const { payment_intent: intent } = await made(buyer, `/api/orders/${pending.id}/create-payment-intent/`, {});
  const confirmed = await made(buyer, `/api/orders/${paid.id}/confirm_payment/`, {});
  const { results: tickets } = (await send(buyer, 'GET', '/api/tickets/my-tickets/')).body;
  code = tickets[0].qr_code_data;

  hidden = [pending.id, paid.id, ...tickets.map((t: Json) => t.id), ...[theirs.draft].flatMap(idsOf)];
  const { draft: _, ...published } = theirs;
  open = Object.values(published).flatMap(idsOf);
  secrets = [
    ...[buyer.email, ...Object.values(PRIVATE), ...Object.values(DRAFT)],
    ...[pending.order_number, paid.order_number, intent.client_secret, intent.payment_intent_id, confirmed.payment_id],
    ...tickets.flatMap((t: Json) => [t.ticket_number, t.qr_code_data, t.qr_code_image]),
  ];
});
afterAll(() => world?.stop());

const idsOf = ({ event, slug, type, part }: Sold): string[] => [event, slug, type, ...(part ? [part] : [])];

/** All that the buyer and the organizer have, as the database has it. */
async function rows(): Promise<string> {
  const mine = sql`(select id from orders where account_id = ${buyer.id}::uuid)`;
  const events = sql`(select id from events where organizer_id = ${organizer.id}::uuid)`;
  const { rows: found } = await sql<{ all: unknown }>`select json_build_array(
    (select json_agg(e order by id) from events e where id in ${events}), (select json_agg(o order by id) from offers o where event_id in ${events}),
    (select json_agg(p order by id) from places p where event_id in ${events}), (select json_agg(o order by id) from orders o where id in ${mine}),
    (select json_agg(t order by id) from tickets t where order_id in ${mine}), (select json_agg(p order by id) from payments p where order_id in ${mine}),
    (select json_agg(r order by id) from refunds r where order_id in ${mine}), (select json_agg(a order by id) from accounts a where id in (${buyer.id}, ${organizer.id}))
  ) as all`.execute(world.db);
  return JSON.stringify(found[0]!.all);
}

/** One body for every route: each takes of it what it knows. `event`, `type` and `items` are mixed. */
const body = (event: string, type: string, items: Json[]) => ({
  ...{ event, ticket_type: type, items: items.map((item) => ({ ...item, quantity: 1 })), qr_code_data: code },
  ...{ title: 'Taken', name: 'Taken', description: 'over', venue_name: 'Hall', total_capacity: 900, status: 'published' },
  ...{ start_date: '2098-01-01T10:00:00Z', end_date: '2098-01-02T10:00:00Z', organizer: strangers.organizer!.id },
  ...{ tier_number: 7, tier_name: 'T', day_number: 7, day_name: 'D', date: '2098-01-01', price: 3, quantity: 2, total_quantity: 2 },
  ...{ reason: 'mine', amount: 1, payment_id: 'pm_card_visa', is_active: false, slug: 'taken' },
});

/** Theirs alone, and mixes of theirs and the stranger's own that must not make an order. */
function mixes(): Json[] {
  const { tiered: a, draft, day_based: days, tier_and_day: cells, simple } = theirs;
  const b = own.tiered;
  return [
    body(a.event, a.type, [{ ...a.item, ticket_tier_id: b.part }]),
    body(draft.event, draft.type, [draft.item]),
    body(b.event, a.type, [a.item]),
    body(a.event, b.type, [{ ...b.item, ticket_tier_id: a.part }]),
    body(b.event, draft.type, [{ ticket_type_id: b.type, ticket_tier_id: draft.part }]),
    body(b.event, simple.type, [b.item, simple.item]),
    body(own.day_based.event, days.type, [{ ...own.day_based.item, day_pass_id: days.part }]),
    body(own.tier_and_day.event, cells.type, [{ ticket_type_id: cells.type, day_tier_price_id: own.tier_and_day.part }]),
    body(draft.event, own.simple.type, [own.simple.item]),
  ];
}

const nameOf = (r: Route) => `${r.method} ${r.path}`;
const address = (r: Route, id: string) => r.path.replace(/:\w+/g, encodeURIComponent(id));
/** Routes with things in them: those of accounts only know the caller's own. */
const asked = () => routes.filter((r) => !r.path.startsWith('/api/auth/'));

type Ask = { who: keyof typeof strangers; method: string; path: string; body?: unknown; of: string; id?: string };

/** Asks eight at a time; what each answer tells that it must not, and what `fault` finds beside that. */
async function sweep(asks: Ask[], fault: (ask: Ask, answer: Awaited<ReturnType<typeof send>>) => string | undefined): Promise<string[]> {
  const wrong: string[] = [];
  const next = asks.values();
  const run = async () => {
    for (const ask of next) {
      const answer = await send(strangers[ask.who], ask.method, ask.path, ask.body).catch((error: Error) => error);
      const about = `${ask.who} ${ask.of} ${ask.id ?? ''}`;
      if (answer instanceof Error) {
        wrong.push(`${about}: ${answer.message.slice(0, 300)}`);
        continue;
      }
      const told = secrets.filter((secret) => answer.text.includes(secret));
      // The catalog names an event's organizer, as its seed has it.
      if (!ask.of.startsWith('get /api/events/') && answer.text.includes(organizer.email)) told.push(organizer.email);
      if (told.length) wrong.push(`${about} tells ${told.join()}`);
      const found = answer.status >= 500 ? 'a fault' : fault(ask, answer);
      if (found) wrong.push(`${about}: ${answer.status}, ${found}: ${answer.text.slice(0, 200)}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, run));
  return wrong;
}

describe('strangers', () => {
  it('the secrets are real: their owners read each of them', async () => {
    const texts: string[] = [];
    for (const path of ['orders/', 'tickets/my-tickets/']) {
      const list = await send(buyer, 'GET', `/api/${path}`);
      const each = list.body.results.map(({ id }: Json) => send(buyer, 'GET', `/api/${path}${id}/`));
      texts.push(list.text, ...(await Promise.all(each)).map(({ text }) => text));
      if (path === 'orders/')
        for (const { id, status } of list.body.results)
          if (status !== 'confirmed') texts.push((await send(buyer, 'POST', `/api/orders/${id}/create-payment-intent/`)).text);
    }
    const { event, type } = theirs.draft;
    for (const path of ['auth/profile/']) texts.push((await send(buyer, 'GET', `/api/${path}`)).text);
    for (const path of [`events/${event}/`, `tickets/types/${type}/`]) texts.push((await send(organizer, 'GET', `/api/${path}`)).text);
    expect(secrets.filter((secret) => !texts.join('\n').includes(secret))).toEqual([]);
  });

  it('reach nothing by its id in a path, whatever the route and whatever stands in the body', async () => {
    const before = await rows();
    const asks: Ask[] = [];
    for (const r of asked().filter((x) => x.path.includes(':')))
      for (const id of [...hidden, ...open])
        for (const who of Object.keys(strangers) as (keyof typeof strangers)[])
          for (const given of r.body && who !== 'anonymous' ? mixes().slice(0, 4) : [undefined])
            asks.push({ who, method: r.method, path: address(r, id), body: given, of: nameOf(r), id });
    expect(asks.length).toBeGreaterThan(2000);
    const wrong = await sweep(asks, ({ method, id }, { status }) =>
      status < 400 && (method !== 'get' || hidden.includes(id!)) ? 'let in' : undefined,
    );
    expect(wrong).toEqual([]);
    expect(await rows()).toBe(before);
  });

  it('make and order nothing of theirs by ids in a body', async () => {
    const before = await rows();
    const asks: Ask[] = [];
    for (const r of asked().filter((x) => x.body && !x.path.includes(':')))
      for (const who of ['buyer', 'organizer'] as const)
        for (const given of mixes()) asks.push({ who, method: r.method, path: r.path, body: given, of: nameOf(r) });
    const wrong = await sweep(asks, ({ of, body: given }, { status }) => {
      const { event, ticket_type: type } = given as Json;
      const ofTheirs = Object.values(theirs).some((one) => (of.includes('types') ? one.event === event : one.type === type));
      const mayNot = of.includes('/orders/') || of.includes('/verify/') || (of.includes('/tickets/') && ofTheirs);
      return mayNot && status < 400 ? 'let in' : undefined;
    });
    expect(wrong).toEqual([]);
    expect(await rows()).toBe(before);
  });

  it('see nothing hidden in a list, whatever they filter by', async () => {
    const asks: Ask[] = [];
    for (const r of asked().filter((x) => x.query && !x.path.includes(':'))) {
      const names = Object.keys((r.query as unknown as { shape: Json }).shape);
      const queries = ['event', 'event_id', 'ticket_type'].filter((n) => names.includes(n));
      const found = queries.flatMap((n) => [...hidden, ...open].map((id) => `${n}=${encodeURIComponent(id)}`));
      if (names.includes('status')) found.push('status=draft', 'status=pending', 'status=confirmed', 'status=active', 'status=cancelled');
      if (names.includes('search')) found.push('search=Untold');
      const size = names.includes('page_size') ? '&page_size=100' : '';
      for (const query of [...found, ''])
        for (const who of Object.keys(strangers) as (keyof typeof strangers)[])
          asks.push({ who, method: r.method, path: `${r.path}?${query}${size}`, of: nameOf(r), id: query.split('=')[1] });
    }
    expect(asks.length).toBeGreaterThan(300);
    // The addresses of the next page and the one before repeat what was asked for.
    const wrong = await sweep(asks, ({ id }, { text }) => {
      const seen = hidden.filter((one) => text.replaceAll(id ?? '\0', '').includes(one));
      return seen.length ? `shows ${seen.join()}` : undefined;
    });
    expect(wrong).toEqual([]);
  });

  it('change their own things only, though they name those of others', async () => {
    const before = await rows();
    const by = strangers.organizer!;
    const type = { event: theirs.simple.event, name: 'Mine', total_quantity: 9, price: 4 };
    const put = await send(by, 'PUT', `/api/tickets/types/${own.simple.type}/`, type);
    expect([put.status, put.body.event, put.body.name]).toEqual([200, own.simple.event, 'Mine']);
    const tier = { ticket_type: theirs.tiered.type, tier_number: 4, name: 'Mine', price: 4, quantity: 9 };
    const moved = await send(by, 'PUT', `/api/tickets/tiers/${own.tiered.part}/`, tier);
    expect([moved.status, moved.body.ticket_type, moved.body.name]).toEqual([200, own.tiered.type, 'Mine']);
    expect(await rows()).toBe(before);
  });
});
