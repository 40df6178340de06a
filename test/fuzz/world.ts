// A private stack with something to find in it: the demo's accounts and event, an event that is sold out, everybody's own bookings.
import type { Kysely } from 'kysely';
import { connect } from '../../db/connect.ts';
import { migrate } from '../../db/migrate.ts';
import type { DB } from '../../db/tables.ts';
import { TEST_KEY } from '../../deploy/local/hackathon.ts';
import { ClearError, type Say, step } from '../../deploy/local/say.ts';
import { seed } from '../../deploy/local/seed.ts';
import { type Stack, startGateway, startStack, startWorker } from '../../deploy/local/stack.ts';
import { list, make } from '../../services/accounts/apiKeys.ts';
import * as venues from '../../services/events/venues.ts';

/** Values that mean something, by what they mean. The first of each is the example. */
export type Known = Record<
  | 'events'
  | 'changing'
  | 'seats'
  | 'venues'
  | 'bookings'
  | 'orders'
  | 'keys'
  | 'byType'
  | 'types'
  | 'tickets'
  | 'waitlist'
  | 'starts'
  | 'ends'
  | 'currencies'
  | 'cards',
  string[]
> &
  Record<'counts' | 'capacities' | 'eventNumbers' | 'seatNumbers' | 'bookingNumbers', number[]>;
/** Who calls, with a token for as long as the longest run, perhaps an API key, a password, and what that caller knows. */
export type Caller = {
  name: string;
  token: string | undefined;
  key?: string;
  basic?: { email: string; password: string };
  known: Known;
};
export type World = { stack: Stack; url: string; callers: Caller[] };

const SIGNED = { user: 'test@evently.com', organizer: 'organizer@billetter.test', admin: 'admin@billetter.test' };
const PASSWORD = 'TestPass123!';
const DAY = 86_400_000;

/** Starts everything; `started` hands out the stack as soon as there is one to stop. Its data goes with it. */
export async function startWorld(say: Say, started: (stack: Stack) => void): Promise<World> {
  const stack = await startStack({ say });
  started(stack);
  const db = connect({ url: stack.databaseUrl, max: 2, name: 'billetter-fuzz' });
  await step(say, 'database schema, demo data', async () => {
    await migrate(db);
    await seed(db);
  });
  const venue = await venues.create(db, { name: 'Fuzz Hall', city: 'Aarhus', capacity: 1000 });
  const env = { HOST: '127.0.0.1', RATE_LIMITS: 'off', ACCESS_TOKEN_SECONDS: '18000' };
  await Promise.all([step(say, 'gateway', () => startGateway(stack, env)), step(say, 'worker', () => startWorker(stack, env))]);
  const url = `http://127.0.0.1:${stack.ports.gateway}`;
  const callers = await step(say, "everybody's bookings, tickets, waitlists", () => furnish(db, url, venue.id));
  await db.destroy();
  return { stack, url, callers };
}

async function furnish(db: Kysely<DB>, url: string, venueId: string): Promise<Caller[]> {
  const tokens = await Promise.all(
    Object.values(SIGNED).map(
      async (email) => (await call(url, 'POST', '/auth/login', undefined, { email, password: PASSWORD })).access_token,
    ),
  );
  const create = (name: string, rows: number) =>
    call(url, 'POST', '/admin/events', tokens[1], {
      name,
      venue_id: venueId,
      start_time: new Date(Date.now() + 10 * DAY).toISOString(),
      end_time: new Date(Date.now() + 11 * DAY).toISOString(),
      seat_configuration: { sections: [{ name: 'VIP', rows, seats_per_row: 20, price: 50 }] },
    });
  // Each caller's requests may cancel one for good, so there are many.
  const changing: string[] = [];
  for (let i = 0; i < 40; i++) changing.push((await create(`Fuzz: to be changed ${i}`, 2)).id);
  const seatsOf = async (id: string): Promise<string[]> =>
    (await call(url, 'GET', `/events/${id}/seats`)).sections.flatMap((s: any) => s.rows.flatMap((r: any) => r.seats.map((x: any) => x.id)));
  const book = async (token: string, event: string, seats: string[]) =>
    (await call(url, 'POST', '/bookings', token, { event_id: event, seat_ids: seats })).booking.id as string;

  const demo = await call(url, 'GET', '/events/summer-music-festival');
  const large = await create('Fuzz: much to sell', 50);
  // Orders by ticket type take any places, so they have an event of their own.
  const byType = await create('Fuzz: sold by ticket type', 20);
  const full = await create('Fuzz: sold out', 1);
  const [seats, fullSeats] = [await seatsOf(large.id), await seatsOf(full.id)];
  await book(tokens[0], full.id, fullSeats);
  const offers = await db.selectFrom('offers').select('id').where('event_id', 'in', [byType.id, full.id]).orderBy('number').execute();
  const types = offers.map((offer) => offer.id);
  const days = (n: number) => [0, 100, -40].map((more) => new Date(Date.now() + (n + more) * DAY).toISOString());
  const numbers = await numbersOf(db, large.id);
  const shared = {
    events: [large.id, full.id, demo.id, demo.slug],
    changing,
    seats: [...seats.slice(100), ...seats.slice(0, 4), ...fullSeats.slice(0, 2)],
    byType: [byType.id, full.id],
    types,
    venues: [venueId, demo.venue.id],
    currencies: ['USD', 'JPY', 'KWD'],
    cards: ['tok_visa', 'tok_chargeDeclined', 'pm_card_visa'],
    counts: [2, 1, 20],
    capacities: [100_000, 1_000_000],
    eventNumbers: [numbers.event, 2, 1],
    seatNumbers: numbers.seats,
    starts: days(20),
    ends: days(21),
  };
  const signed: Caller[] = [];
  for (const [i, name] of Object.keys(SIGNED).entries()) {
    const token = tokens[i];
    const waiting = await call(url, 'POST', '/waitlist/join', token, { event_id: full.id });
    const own = await Promise.all([0, 2, 4, 6].map((n) => book(token, large.id, seats.slice(10 * i + n, 10 * i + n + 2))));
    const { booking } = await call(url, 'POST', `/bookings/${own[0]}/confirm`, token, { payment_details: { token: 'tok_visa' } });
    await call(url, 'DELETE', `/bookings/${own[3]}`, token);
    const orders = await order(url, token!, byType.id, types[0]!);
    const email = SIGNED[name as keyof typeof SIGNED];
    const bookingNumbers = await bookingsOf(url, email, numbers);
    const tickets = booking.tickets.map((t: any) => t.id as string);
    // What the caller before had is the others' to this one.
    const others = signed.at(-1)?.known;
    const known: Known = {
      ...shared,
      orders: [...orders, ...(others?.orders.slice(0, 2) ?? [])],
      bookings: [...own, ...(others?.bookings.slice(0, 2) ?? [])],
      tickets: [...tickets, ...(others?.tickets.slice(0, 1) ?? [])],
      keys: await keysOf(db, email),
      bookingNumbers: [...bookingNumbers, ...(others?.bookingNumbers.slice(0, 2) ?? [])],
      waitlist: [waiting.waitlist_id, ...(others?.waitlist.slice(0, 1) ?? [])],
    };
    signed.push({ name, token, key: name === 'organizer' ? TEST_KEY : undefined, basic: { email, password: PASSWORD }, known });
  }
  return [{ name: 'anonymous', token: undefined, known: signed[0]!.known }, ...signed];
}

/** An event and its seats as Hackload knows them. */
async function numbersOf(db: Kysely<DB>, eventId: string): Promise<{ event: number; seats: number[] }> {
  const { number } = await db.selectFrom('events').select('number').where('id', '=', eventId).executeTakeFirstOrThrow();
  const rows = await db
    .selectFrom('places')
    .select('number')
    .where('event_id', '=', eventId)
    .orderBy('number', 'desc')
    .limit(200)
    .execute();
  return { event: number, seats: rows.map((row) => row.number) };
}

/** Hackload's bookings of the account: ten, of which every second has two seats. */
async function bookingsOf(url: string, email: string, { event, seats }: { event: number; seats: number[] }): Promise<number[]> {
  const authorization = `Basic ${Buffer.from(`${email}:${PASSWORD}`).toString('base64')}`;
  const headers = { 'content-type': 'application/json', authorization };
  const send = (method: string, path: string, body: object) => fetch(url + path, { method, headers, body: JSON.stringify(body) });
  const made: number[] = [];
  for (let n = 0; n < 10; n++) {
    const { id } = (await (await send('POST', '/api/bookings', { event_id: event })).json()) as { id: number };
    made.push(id);
    for (const seat of n % 2 ? seats.splice(-2) : []) await send('PATCH', '/api/seats/select', { booking_id: id, seat_id: seat });
  }
  return made;
}

/** Ids of API keys of the account, which its requests may end. */
async function keysOf(db: Kysely<DB>, email: string): Promise<string[]> {
  const { id } = await db.selectFrom('accounts').select('id').where('email', '=', email).executeTakeFirstOrThrow();
  for (let n = 0; n < 20; n++) await make(db, id, { name: `Fuzz ${n}`, scopes: ['events'] });
  return (await list(db, id)).map((key) => key.id);
}

/** Orders of EasyTicket, of two tickets each: one waits, one is being paid, three are paid. */
async function order(url: string, token: string, event: string, type: string): Promise<string[]> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const post = async (path: string, body: unknown = {}) => {
    const response = await fetch(`${url}/api/orders/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new ClearError(`POST /api/orders/${path} answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as any;
  };
  const made: string[] = [];
  for (let n = 0; n < 5; n++) made.push((await post('', { event, items: [{ ticket_type_id: type, quantity: 2 }] })).id);
  await post(`${made[1]}/create-payment-intent/`);
  for (const id of made.slice(2)) await post(`${id}/confirm_payment/`);
  return made.reverse();
}

async function call(url: string, method: string, path: string, token?: string, body?: unknown): Promise<any> {
  const response = await fetch(`${url}/api/v1${path}`, {
    method,
    headers: { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(60_000),
  });
  const text = await response.text();
  if (!response.ok) throw new ClearError(`${method} ${path} answered ${response.status}: ${text}`);
  return text ? JSON.parse(text).data : undefined;
}
