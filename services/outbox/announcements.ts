// What is announced to the webhooks of an event's organizer: a delivery is written for each endpoint that listens, with the change itself.
import { randomUUID } from 'node:crypto';
import { type RawBuilder, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';

/** What an endpoint can listen to. */
export const WEBHOOK_EVENTS = [
  'registration.created',
  'registration.cancelled',
  'ticket.validated',
  'capacity.reached',
  'waitlist.added',
  'ticket.resent', // addition to the seed
] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

/** What all of them tell, in the words of the API whose webhooks they are: its ids, its names. */
export type AnnouncedData = { registrationId: string; participantId: string; eventId: string; ticketType: string };

/** What a resent ticket tells besides: whoever gets it can send the ticket to its participant. */
export type ResentData = AnnouncedData & { ticketId: string; ticketCode: string };

/**
 * `id`: the announcement's, by which receivers know a repeat. A caller that may run twice for one and the same thing gives one that is the same
 * both times; left out, it is a new one.
 */
export type Announcement = { id?: string; event: WebhookEvent; at: Date; data: AnnouncedData };

/**
 * Announces something about the event (the core's id of it) to those endpoints of its organizer that listen, as part of the transaction in
 * which it happens. Each endpoint gets an announcement's id once, however often this is repeated. Where nobody listens nothing is written.
 */
export async function announceTo(tx: Transaction<DB>, eventId: string, announcements: Announcement | Announcement[]): Promise<void> {
  const rows = [announcements]
    .flat()
    .map(({ id, event, at, data }) => ({ id: id ?? randomUUID(), event, payload: bodyOf(event, at, data) }));
  if (!rows.length) return;
  await announcingTo(
    sql`select ${eventId}::uuid as event_id, a.id, a.event, a.payload from json_to_recordset(${JSON.stringify(rows)}::json) as a (id uuid, event text, payload json)`,
  ).execute(tx);
}

/** The body of a webhook as a statement makes it: `at` a timestamptz, `data` json of AnnouncedData. */
export const bodyIn = (event: WebhookEvent, at: RawBuilder<unknown>, data: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`json_build_object('event', ${event}::text, 'timestamp', to_char(${at} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), 'data', ${data})`;

/** What a test event is called, which every endpoint takes: no receiver can mistake it for something that has happened. */
export const TEST_EVENT = 'webhook.test';

/** Announces a test event to one endpoint. @returns the delivery's id */
export async function announceTest(tx: Transaction<DB>, endpoint: string): Promise<string> {
  const data: AnnouncedData = { registrationId: 'test', participantId: 'test-participant-001', eventId: 'test', ticketType: 'standard' };
  const payload = JSON.stringify(bodyOf(TEST_EVENT, new Date(), data));
  const { rows } = await sql<{ id: string }>`insert into webhook_deliveries (endpoint_id, announcement_id, event, payload, hand_at)
    values (${endpoint}::uuid, gen_random_uuid(), ${TEST_EVENT}, ${payload}::json, now()) returning id`.execute(tx);
  return rows[0]!.id;
}

/** The body of a webhook: the seed's, with its time to the second. */
const bodyOf = (event: string, at: Date, data: object) => ({ event, timestamp: `${at.toISOString().slice(0, 19)}Z`, data });

/**
 * The same as the part of a statement, for what happens in one round trip: `rows` selects event_id (the core's), id (the announcement's), event
 * (a WebhookEvent) and payload (json: event, timestamp, data). Endpoints are found by one look into an index for each row. What is written to a
 * paused endpoint is not handed on: resuming does that.
 */
export const announcingTo = (rows: RawBuilder<unknown>): RawBuilder<unknown> =>
  sql`insert into webhook_deliveries (endpoint_id, announcement_id, event, payload, hand_at)
    select w.id, a.id, a.event, a.payload, case when w.paused_at is null then now() end
    from (${rows}) a join events v on v.id = a.event_id
    join webhook_endpoints w on w.account_id = v.organizer_id and w.disabled_at is null and a.event = any(w.events)
    on conflict (endpoint_id, announcement_id) do nothing`;
