// A customer's and an organizer's hands on the Evently API, and the look into mail and database that tests need.
import { randomBytes } from 'node:crypto';
import { createRemoteConform } from './conform.ts';

const conform = createRemoteConform();

export type Answer = { status: number; body: any; headers: Headers };

/** One JSON request. Never throws on a status; undefined bodies stay undefined. */
export async function call(
  url: string,
  method: string,
  path: string,
  options: { token?: string; body?: unknown; raw?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  const response = await fetch(url + path, {
    method,
    headers: {
      accept: 'application/json',
      ...(options.body !== undefined || options.raw !== undefined ? { 'content-type': 'application/json' } : {}),
      ...(options.token ? { authorization: `Bearer ${options.token}` } : {}),
      ...options.headers,
    },
    body: options.raw ?? (options.body === undefined ? undefined : JSON.stringify(options.body)),
    redirect: 'manual',
  });
  const text = await response.text();
  const json = response.headers.get('content-type')?.includes('json');
  const body = json && text ? JSON.parse(text) : text;
  await conform(url, { method, path, status: response.status, body: json ? body : undefined });
  return { status: response.status, body, headers: response.headers };
}

export type Person = { email: string; token: string; id: string };

/** A new buyer with a session. */
export async function buyer(url: string): Promise<Person> {
  const email = `buyer-${randomBytes(6).toString('hex')}@example.test`;
  const answer = await call(url, 'POST', '/api/v1/auth/register', {
    body: { email, password: 'TestPass123!', full_name: 'Berta Buyer', phone: '+4512345678' },
  });
  if (answer.status !== 201) throw new Error(`register answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return { email, token: answer.body.data.access_token, id: answer.body.data.user.id };
}

/** Signs a seeded account in. */
export async function signIn(url: string, email: string): Promise<string> {
  const answer = await call(url, 'POST', '/api/v1/auth/login', { body: { email, password: 'TestPass123!' } });
  if (answer.status !== 200) throw new Error(`login answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body.data.access_token;
}

export type Show = { id: string; seats: string[] };

/** A new published event of one section with so many seats at 50.00, and the ids of its seats in order. */
export async function show(url: string, options: { seats?: number; holdSeconds?: number } = {}): Promise<Show> {
  const token = await signIn(url, 'organizer@billetter.test');
  const events = await call(url, 'GET', '/api/v1/events?search=Summer%20Music%20Festival');
  const count = options.seats ?? 10;
  const created = await call(url, 'POST', '/api/v1/admin/events', {
    token,
    body: {
      name: `Show ${randomBytes(4).toString('hex')}`,
      description: 'made by a test',
      venue_id: events.body.data[0].venue.id,
      start_time: new Date(Date.now() + 20 * 86_400_000).toISOString(),
      end_time: new Date(Date.now() + 20 * 86_400_000 + 3_600_000).toISOString(),
      capacity: count,
      ...(options.holdSeconds && { hold_seconds: options.holdSeconds }),
      seat_configuration: { sections: [{ name: 'Floor', rows: ['A'], seats_per_row: count, price: 50 }] },
    },
  });
  if (created.status !== 201) throw new Error(`create event answered ${created.status}: ${JSON.stringify(created.body)}`);
  const id = created.body.data.id ?? created.body.data.event.id;
  return { id, seats: await freeSeats(url, id) };
}

/** From now on a booking of the event holds its seats so long. */
export async function holdFor(url: string, eventId: string, seconds: number): Promise<void> {
  const token = await signIn(url, 'organizer@billetter.test');
  const answer = await call(url, 'PUT', `/api/v1/admin/events/${eventId}`, { token, body: { hold_seconds: seconds } });
  if (answer.status !== 200) throw new Error(`change event answered ${answer.status}: ${JSON.stringify(answer.body)}`);
}

export async function freeSeats(url: string, eventId: string): Promise<string[]> {
  const answer = await call(url, 'GET', `/api/v1/events/${eventId}/seats`);
  return answer.body.data.sections.flatMap((s: any) => s.rows.flatMap((r: any) => r.seats.map((seat: any) => seat.id)));
}

/** Books seats; the booking as the API shows it. Fails on anything but 201. */
export async function book(url: string, token: string, eventId: string, seats: string[]): Promise<any> {
  const answer = await call(url, 'POST', '/api/v1/bookings', { token, body: { event_id: eventId, seat_ids: seats } });
  if (answer.status !== 201) throw new Error(`booking answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body.data.booking;
}

/** Confirms a booking with a Stripe test token, as a patient customer: 503 says that nothing was charged and to try again (a Temporal that stalls on a busy machine). */
export async function confirm(url: string, token: string, bookingId: string, card = 'tok_visa'): Promise<Answer> {
  const body = { payment_method: 'credit_card', payment_details: { token: card } };
  for (let tries = 1; ; tries++) {
    const answer = await call(url, 'POST', `/api/v1/bookings/${bookingId}/confirm`, { token, body });
    if (answer.status !== 503 || tries === 5) return answer;
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

/** Asks again and again until the answer is good, for at most `ms`; fails with what it last saw. */
export async function until<T>(what: string, ask: () => Promise<T>, good: (value: T) => boolean, ms = 120_000): Promise<T> {
  const end = Date.now() + ms;
  for (;;) {
    const value = await ask();
    if (good(value)) return value;
    if (Date.now() > end) throw new Error(`${what} did not come true; last seen: ${JSON.stringify(value)?.slice(0, 1500)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** The booking as its owner sees it. */
export const read = async (url: string, token: string, bookingId: string) => {
  const { body } = await call(url, 'GET', `/api/v1/bookings/${bookingId}`, { token });
  return body.data?.booking ?? body.data;
};

/** The mails somebody has received, newest first. */
export async function mailsTo(
  mailUrl: string,
  address: string,
): Promise<{ subject: string; text: string; attachments: { filename: string; contentType: string; size: number }[] }[]> {
  const response = await fetch(`${mailUrl}/api/messages?to=${encodeURIComponent(address)}`);
  return (await response.json()) as never;
}
