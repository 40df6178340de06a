// Announcements to webhooks: a delivery for each endpoint that listens, with the change or not at all, and once however often it is repeated.
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';
import { type Announcement, announceTo, announcingTo, type WebhookEvent } from '../../services/outbox/announcements.ts';
import { freshDatabase } from '../support/database.ts';
import { person, show } from '../support/made.ts';

let db: Kysely<DB>;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ db, close } = await freshDatabase());
});
afterAll(() => close?.());

/** An event of an organizer, and a way to make endpoints of theirs. */
async function organized() {
  const owner = await person(db, 'organizer');
  const event = await show(db);
  await db.updateTable('events').set({ organizer_id: owner.id }).where('id', '=', event.id).execute();
  const endpoint = async (events: WebhookEvent[], more: { paused_at?: Date; disabled_at?: Date; disabled_because?: string } = {}) => {
    const row = { account_id: owner.id, url: 'https://x.test/', secret: '-', events, created_by: 'test', ...more };
    return (await db.insertInto('webhook_endpoints').values(row).returning('id').executeTakeFirstOrThrow()).id;
  };
  return { event: event.id, endpoint };
}

const told = (event: WebhookEvent = 'registration.created'): Announcement => ({
  event,
  at: new Date('2026-11-26T10:30:00.123Z'),
  data: { registrationId: 'reg-1', participantId: 'p-1', eventId: 'hack', ticketType: 'standard' },
});

const announce = (eventId: string, what: Announcement | Announcement[]) => db.transaction().execute((tx) => announceTo(tx, eventId, what));

const deliveriesOf = (endpoint: string) => db.selectFrom('webhook_deliveries').selectAll().where('endpoint_id', '=', endpoint).execute();

test('each endpoint that listens to the event gets it, with one id for all; its body is the seed s', async () => {
  const { event, endpoint } = await organized();
  const [both, one, other] = [
    await endpoint(['registration.created', 'waitlist.added']),
    await endpoint(['registration.created']),
    await endpoint(['waitlist.added']),
  ];
  await announce(event, told());
  const [a] = await deliveriesOf(both);
  const [b] = await deliveriesOf(one);
  expect(await deliveriesOf(other)).toEqual([]);
  expect(a!.announcement_id).toBe(b!.announcement_id);
  const { rows } = await sql<{ body: string }>`select payload::text as body from webhook_deliveries where id = ${a!.id}::uuid`.execute(db);
  expect(rows[0]!.body).toBe(
    '{"event":"registration.created","timestamp":"2026-11-26T10:30:00Z","data":{"registrationId":"reg-1","participantId":"p-1","eventId":"hack","ticketType":"standard"}}',
  );
  expect(a!.hand_at).not.toBeNull();
});

test('what is announced again under the same id is not written again; many are one call', async () => {
  const { event, endpoint } = await organized();
  const here = await endpoint(['registration.created']);
  const again = { ...told(), id: randomUUID() };
  await announce(event, again);
  await announce(event, [again, told(), told()]);
  expect(await deliveriesOf(here)).toHaveLength(3);
  await announce(event, []);
});

test('nothing is written where nobody listens: of another organizer, of nobody, disabled; nor when the change is undone', async () => {
  const { event, endpoint } = await organized();
  await endpoint(['registration.created'], { disabled_at: new Date(), disabled_because: 'gone' });
  const elsewhere = await organized();
  await elsewhere.endpoint(['registration.created']);
  const nobodys = await show(db);
  const before = await deliveriesInAll();
  await announce(event, told());
  await announce(nobodys.id, told());
  expect(await deliveriesInAll()).toBe(before);
  const undone = db.transaction().execute(async (tx) => {
    await announceTo(tx, elsewhere.event, told());
    throw new Error('undone');
  });
  await expect(undone).rejects.toThrow('undone');
  expect(await deliveriesInAll()).toBe(before);
});

test('a paused endpoint keeps what is announced, and nothing is handed on', async () => {
  const { event, endpoint } = await organized();
  const here = await endpoint(['registration.created'], { paused_at: new Date() });
  await announce(event, told());
  expect((await deliveriesOf(here)).map((d) => d.hand_at)).toEqual([null]);
});

test('as part of a statement: one round trip with what happens', async () => {
  const { event, endpoint } = await organized();
  const here = await endpoint(['ticket.validated']);
  const rows = sql`select e.id as event_id, gen_random_uuid() as id, 'ticket.validated' as event, json_build_object('event', 'ticket.validated') as payload from renamed e`;
  await sql`with renamed as (update events set name = 'New' where id = ${event}::uuid returning id) ${announcingTo(rows)}`.execute(db);
  expect(await deliveriesOf(here)).toHaveLength(1);
});

const deliveriesInAll = async () => (await db.selectFrom('webhook_deliveries').select('id').execute()).length;
