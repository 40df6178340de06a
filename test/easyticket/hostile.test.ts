// Values of the wrong kind in each field, one at a time, with all others right: the one wrong value comes as far as it can. Never a 5xx.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ZodType } from 'zod';
import type { Route } from '../../gateway/http/route.ts';
import { offersOf, person } from '../support/made.ts';
import { type OrderWorld, startOrders } from '../support/orderWorld.ts';
import { organized } from '../support/organized.ts';

type Json = Record<string, any>;

/** As JSON text, for some have no other spelling: 1e999 is infinite once it is read. */
const VALUES = [
  ...[
    'null',
    'true',
    '-1',
    '0',
    '1.5',
    '1e308',
    '1e999',
    '9007199254740993',
    '99999999999999999999',
    '[]',
    '[null]',
    '{}',
    '{"a":{"b":[]}}',
  ],
  ...['""', '" "', '"\\u0000"', '"\\ud800"', '"NaN"', '"infinity"', '"now"', '"1e5"', '"-0"', '"99999999999999999999.99"', '"0.00001"'],
  ...['"2024-02-30T25:61:61Z"', '"0000-00-00"', '"0001-01-01"', '"9999-12-31T23:59:59-12:00"', '"\'; drop table orders --"'],
  ...[
    '"\u202e\u0301🎫"',
    '"{00000000-0000-0000-0000-000000000000}"',
    `"${'9'.repeat(20_000)}"`,
    `${'['.repeat(20_000)}${']'.repeat(20_000)}`,
  ],
];
const QUERIES = [
  '',
  '0',
  '-1',
  '1.5',
  '1e3',
  '99999999999999999999',
  'null',
  'x',
  '%00',
  '%ff',
  "'",
  '%25',
  '%F0%9F%8E%AB',
  'x&page=1&page=2',
  '{}',
  '()|*',
];
const PATHS = [
  '17',
  'null',
  '9'.repeat(3000),
  "'; drop table orders --",
  '🎫',
  '{}',
  '%',
  '..%2f..',
  '00000000-0000-0000-0000-000000000000',
  ' ',
];

let world: OrderWorld;
let routes: Route[];
let admin: Awaited<ReturnType<typeof person>>;
beforeAll(async () => {
  world = await startOrders();
  admin = await person(world.db, 'admin');
  const hash = await world.gateway.passwords.hash('TestPass123!');
  await world.db.updateTable('accounts').set({ password_hash: hash }).where('id', '=', admin.id).execute();
  routes = world.apis.find((api) => api.name === 'easyticket')!.routes;
});
afterAll(() => world?.stop());

const call = (method: string, path: string, raw?: string) => world.call(method.toUpperCase(), path, { token: admin.token, raw });
async function made(path: string, body: Json): Promise<string> {
  const answer = await call('post', path, JSON.stringify(body));
  if (answer.status >= 300) throw new Error(`${path}: ${answer.text}`);
  return answer.body.id ?? answer.body.slug;
}

/** What is wrong with an answer: a fault of the server, one that the document does not know, a refusal in another shape. */
async function faultOf(asked: ReturnType<typeof call>): Promise<string | undefined> {
  const answer = await asked.catch((error: Error) => error);
  if (answer instanceof Error) return answer.message.slice(0, 300);
  const { status, body, text } = answer;
  if (status < 400) return undefined;
  const said = ['error', 'detail', 'code'].every((name) => typeof body?.[name] === 'string' && body[name]);
  const fields = Object.values(body?.field_errors ?? {}).every(
    (texts) => Array.isArray(texts) && texts.every((one) => typeof one === 'string'),
  );
  return status >= 500 || !said || !fields ? `${status} ${text.slice(0, 200)}` : undefined;
}

/** Runs all, eight at a time; those with a fault by their names. */
async function faults(asks: Iterable<{ name: string; ask: () => ReturnType<typeof call> }>): Promise<string[]> {
  const wrong: string[] = [];
  const next = asks[Symbol.iterator]();
  const run = async () => {
    for (let one = next.next(); !one.done; one = next.next()) {
      const fault = await faultOf(one.value.ask());
      if (fault) wrong.push(`${one.value.name}: ${fault}`);
    }
  };
  await Promise.all(Array.from({ length: 8 }, run));
  return wrong;
}

/** A schema's fields, whatever it is wrapped in. */
function fieldsOf(schema: ZodType): string[] {
  const { shape, _zod } = schema as unknown as { shape?: Json; _zod: { def: { innerType?: ZodType } } };
  return shape ? Object.keys(shape) : _zod.def.innerType ? fieldsOf(_zod.def.innerType) : [];
}

/** What each route acts on, and a body that is right but for its one field. */
async function furnish() {
  const draft = (pricing: 'simple' | 'tiered' | 'day_based' | 'tier_and_day') =>
    organized(world.db, pricing, { organizer: admin, status: 'draft' });
  const [simple, tiered, days, cells] = [
    await draft('simple'),
    await draft('tiered'),
    await draft('day_based'),
    await draft('tier_and_day'),
  ];
  const type = (event: { id: string }, price?: number) =>
    made('/api/tickets/types/', { event: event.id, name: 'Pass', total_quantity: 50, ...(price && { price }) });
  const types = { simple: await type(simple, 5), tiered: await type(tiered), days: await type(days), cells: await type(cells) };
  const tier = { ticket_type: types.tiered, tier_number: 1, name: 'VIP', price: 5, quantity: 5 };
  const pass = { ticket_type: types.days, day_number: 1, name: 'Day 1', date: days.days[0], price: 5, quantity: 5 };
  const cell = {
    ticket_type: types.cells,
    day_number: 1,
    day_name: 'D',
    date: cells.days[0],
    tier_number: 1,
    tier_name: 'T',
    price: 5,
    quantity: 5,
  };
  const sold = await offersOf(world.db, 'tiered', { quantity: 5000 });
  const item = { ...sold.items[0]!, quantity: 1 };
  const { id: category } = (await call('post', '/api/events/categories/', '{"name":"Odd things"}')).body;
  const event = {
    ...{ title: 'Odd', description: 'd', short_description: 's', category, pricing_type: 'simple', venue_name: 'Hall', venue_address: 'a' },
    ...{ venue_city: 'c', venue_latitude: 1, venue_longitude: 1, venue_time_zone: 'UTC', start_date: '2098-01-01T10:00:00Z' },
    ...{ end_date: '2098-01-02T10:00:00Z', total_capacity: 500, is_free: false, base_price: 5, currency: 'USD', tags: ['a'] },
  };
  const person = { email: 'odd@example.test', password: 'SecurePass123!', password_confirm: 'SecurePass123!', user_type: 'consumer' };
  const bodies: [RegExp, Json][] = [
    [/categories/, { name: 'Odd', slug: 'odd', description: 'd', icon: 'i', is_active: true }],
    [/(publish|cancel)\/$/, { reason: 'r' }],
    [/api\/events\//, event],
    [/types/, { event: simple.id, name: 'Odd', price: 5, total_quantity: 5, min_purchase: 1, max_purchase: 2 }],
    [/tiers/, tier],
    [/day-passes/, pass],
    [/day-tier-prices/, cell],
    [/verify\/$/, { qr_code_data: 'x', nonce: 'n' }],
    [/confirm_payment/, { payment_id: 'pm_card_chargeDeclined', payment_method: 'stripe' }],
    [/refund/, { amount: 1, reason: 'r' }],
    [
      /orders\/$/,
      { event: sold.eventId, items: [item], buyer_name: 'n', buyer_email: 'a@example.test', buyer_phone: '+4512345678', notes: 'n' },
    ],
    [/signup/, { ...person, first_name: 'F', last_name: 'L', phone_number: '+4512345678' }],
    [/login|resend/, person],
    [/verify-email/, { token: 'x' }],
    [/profile/, { first_name: 'F', last_name: 'L', phone_number: '+4512345678' }],
    [/password/, { old_password: 'TestPass123!', new_password: 'SecurePass123!', new_password_confirm: 'SecurePass123!' }],
  ];
  const order = async () => (await world.order(admin, sold.eventId, [item])).id as string;
  const paid = async () => {
    const id = await order();
    await call('post', `/api/orders/${id}/confirm_payment/`, '{}');
    return id;
  };
  const things: [RegExp, () => Promise<string>][] = [
    [
      /categories/,
      () =>
        made('/api/events/categories/', { name: `Odd ${Math.random()}` }).then(
          async (id) => (await call('get', '/api/events/categories/?page_size=100')).body.results.find((c: Json) => c.id === id).slug,
        ),
    ],
    [/api\/events/, async () => (await draft('simple')).slug],
    [/types/, async () => types.simple],
    [
      /tiers/,
      () =>
        call('get', `/api/tickets/tiers/?ticket_type=${types.tiered}`).then(
          ({ body }) => body.results[0]?.id ?? made('/api/tickets/tiers/', tier),
        ),
    ],
    [/day-passes/, () => made('/api/tickets/day-passes/', pass)],
    [/day-tier/, () => made('/api/tickets/day-tier-prices/', cell)],
    [/refund/, paid],
    [/orders/, order],
  ];
  return { bodies, things, item };
}

describe('one wrong value', () => {
  it('in a field of a body is refused in the API’s own words, or taken: never a fault', async () => {
    const { bodies, things, item } = await furnish();
    const asks: { name: string; ask: () => ReturnType<typeof call> }[] = [];
    const found = new Map<RegExp, string>();
    // Signing out would end the caller's own sign-in.
    for (const r of routes.filter((x) => x.body && !/logout|token.refresh/.test(x.path))) {
      const body = bodies.find(([at]) => at.test(r.path))?.[1];
      if (!body) throw new Error(`no body for ${r.path}: write one down`);
      const thing = r.path.includes(':') ? things.find(([at]) => at.test(r.path)) : undefined;
      if (thing && !found.has(thing[0])) found.set(thing[0], await thing[1]());
      const path = r.path.replace(/:\w+/, thing ? encodeURIComponent(found.get(thing[0])!) : '');
      const ask = (name: string, whole: Json, value: string) =>
        asks.push({
          name: `${r.method} ${r.path} ${name} = ${value.slice(0, 40)}`,
          ask: () =>
            call(
              r.method,
              path,
              JSON.stringify(whole).replace('"@"', () => value),
            ),
        });
      for (const value of VALUES) {
        for (const field of fieldsOf(r.body!)) ask(field, { ...body, [field]: '@' }, value);
        if (body.items)
          for (const part of ['day_pass_id', ...Object.keys(item)])
            ask(`items.${part}`, { ...body, items: [{ ...item, [part]: '@' }] }, value);
        asks.push({ name: `${r.method} ${r.path} is ${value.slice(0, 40)}`, ask: () => call(r.method, path, value) });
      }
    }
    expect(asks.length).toBeGreaterThan(3000);
    expect(await faults(asks)).toEqual([]);
  });

  it('in a query or a path is refused in the API’s own words, or finds nothing', async () => {
    const asks: { name: string; ask: () => ReturnType<typeof call> }[] = [];
    const add = (r: Route, path: string) =>
      asks.push({ name: `${r.method} ${path.slice(0, 120)}`, ask: () => call(r.method, path, r.body && '{}') });
    for (const r of routes) {
      for (const name of r.query ? fieldsOf(r.query) : []) for (const value of QUERIES) add(r, `${r.path}?${name}=${value}`);
      if (r.path.includes(':')) for (const id of PATHS) add(r, r.path.replace(/:\w+/g, encodeURIComponent(id)));
    }
    expect(asks.length).toBeGreaterThan(1000);
    expect(await faults(asks)).toEqual([]);
  });
});
