// `npm run demo`: buys a ticket from the running stack as a customer would, tells the story, lets a hold expire, and ends at the door.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import QRCode from 'qrcode';
import Stripe from 'stripe';

const url = (process.env.PUBLIC_URL ?? `http://localhost:${process.env.PORT ?? 8000}`).replace(/\/$/, '');
const mailUrl = `http://localhost:${process.env.MAIL_HTTP_PORT ?? 1080}`;
const uiUrl = process.env.TEMPORAL_UI_URL ?? `http://localhost:${process.env.TEMPORAL_UI_PORT ?? 8233}`;
const standinUrl = process.env.STRIPE_STANDIN_URL ?? `http://localhost:${process.env.STANDIN_PORT ?? 12111}`;
/** The second buyer's event: its hold is short, so that the story has an end. */
const SHORT_HOLD = 10;

type Json = any;
const bold = (text: string) => `\x1b[1m${text}\x1b[0m`;
const say = (text = '') => console.log(text);
const chapter = (title: string) => say(`\n${bold(title)}`);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function api(method: string, path: string, token?: string, body?: unknown): Promise<Json> {
  const response = await fetch(url + path, {
    method,
    headers: {
      accept: 'application/json',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token ? { authorization: `Bearer ${token}` } : {}),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = (await response.json()) as Json;
  if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${answer?.error?.message ?? JSON.stringify(answer)}`);
  return answer;
}

const signIn = async (email: string) =>
  (await api('POST', '/api/v1/auth/login', undefined, { email, password: 'TestPass123!' })).data.access_token as string;

/** Asks until the answer is good, with a countdown line that is written over. */
async function watch<T>(ask: () => Promise<T>, good: (value: T) => boolean, line: (value: T) => string, seconds: number): Promise<T> {
  for (let i = 0; i < seconds * 2; i++) {
    const value = await ask();
    const done = good(value);
    if (process.stdout.isTTY) process.stdout.write(`\r  ${line(value)}\x1b[K${done ? '\n' : ''}`);
    else if (done || i % 4 === 0) say(`  ${line(value)}`);
    if (done) return value;
    await sleep(500);
  }
  throw new Error('that did not happen in time; the logs are in .billetter/logs');
}

function drawSeats(sections: Json[], free: Set<string>): void {
  for (const section of sections) {
    say(`  ${section.name}, ${section.rows[0]?.seats[0]?.price.toFixed(2)} each`);
    for (const row of section.rows)
      say(`    ${String(row.row).padStart(2)} ${row.seats.map((s: Json) => (free.has(s.id) ? '·' : '■')).join('')}`);
  }
}

const remaining = (until: string) => Math.max(0, Math.ceil((Date.parse(until) - Date.now()) / 1000));

/** Returns the code of the ticket. */
async function buyATicket(): Promise<string> {
  chapter('1. Browse');
  const token = await signIn('test@evently.com');
  const events = (await api('GET', '/api/v1/events?search=festival')).data;
  const event = events.find((e: Json) => e.name === 'Summer Music Festival') ?? events[0];
  say(
    `  ${event.name}, ${event.venue.name}, ${event.venue.city}, ${event.start_time}; ${event.available_seats} of ${event.capacity} seats free`,
  );

  chapter('2. Seat map');
  const map = (await api('GET', `/api/v1/events/${event.id}/seats?status=all`).catch(() => api('GET', `/api/v1/events/${event.id}/seats`)))
    .data;
  const free = (await api('GET', `/api/v1/events/${event.id}/seats`)).data;
  const freeIds = new Set<string>(free.sections.flatMap((s: Json) => s.rows.flatMap((r: Json) => r.seats.map((x: Json) => x.id))));
  drawSeats(map.sections, freeIds);
  const seat = free.sections.find((s: Json) => s.rows.length)?.rows[0].seats[0];
  if (!seat) throw new Error('the demo event is sold out; remove .billetter and start again');

  chapter('3. Hold');
  const { booking, payment_url } = (await api('POST', '/api/v1/bookings', token, { event_id: event.id, seat_ids: [seat.id] })).data;
  const place = booking.seats[0];
  say(
    `  ${booking.booking_code}: ${place.section} row ${place.row} seat ${place.seat_number}, ${booking.total_amount.toFixed(2)}, held for ${remaining(booking.expires_at)} s`,
  );
  say(`  the payment page, for a browser: ${url}${payment_url}`);

  chapter('4. Pay with card 4242 4242 4242 4242');
  const page = (await api('POST', payment_url, token)).data;
  await payByCard(page);
  const paid = await watch(
    async () => (await api('GET', `/api/v1/bookings/${booking.id}`, token)).data,
    (d) => (d.booking ?? d).status === 'confirmed',
    (d) => `webhook on its way; the booking is ${(d.booking ?? d).status}, ${remaining(booking.expires_at)} s left`,
    30,
  );

  chapter('5. Ticket');
  const ticket = (paid.booking ?? paid).tickets[0];
  say(await QRCode.toString(ticket.code, { type: 'terminal', small: true }));
  const folder = process.env.BILLETTER_DATA ?? '.billetter';
  mkdirSync(folder, { recursive: true });
  const pdf = await fetch(`${url}/api/v1/bookings/${booking.id}/tickets/${ticket.id}/ticket.pdf`, {
    headers: { authorization: `Bearer ${token}` },
  });
  const file = join(folder, `${booking.booking_code}.pdf`);
  writeFileSync(file, Buffer.from(await pdf.arrayBuffer()));
  say(`  code ${ticket.code}\n  PDF  ${file}`);

  chapter('6. Mail');
  const mails = await watch(
    async () => (await (await fetch(`${mailUrl}/api/messages?to=test@evently.com`)).json()) as Json[],
    (list) => list.some((m) => m.subject.includes(booking.booking_code)),
    (list) => list.find((m) => m.subject.includes(booking.booking_code))?.subject ?? 'waiting for it',
    30,
  );
  const mail = mails.find((m) => m.subject.includes(booking.booking_code));
  say(`  with ${mail.attachments.map((a: Json) => a.filename).join(', ')}; read it at ${mailUrl}`);
  say(`\n  What happened, step by step: ${uiUrl}/namespaces/default/workflows/${encodeURIComponent(`order/${booking.id}`)}`);
  return ticket.code;
}

/** What Stripe.js does on the payment page: the card goes to the provider, never to Billetter. */
async function payByCard(page: Json): Promise<void> {
  if (process.env.STRIPE_SECRET_KEY) {
    await new Stripe(process.env.STRIPE_SECRET_KEY).paymentIntents.confirm(page.payment_intent_id, { payment_method: 'pm_card_visa' });
    return;
  }
  const { hostname, port } = new URL(standinUrl);
  const browser = new Stripe(page.publishable_key, { host: hostname, port, protocol: 'http', telemetry: false });
  const method = await browser.paymentMethods.create({
    type: 'card',
    card: { number: '4242424242424242', exp_month: 12, exp_year: 2035, cvc: '123' },
  });
  await browser.paymentIntents.confirm(page.payment_intent_id, { payment_method: method.id, client_secret: page.client_secret } as never);
}

async function letAHoldExpire(): Promise<void> {
  chapter(`7. A second buyer lets a hold of ${SHORT_HOLD} s expire`);
  const organizer = await signIn('organizer@billetter.test');
  const venue = (await api('GET', '/api/v1/events?search=festival')).data[0].venue.id;
  const start = Date.now() + 40 * 86_400_000;
  const created = (
    await api('POST', '/api/v1/admin/events', organizer, {
      name: `Demo Matinee ${new Date().toISOString().slice(0, 16)}`,
      description: 'One row, short holds',
      venue_id: venue,
      start_time: new Date(start).toISOString(),
      end_time: new Date(start + 3_600_000).toISOString(),
      capacity: 5,
      hold_seconds: SHORT_HOLD,
      seat_configuration: { sections: [{ name: 'Row', rows: ['A'], seats_per_row: 5, price: 10 }] },
    })
  ).data;
  const eventId = created.id ?? created.event.id;
  const email = `second-${Date.now()}@example.test`;
  const second = (
    await api('POST', '/api/v1/auth/register', undefined, {
      email,
      password: 'TestPass123!',
      full_name: 'Second Buyer',
      phone: '+4512345678',
    })
  ).data;
  const seats = async () => (await api('GET', `/api/v1/events/${eventId}/seats`)).data;
  const seat = (await seats()).sections[0].rows[0].seats[2];
  const { booking } = (await api('POST', '/api/v1/bookings', second.access_token, { event_id: eventId, seat_ids: [seat.id] })).data;
  say(`  seat ${seat.seat_number} is held by ${booking.booking_code}; 4 of 5 are free`);
  await watch(
    seats,
    (d) => d.summary.total_available === 5,
    (d) => `${d.summary.total_available} of 5 free, the hold ends in ${remaining(booking.expires_at)} s`,
    SHORT_HOLD + 30,
  );
  const now = (await api('GET', `/api/v1/bookings/${booking.id}`, second.access_token)).data;
  say(`  the seat is back, the booking is ${(now.booking ?? now).status}: nobody had to do anything`);
}

/** The ticket is admitted, and a copy of it is not. */
async function atTheDoor(code: string): Promise<void> {
  chapter('8. At the door');
  const organizer = await signIn('organizer@billetter.test');
  for (const who of ['the buyer', 'somebody with a copy']) {
    const response = await fetch(`${url}/api/tickets/check-in/`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${organizer}` },
      // A hand scanner ends what it reads with a new line.
      body: JSON.stringify({ qr_code_data: `${code}\n` }),
    });
    const answer = (await response.json()) as Json;
    const expected = who === 'the buyer' ? 200 : 400;
    if (response.status !== expected) throw new Error(`the door answered ${response.status} to ${who}: ${answer.detail}`);
    const since = answer.checked_in_time ? `, at ${answer.checked_in_time}` : '';
    say(`  ${who}: ${answer.detail}${since}`);
  }
}

try {
  const code = await buyATicket();
  await letAHoldExpire();
  await atTheDoor(code);
  say(`\n${bold('That was Billetter.')} The door itself: ${url}/door/, API docs: ${url}/api/docs/\n`);
} catch (error) {
  const down = (error as { cause?: { code?: string } }).cause?.code === 'ECONNREFUSED';
  console.error(
    down ? `demo: nothing answers at ${url}: run \`npm start\` first, in another terminal` : `demo: ${(error as Error).message}`,
  );
  process.exitCode = 1;
}
