// The waitlist over HTTP on a stack of its own (its worker is killed here): joining, offers by mail and text, deadlines, groups, leaving, a storm.
import { Client, Connection } from '@temporalio/client';
import { Worker } from '@temporalio/worker';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../db/connect.ts';
import type { DB } from '../../db/tables.ts';
import { type App, type Stack, startGateway, startStack, startWorker } from '../../deploy/local/stack.ts';
import * as waitlist from '../../services/waitlist/waitlist.ts';
import { workflowsPath } from '../../worker/bundle.ts';
import { mailWorkflowId, waitlistWorkflowId } from '../../workflows/messages.ts';
import { type Answer, book, buyer, call, confirm, mailsTo, type Person, type Show, show, signIn, until } from '../support/client.ts';
import { seedStack } from '../support/globalStack.ts';
import { saveHistory } from '../support/histories.ts';
import { watch } from '../support/live.ts';
import { expectClean } from '../support/net.ts';

let stack: Stack;
let worker: App;
let db: Kysely<DB>;
let url: string;
let owner: Person;

beforeAll(async () => {
  stack = await startStack({ ports: 'free', quiet: true });
  await seedStack(stack.databaseUrl);
  const env = { NODE_ENV: 'test', RATE_LIMITS: 'off', WAITLIST_OFFER_SECONDS_FAR: '600', WAITLIST_OFFER_SECONDS_NEAR: '8' };
  [, worker] = await Promise.all([startGateway(stack, env), startWorker(stack, env)]);
  db = connect({ url: stack.databaseUrl, max: 4, name: 'billetter-test' });
  url = stack.gatewayUrl;
  owner = await buyer(url);
});
afterAll(async () => {
  await db?.destroy();
  if (stack) await expectClean(stack);
  await stack?.stop();
});

/** A show with every seat sold to `owner`, one booking a seat. */
async function soldOut(seats: number): Promise<{ id: string; bookings: string[] }> {
  const event = await show(url, { seats });
  const bookings: string[] = [];
  for (const seat of event.seats) {
    const { id } = await book(url, owner.token, event.id, [seat]);
    expect((await confirm(url, owner.token, id)).status).toBe(200);
    bookings.push(id);
  }
  return { id: event.id, bookings };
}
/** So near that offers are short. */
const moveNear = (eventId: string) => sql`update events set starts_at = now() + interval '1 day' where id = ${eventId}::uuid`.execute(db);
const join = (who: Person, eventId: string, more: object = {}): Promise<Answer> =>
  call(url, 'POST', '/api/v1/waitlist/join', { token: who.token, body: { event_id: eventId, ...more } });
const look = async (who: Person, id: string) => (await call(url, 'GET', `/api/v1/waitlist/${id}`, { token: who.token })).body.data;
const offered = (who: Person, id: string) =>
  until(
    'an offer',
    () => look(who, id),
    (e) => e.status === 'offered',
  );
const cancel = async (who: Person, booking: string) =>
  expect((await call(url, 'DELETE', `/api/v1/bookings/${booking}`, { token: who.token })).status).toBe(200);
const temporal = async () => new Client({ connection: await Connection.connect({ address: stack.temporalAddress }) });
const people = (n: number) => Promise.all(Array.from({ length: n }, () => buyer(url)));

describe('joining', () => {
  test('409 WAITLIST_SEATS_AVAILABLE while enough seats are to be had; 201 for more of them than there are', async () => {
    const event = await show(url, { seats: 3 });
    await book(url, owner.token, event.id, event.seats.slice(0, 2));
    const [anna] = await people(1);
    const refused = await join(anna!, event.id);
    expect([refused.status, refused.body.error.code]).toEqual([409, 'WAITLIST_SEATS_AVAILABLE']);
    expect((await join(anna!, event.id, { quantity: 2 })).status).toBe(201);
    for (const quantity of [0, 4, 51]) expect((await join(owner, event.id, { quantity })).status).toBe(400);
    expect((await join(owner, event.id, { price_tier: 'Balcony' })).status).toBe(400);
  });

  test('201 with the position, 200 and the same entry when asked again, 403 and 404 for others, 204 to leave', async () => {
    const { id } = await soldOut(1);
    const [anna, carl] = await people(2);
    const first = await join(anna!, id, { notification_preferences: { email: true, sms: true } });
    expect(first.status).toBe(201);
    expect(first.body.data).toMatchObject({
      position: 1,
      event: { id },
      estimated_wait_time: expect.stringMatching(/^(unknown|\d|less|longer)/),
    });
    const second = await join(carl!, id);
    expect(second.body.data.position).toBe(2);
    const again = await Promise.all([join(carl!, id), join(carl!, id)]);
    expect(again.map((a) => [a.status, a.body.data.waitlist_id])).toEqual(again.map(() => [200, second.body.data.waitlist_id]));

    const path = `/api/v1/waitlist/${first.body.data.waitlist_id}`;
    for (const method of ['GET', 'DELETE']) {
      expect((await call(url, method, path, { token: carl!.token })).status).toBe(403);
      expect((await call(url, method, '/api/v1/waitlist/17', { token: carl!.token })).status).toBe(404);
    }
    expect((await call(url, 'DELETE', path, { token: anna!.token })).status).toBe(204);
    expect((await call(url, 'DELETE', path, { token: anna!.token })).status).toBe(204);
    expect(await look(anna!, first.body.data.waitlist_id)).toMatchObject({ status: 'left', position: null, offer: null });
    expect((await look(carl!, second.body.data.waitlist_id)).position).toBe(1);
  });

  test('400 for texts without a phone, 404 for no event', async () => {
    const { id } = await soldOut(1);
    const [anna] = await people(1);
    await db.updateTable('accounts').set({ phone: null }).where('id', '=', anna!.id).execute();
    const answer = await join(anna!, id, { notification_preferences: { email: false, sms: true } });
    expect([answer.status, answer.body.error.code]).toEqual([400, 'VALIDATION_ERROR']);
    expect((await join(anna!, anna!.id)).status).toBe(404);
  });

  test('the estimate is made of what happened: here, then at similar events', async () => {
    const { id } = await soldOut(1);
    await sql`with ended as (insert into orders (event_id, account_id, status, total_minor, currency, expires_at, ended_at)
        select ${id}::uuid, ${owner.id}::uuid, 'expired', 0, 'USD', now(), now() from generate_series(0, 9) returning id, event_id, account_id)
      insert into waitlist_entries (order_id, event_id, account_id, in_line, created_at, offered_at)
      select id, event_id, account_id, false, now() - interval '10 days', now() - (row_number() over () - 1) * interval '1 day' from ended`.execute(
      db,
    );
    const [anna] = await people(1);
    expect((await join(anna!, id)).body.data.estimated_wait_time).toMatch(/^19-3[01] hours$/); // ten in ten days
    const similar = await soldOut(1); // the same venue and organizer
    expect((await join(anna!, similar.id)).body.data.estimated_wait_time).toMatch(/^\d+-\d+ (hours|days)$/);
  });
});

describe('a release', () => {
  test('is offered to the first by mail and text, kept from walk-ins, paid, and becomes tickets', async () => {
    const event = await soldOut(1);
    const [anna, carl, walker] = await people(3);
    const entry = (await join(anna!, event.id, { notification_preferences: { email: true, sms: true } })).body.data;
    const behind = (await join(carl!, event.id, { notification_preferences: { email: false, sms: false } })).body.data;
    await cancel(owner, event.bookings[0]!);
    const { body } = await call(url, 'GET', `/api/v1/events/${event.id}/seats?status=all`);
    const seat = body.data.sections[0].rows[0].seats[0].id;
    const late = await call(url, 'POST', '/api/v1/bookings', { token: walker!.token, body: { event_id: event.id, seat_ids: [seat] } });
    expect([late.status, late.body.error.code]).toEqual([409, 'BOOKING_SEATS_UNAVAILABLE']);

    const { offer } = await offered(anna!, entry.waitlist_id);
    expect(Date.parse(offer.expires_at) - Date.parse(offer.offered_at)).toBe(600_000); // not the event's own 300 s
    expect(offer.payment_url).toBe(`/api/v1/payments/initiate/${offer.booking_id}`);
    expect(await look(carl!, behind.waitlist_id)).toMatchObject({ status: 'waiting', position: 1 });
    const mails = await until(
      'the mail',
      () => mailsTo(stack.mailUrl, anna!.email),
      (m) => m.length > 0,
    );
    expect(mails[0]!.text).toContain(`${url}${offer.payment_url}`);
    const texts = await until(
      'the text',
      () => call(stack.mailUrl, 'GET', '/api/sms?to=%2B4512345678'),
      (a) => a.body.some((t: any) => t.body.includes(offer.booking_id)),
    );
    const told = texts.body.filter((t: any) => t.body.includes(offer.booking_id));
    expect(told).toHaveLength(1);
    expect(told[0].body).toMatch(/ held for you until \w{3} \d+ \w{3} \d{4}, \d\d:\d\d E[DS]T\. Pay: http/); // the venue is in New York
    expect((await call(stack.mailUrl, 'GET', '/sms')).body).toContain('Billetter texts');

    expect((await confirm(url, anna!.token, offer.booking_id)).status).toBe(200);
    expect((await look(anna!, entry.waitlist_id)).status).toBe('accepted');
    expect(await mailsTo(stack.mailUrl, carl!.email)).toEqual([]);
  });

  test('an offer not taken in time goes to the next, a declined one too', async () => {
    const event = await soldOut(1);
    await moveNear(event.id);
    const crowd = await people(3);
    const ids: string[] = [];
    for (const who of crowd) ids.push((await join(who, event.id)).body.data.waitlist_id);
    await cancel(owner, event.bookings[0]!);
    await offered(crowd[0]!, ids[0]!);
    await offered(crowd[1]!, ids[1]!); // when that is over
    expect((await look(crowd[0]!, ids[0]!)).status).toBe('expired');
    await sql`update events set starts_at = now() + interval '20 days' where id = ${event.id}::uuid`.execute(db);
    const rejoined = await join(crowd[0]!, event.id);
    expect([rejoined.status, rejoined.body.data.position]).toEqual([201, 2]);
    const { offer } = await offered(crowd[2]!, ids[2]!);
    expect((await call(url, 'DELETE', `/api/v1/waitlist/${ids[2]}`, { token: crowd[2]!.token })).status).toBe(204);
    expect((await look(crowd[2]!, ids[2]!)).status).toBe('left');
    expect((await call(url, 'GET', `/api/v1/bookings/${offer.booking_id}`, { token: crowd[2]!.token })).body.data.booking.status).toBe(
      'cancelled',
    );
    await offered(crowd[0]!, rejoined.body.data.waitlist_id);
  });

  test('a group is passed over until its seats are there at once, and keeps its place', async () => {
    const event = await soldOut(4);
    const [group, single] = await people(2);
    const first = (await join(group!, event.id, { quantity: 2 })).body.data.waitlist_id;
    const second = (await join(single!, event.id)).body.data.waitlist_id;
    await cancel(owner, event.bookings[0]!);
    await offered(single!, second);
    expect(await look(group!, first)).toMatchObject({ status: 'waiting', position: 1 });
    await cancel(owner, event.bookings[1]!);
    await cancel(owner, event.bookings[2]!);
    const { offer } = await offered(group!, first);
    const { booking } = (await call(url, 'GET', `/api/v1/bookings/${offer.booking_id}`, { token: group!.token })).body.data;
    expect(booking.seats.map((s: any) => s.seat_number)).toEqual(['2', '3']);
  });
});

describe('what others see', () => {
  /** An event of one seat, which `owner` holds, with offers of eight seconds; a screen that follows, and one person in line. */
  async function lastSeat(holdSeconds: number) {
    const event = await show(url, { seats: 1, holdSeconds });
    await moveNear(event.id);
    const booking = await book(url, owner.token, event.id, event.seats);
    const [anna] = await people(1);
    const entry = (await join(anna!, event.id)).body.data.waitlist_id as string;
    const screen = await watch(url, event.id);
    await until(
      'a snapshot',
      async () => screen.messages.length,
      (n) => n > 0,
    );
    return { event, booking, anna: anna!, entry, screen };
  }

  /** How many seats each reader says are to be had. */
  async function counts(event: Show): Promise<number[]> {
    const get = async (path: string) => (await call(url, 'GET', `/api/v1/events${path}`)).body;
    const { data: own } = await get(`/${event.id}`);
    const seats = await get(`/${event.id}/seats?status=available`);
    const listed = async (more: string) => (await get(`?search=${encodeURIComponent(own.name)}${more}`)).data;
    return [
      own.available_seats,
      ...own.price_tiers.map((tier: any) => tier.available),
      seats.data.sections.flatMap((s: any) => s.rows.flatMap((r: any) => r.seats)).length,
      seats.data.summary.total_available,
      (await listed(''))[0].available_seats,
      (await listed('&available=true')).length,
    ];
  }

  /** Reads until all say that there is one; whenever any says so, the offer is over. */
  async function watchUntilFree({ event, anna, entry, screen }: Awaited<ReturnType<typeof lastSeat>>, over: string): Promise<void> {
    await until(
      'the seat is to be had',
      async () => {
        const heard = screen.seats.size === 0;
        const read = await counts(event);
        if (heard || read.some((n) => n > 0)) expect((await look(anna, entry)).status).toBe(over);
        return [heard ? 1 : 0, ...read];
      },
      (read) => read.every((n) => n === 1),
    );
    expect(screen.messages.map((m) => m.data.status ?? m.type)).toEqual(['snapshot', 'available']);
    expect(screen.faults).toEqual([]);
    await screen.close();
  }

  test('a hold that ends by the clock while somebody waits: held, through the offer, and available when that is over too', async () => {
    const scene = await lastSeat(10);
    await watchUntilFree(scene, 'expired');
    expect((await look(scene.anna, scene.entry)).offer.booking_id).toBeDefined();
  });

  test('a booking cancelled while somebody waits: held, through the offer, and available when that is declined', async () => {
    const scene = await lastSeat(600);
    await cancel(owner, scene.booking.id);
    await offered(scene.anna, scene.entry);
    expect((await counts(scene.event)).every((n) => n === 0)).toBe(true);
    expect((await call(url, 'DELETE', `/api/v1/waitlist/${scene.entry}`, { token: scene.anna.token })).status).toBe(204);
    await watchUntilFree(scene, 'left');
  });
});

describe('a cancelled event', () => {
  test('is told to everybody who waits, once and as each wished, and their wait is over', async () => {
    const event = await soldOut(1);
    const [anna, carl, gone] = await people(3);
    const waits = (await join(anna!, event.id, { notification_preferences: { email: true, sms: true } })).body.data.waitlist_id;
    await join(carl!, event.id, { notification_preferences: { email: false, sms: false } });
    const left = (await join(gone!, event.id)).body.data.waitlist_id;
    expect((await call(url, 'DELETE', `/api/v1/waitlist/${left}`, { token: gone!.token })).status).toBe(204);
    const organizer = await signIn(url, 'organizer@billetter.test');
    const body = { status: 'cancelled', reason: 'The singer is ill' };
    expect((await call(url, 'PUT', `/api/v1/admin/events/${event.id}`, { token: organizer, body })).status).toBe(200);

    const [mail] = await until(
      'the mail',
      () => mailsTo(stack.mailUrl, anna!.email),
      (m) => m.length > 0,
    );
    const { name } = (await call(url, 'GET', `/api/v1/events/${event.id}`)).body.data;
    expect(mail).toMatchObject({ subject: `${name} is cancelled`, text: expect.stringContaining('The singer is ill') });
    const texts = () =>
      call(stack.mailUrl, 'GET', '/api/sms?to=%2B4512345678').then((a) => a.body.filter((t: any) => t.body.includes(name)));
    expect(await until('the text', texts, (t) => t.length > 0)).toEqual([
      expect.objectContaining({ body: `${name} is cancelled, and its waitlist is closed.` }),
    ]);
    expect(await look(anna!, waits)).toMatchObject({ status: 'expired', position: null, offer: null });
    expect((await look(gone!, left)).status).toBe('left');

    const { id } = await sql<{ id: string }>`select id from mails where recipient = ${anna!.email} and sent_at is not null`
      .execute(db)
      .then(({ rows }) => rows[0]!);
    const client = await temporal();
    const handle = client.workflow.getHandle(mailWorkflowId(id));
    expect(await handle.result()).toBe('sent');
    const history = await handle.fetchHistory();
    await Worker.runReplayHistory({ workflowsPath }, history, mailWorkflowId(id));
    if (process.env.SAVE_HISTORIES) saveHistory('mail-of-no-order', history);
    await client.connection.close();
    for (const who of [carl!, gone!]) expect(await mailsTo(stack.mailUrl, who.email)).toEqual([]);
    expect([await mailsTo(stack.mailUrl, anna!.email), await texts()].map((all) => all.length)).toEqual([1, 1]);
  });
});

describe('workers that die', () => {
  const offeredOf = async (eventId: string) =>
    (await db.selectFrom('waitlist_entries').select('id').where('event_id', '=', eventId).where('offered_at', 'is not', null).execute())
      .length;

  test('a hold nobody ends is offered by the clock, with no orders worker alive', async () => {
    const [anna] = await people(1);
    const event = await show(url, { seats: 1, holdSeconds: 10 });
    await book(url, owner.token, event.id, event.seats);
    const { waitlist_id } = (await join(anna!, event.id)).body.data;
    const client = await temporal();
    await until(
      'its workflow runs',
      async () =>
        (
          await client.workflow
            .getHandle(waitlistWorkflowId(event.id))
            .fetchHistory()
            .catch(() => undefined)
        )?.events?.length ?? 0,
      (events) => events > 10,
    );
    await worker.kill('SIGKILL');
    const inventory = await startWorker(stack, { NODE_ENV: 'test' }, 'inventory');
    await until(
      'an offer',
      () => look(anna!, waitlist_id),
      (e) => e.status === 'offered',
    );
    await inventory.stop();
    await worker.restart();
    await client.connection.close();
  }, 300_000);

  test('500 seats at once with the worker killed in the middle: the first 500 in line have one each, the rest wait', async () => {
    const event = await show(url, { seats: 500 });
    const bookings: string[] = [];
    for (let i = 0; i < 500; i += 50) {
      const { id } = await book(url, owner.token, event.id, event.seats.slice(i, i + 50));
      expect((await confirm(url, owner.token, id)).status).toBe(200);
      bookings.push(id);
    }
    const crowd = await sql<{ id: string }>`insert into accounts (email, password_hash)
      select 'storm-' || n || '@example.test', 'none' from generate_series(1, 510) n returning id`.execute(db);
    for (const { id } of crowd.rows) {
      const notify = { email: false, sms: false };
      await waitlist.join(db, { accountId: id, eventId: event.id, quantity: 1, notify, maxPlaces: 50, smsAvailable: true });
    }
    await Promise.all(bookings.map((id) => cancel(owner, id)));
    // Whenever the worker is killed, it has not come past the 450th: whose row is held here until then.
    await db.transaction().execute(async (tx) => {
      await sql`select from waitlist_entries where account_id = ${crowd.rows[449]!.id}::uuid for update`.execute(tx);
      await until(
        'some offers',
        async () => {
          await sql`select 1`.execute(tx); // a transaction that says nothing for 30 seconds is ended
          return offeredOf(event.id);
        },
        (n) => n > 20,
      );
      await worker.kill('SIGKILL');
    });
    const half = await offeredOf(event.id);
    expect(half).toBeLessThan(500);
    await worker.restart();
    await until(
      'every seat is offered',
      () => offeredOf(event.id),
      (n) => n === 500,
      240_000,
    );
    const { rows } = await sql<{ status: string; account_id: string }>`
      select o.status, w.account_id from waitlist_entries w join orders o on o.id = w.order_id where w.event_id = ${event.id}::uuid order by w.seq`.execute(
      db,
    );
    expect(rows.map((r) => r.account_id)).toEqual(crowd.rows.map((r) => r.id));
    expect(rows.map((r) => r.status)).toEqual([...Array(500).fill('pending'), ...Array(10).fill('waiting')]);
    const held = await sql<{ orders: number; places: number; owners: number }>`
      select count(distinct o.id)::int as orders, count(distinct i.place_id)::int as places, count(distinct o.account_id)::int as owners
      from orders o join order_items i on i.order_id = o.id where o.event_id = ${event.id}::uuid and o.status = 'pending'`.execute(db);
    expect(held.rows[0]).toEqual({ orders: 500, places: 500, owners: 500 });

    const client = await temporal();
    const history = await client.workflow.getHandle(waitlistWorkflowId(event.id)).fetchHistory();
    await Worker.runReplayHistory({ workflowsPath }, history, waitlistWorkflowId(event.id)); // throws where the code would act otherwise
    if (process.env.SAVE_HISTORIES) saveHistory('waitlist-a-storm-with-the-worker-killed', history);
    await client.connection.close();
  }, 600_000);
});
