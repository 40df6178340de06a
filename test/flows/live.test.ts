// Live seats on the real stack: two gateways, real bookings, and workers that may die. Every screen checks each message against its own picture.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../../deploy/local/ports.ts';
import { type App, type Stack, startGateway, startStack, startWorker } from '../../deploy/local/stack.ts';
import { book, buyer, call, confirm, type Person, show, signIn, until } from '../support/client.ts';
import { seedStack } from '../support/globalStack.ts';
import { picture, type Screen, watch } from '../support/live.ts';
import { expectClean } from '../support/net.ts';

let stack: Stack;
let worker: App;
let urls: [string, string];
let people: Person[];
const env = { NODE_ENV: 'test', RATE_LIMITS: 'off' };

beforeAll(async () => {
  stack = await startStack({ ports: 'free', quiet: true });
  await seedStack(stack.databaseUrl);
  const started = await Promise.all([
    startGateway(stack, env),
    startGateway(stack, { ...env, PORT: String(await freePort()), LIVE_BUFFER_BYTES: '65536', LIVE_ORIGINS: 'https://tickets.example' }),
    startWorker(stack, env),
  ]);
  urls = [started[0].url, started[1].url];
  worker = started[2];
  people = await Promise.all(Array.from({ length: 6 }, () => buyer(urls[0])));
});
afterAll(async () => {
  if (stack) await expectClean(stack);
  await stack?.stop();
});

const NOMADS = 10;
const some = <T>(list: T[]): T => list[Math.floor(Math.random() * list.length)]!;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** What the database says now, by the API, of every seat that is not available. */
async function fresh(url: string, eventId: string): Promise<string[]> {
  const { body } = await call(url, 'GET', `/api/v1/events/${eventId}/seats?status=all`);
  const seats = body.data.sections.flatMap((s: any) => s.rows.flatMap((r: any) => r.seats));
  return picture(new Map(seats.filter((s: any) => s.status !== 'available').map((s: any) => [s.id, s.status])));
}

/** Waits until the screen shows what a fresh read says, and says so of nothing else. */
async function agree(screen: Screen, url: string, eventId: string, which = 'the screen'): Promise<void> {
  await until(
    `${which} shows what the database says`,
    async () => ({ screen: picture(screen.seats), read: await fresh(url, eventId) }),
    (seen) => JSON.stringify(seen.screen) === JSON.stringify(seen.read),
  );
  expect(screen.faults, which).toEqual([]);
}

const first = (screen: Screen, type: string) =>
  until(
    `a ${type} message`,
    async () => screen.messages.find((m) => m.type === type),
    (m) => m !== undefined,
  );

/** One customer's doings: books some seats, then lets go of them, pays, or forgets them. */
async function shop(eventId: string, seats: string[]): Promise<void> {
  const { token } = some(people);
  const wanted = [...new Set([some(seats), some(seats), some(seats)])].slice(0, 1 + Math.floor(Math.random() * 3));
  const url = some(urls);
  const answer = await call(url, 'POST', '/api/v1/bookings', { token, body: { event_id: eventId, seat_ids: wanted } });
  if (answer.status !== 201) return;
  const { id } = answer.body.data.booking;
  const what = Math.random();
  await pause(Math.random() * 500);
  if (what < 0.45) await call(some(urls), 'DELETE', `/api/v1/bookings/${id}`, { token });
  else if (what < 0.55) await confirm(url, token, id);
}

describe('live seats', () => {
  test('the messages of the seed: a snapshot, then held, booked and available again, with the count', async () => {
    const event = await show(urls[0], { seats: 5 });
    const screen = await watch(urls[0], event.id);
    const { data } = await first(screen, 'snapshot');
    expect(data).toMatchObject({ event_id: event.id, available_seats: 5, total_seats: 5, seats: { held: [], booked: [] } });
    const [{ token }] = people as [Person];
    const booking = await book(urls[1], token, event.id, [event.seats[0]!]);
    await until(
      'held',
      async () => screen.seats.get(event.seats[0]!),
      (s) => s === 'held',
    );
    expect((await confirm(urls[0], token, booking.id)).status).toBe(200);
    await until(
      'booked',
      async () => screen.seats.get(event.seats[0]!),
      (s) => s === 'booked',
    );
    expect(screen.messages.at(-1)).toEqual({
      type: 'seat_update',
      data: { seat_id: event.seats[0], status: 'booked', available_seats: 4, event_id: event.id, seq: expect.any(Number) },
    });
    await call(urls[1], 'DELETE', `/api/v1/bookings/${booking.id}`, { token });
    await until(
      'available',
      async () => screen.available,
      (n) => n === 5,
    );
    await agree(screen, urls[0], event.id);
    await screen.close();
  });

  test('a new seat plan: a new snapshot with the seats that came and without those that went; a cancelled event has none', async () => {
    const event = await show(urls[0], { seats: 3 });
    const screen = await watch(urls[0], event.id);
    await first(screen, 'snapshot');
    const token = await signIn(urls[1], 'organizer@billetter.test');
    const put = (body: object) => call(urls[1], 'PUT', `/api/v1/admin/events/${event.id}`, { token, body });
    const sections = [{ name: 'Floor', rows: ['A', 'B'], seats_per_row: 2, price: 50 }];
    expect((await put({ seat_configuration: { sections } })).status).toBe(200);
    const snapshot = (total: number) =>
      until(
        `a snapshot of ${total} seats`,
        async () => screen.messages.filter((m) => m.type === 'snapshot').at(-1)?.data.total_seats,
        (n) => n === total,
      );
    await snapshot(4);
    const after = await call(urls[0], 'GET', `/api/v1/events/${event.id}/seats`);
    const [rowA, rowB] = after.body.data.sections[0].rows;
    expect(rowA.seats.map((s: any) => s.id)).toEqual(event.seats.slice(0, 2));
    const [{ token: buyersToken }] = people as [Person];
    await book(urls[1], buyersToken, event.id, [rowB.seats[0].id]);
    await agree(screen, urls[0], event.id);
    expect(screen.seats.get(rowB.seats[0].id)).toBe('held');
    expect((await put({ status: 'cancelled' })).status).toBe(200);
    await snapshot(0);
    await screen.close();
  });

  test('no gaps under 200 customers at once, at two gateways, with holds that end by themselves', async () => {
    const event = await show(urls[0], { seats: 80, holdSeconds: 2 });
    const screens = await Promise.all([watch(urls[0], event.id), watch(urls[1], event.id)]);
    // Others leave and come back to the other gateway all the time: what they missed is found out while it goes on changing.
    const nomads = await Promise.all(Array.from({ length: NOMADS }, () => watch(urls[0], event.id)));
    for (const nomad of nomads) await first(nomad, 'snapshot');
    let shopping = true;
    const roam = async (_: Screen, n: number) => {
      for (let i = 1; shopping; i++) {
        await pause(Math.random() * 250);
        const from = nomads[n]!;
        await from.close();
        expect(from.faults).toEqual([]);
        nomads[n] = await watch(urls[i % 2]!, event.id, { from });
      }
    };
    const roaming = Promise.all(nomads.map(roam));
    await Promise.all(Array.from({ length: 200 }, () => pause(Math.random() * 3000).then(() => shop(event.id, event.seats))));
    shopping = false;
    await roaming;
    for (const nomad of nomads) expect((await first(nomad, 'resumed')) === nomad.messages[0]).toBe(true);
    for (const [i, screen] of screens.entries()) await agree(screen, urls[i]!, event.id, `screen ${i} that stayed`);
    for (const [i, nomad] of nomads.entries()) await agree(nomad, urls[0], event.id, `nomad ${i}`);
    for (const screen of screens) expect(screen.messages.filter((m) => m.type === 'snapshot')).toHaveLength(1);
    await Promise.all([...screens, ...nomads].map((s) => s.close()));
  });

  test('what was missed, and only that, at another gateway; a snapshot when the number is too old or of no use', async () => {
    const event = await show(urls[0], { seats: 6 });
    const before = await watch(urls[0], event.id);
    await first(before, 'snapshot');
    const [{ token }] = people as [Person];
    await book(urls[0], token, event.id, [event.seats[0]!]);
    await until(
      'held',
      async () => before.seats.size,
      (n) => n === 1,
    );
    await before.close();
    await book(urls[0], token, event.id, [event.seats[1]!]);
    const after = await watch(urls[1], event.id, { from: before });
    await agree(after, urls[1], event.id);
    expect(after.messages.map((m) => m.type)).toEqual(['resumed', ...after.messages.slice(1).map(() => 'seat_update')]);
    expect(picture(after.seats)).toEqual(picture(new Map(event.seats.slice(0, 2).map((id) => [id, 'held']))));
    await after.close();
    const future = await watch(urls[1], event.id, { subscribe: false });
    future.send({ action: 'subscribe', after: Number.MAX_SAFE_INTEGER });
    await first(future, 'snapshot');
    await future.close();
  });

  test('expiry is shown with every worker dead, and their release later changes nothing', async () => {
    const event = await show(urls[0], { seats: 2, holdSeconds: 10 });
    const screen = await watch(urls[1], event.id);
    await first(screen, 'snapshot');
    await book(urls[0], people[0]!.token, event.id, [event.seats[0]!]);
    await worker.kill('SIGKILL');
    await until(
      'held',
      async () => screen.seats.size,
      (n) => n === 1,
    );
    const away = await watch(urls[0], event.id);
    await first(away, 'snapshot');
    await away.close();
    await until(
      'free again',
      async () => screen.seats.size,
      (n) => n === 0,
    );
    // Who was away while the clock ended it, which no row tells, hears of it all the same.
    const back = await watch(urls[0], event.id, { from: away });
    await agree(back, urls[0], event.id);
    expect(back.messages.map((m) => m.type)).toEqual(['resumed', 'seat_update']);
    await worker.restart();
    const again = await book(urls[0], people[1]!.token, event.id, [event.seats[0]!]);
    await until(
      'held by another',
      async () => screen.seats.size,
      (n) => n === 1,
    );
    await call(urls[0], 'DELETE', `/api/v1/bookings/${again.id}`, { token: people[1]!.token });
    await until(
      'free',
      async () => screen.seats.size,
      (n) => n === 0,
    );
    expect(screen.messages.map((m) => m.data.status ?? m.type)).toEqual(['snapshot', 'held', 'available', 'held', 'available']);
    await agree(screen, urls[1], event.id);
    await Promise.all([screen.close(), back.close()]);
  });

  test('1013 for a reader who does not read', async () => {
    const event = await show(urls[0], { seats: 5000 });
    const { token } = people[0]!;
    for (let i = 0; i < 3000; i += 50) await book(urls[0], token, event.id, event.seats.slice(i, i + 50));
    const slow = await watch(urls[1], event.id);
    const other = await watch(urls[1], event.id);
    await first(slow, 'snapshot');
    slow.ws.pause();
    // Snapshots of 120 KB again and again, until the kernel's buffers are full too.
    for (let i = 0; i < 25; i++) slow.send({ action: 'subscribe' });
    const nag = setInterval(() => slow.ws.readyState === slow.ws.OPEN && slow.send({ action: 'subscribe' }), 210);
    await until(
      'the server gives it up',
      () => call(urls[1], 'GET', '/metrics').then((m) => /billetter_live_dropped_total (\d+)/.exec(String(m.body))?.[1]),
      (n) => Number(n) >= 1,
      120_000,
    );
    clearInterval(nag);
    slow.ws.resume();
    await until(
      'closed',
      async () => slow.closed,
      (c) => c !== undefined,
    );
    expect([1006, 1013]).toContain(slow.closed!.code);
    await agree(other, urls[1], event.id);
    await other.close();
  }, 300_000);
});

describe('refusals', () => {
  test('400-like errors for bad messages on a connection that stays; 1008 after ten, 1009 for a long one', async () => {
    const event = await show(urls[0], { seats: 1 });
    const screen = await watch(urls[0], event.id, { subscribe: false });
    const bad = ['nonsense', '[]', '{}', { action: 'buy' }, { action: 'subscribe', event_id: 7 }, { action: 'subscribe', after: -1 }];
    for (const message of bad) screen.send(message);
    screen.ws.send(Buffer.from([1, 2, 3]), { binary: true });
    screen.send({ action: 'ping' });
    await first(screen, 'pong');
    const errors = screen.messages.filter((m) => m.type === 'error');
    expect(errors).toHaveLength(7);
    for (const e of errors) expect(e.error).toMatchObject({ code: 'VALIDATION_ERROR', message: expect.any(String) });
    for (let i = 0; i < 3; i++) screen.send('nonsense');
    await until(
      'closed',
      async () => screen.closed?.code,
      (code) => code === 1008,
    );

    const long = await watch(urls[0], event.id, { subscribe: false });
    long.send({ action: 'subscribe', event_id: 'x'.repeat(5000) });
    await until(
      'closed',
      async () => long.closed?.code,
      (code) => code === 1009,
    );
    const chatty = await watch(urls[0], event.id, { subscribe: false });
    for (let i = 0; i < 100; i++) chatty.send({ action: 'ping' });
    await until(
      'closed',
      async () => chatty.closed?.code,
      (code) => code === 1008,
    );
  });

  test('EVENT_NOT_FOUND and 4404 for an unknown event, in the address or the message', async () => {
    const event = await show(urls[0], { seats: 1 });
    const unknown = '00000000-0000-4000-8000-000000000000';
    const lost = await watch(urls[0], unknown, { subscribe: false });
    await until(
      'closed',
      async () => lost.closed?.code,
      (code) => code === 4404,
    );
    expect(lost.messages[0]).toMatchObject({ type: 'error', error: { code: 'EVENT_NOT_FOUND' } });
    const wrong = await watch(urls[0], event.id, { subscribe: false });
    wrong.send({ action: 'subscribe', event_id: unknown });
    await until(
      'closed',
      async () => wrong.closed?.code,
      (code) => code === 4404,
    );
    await expect(watch(urls[0], 'a/b')).rejects.toThrow('404');
  });

  test('403 for a page of another site, unless it is configured', async () => {
    const event = await show(urls[0], { seats: 1 });
    await expect(watch(urls[0], event.id, { origin: 'https://evil.example' })).rejects.toThrow('403');
    await expect(watch(urls[0], event.id, { origin: 'null' })).rejects.toThrow('403');
    for (const [url, origin] of [
      [urls[0], urls[0]],
      [urls[1], 'https://tickets.example'],
    ] as const) {
      const screen = await watch(url, event.id, { origin });
      await first(screen, 'snapshot');
      await screen.close();
    }
  });
});
