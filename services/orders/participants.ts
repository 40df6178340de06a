// Orders of participants: people an organizer's programs register under ids of their own. How they are read, and who hears of them.
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { DB, OrderStatus } from '../../db/tables.ts';
import { announceTo, type WebhookEvent } from '../outbox/announcements.ts';
import { registrationCode } from '../shared/codes.ts';
import { DomainError } from '../shared/errors.ts';
import { uuids } from '../shared/ids.ts';

/** From so many members on a team has its discount. */
export const TEAM_FROM = 4;

/** Offers that are for teams, by their names: "team", "Team ticket". */
export const isForTeams = (name: string): boolean => /^team\b/i.test(name);
const forTeams = (alias: string) => sql<boolean>`${sql.ref(`${alias}.name`)} ~* '^team\\M'`;

/** A team is known by its name, however that is written. As the index orders_team has it. */
const teamOf = (alias: string) => sql`lower(btrim(${sql.ref(`${alias}.details`)} ->> 'teamName'))`;

export type Details = Record<string, unknown>;

/** A participant's order with all that is told of it. */
export type ParticipantView = {
  id: string;
  number: number;
  participant: string;
  status: OrderStatus;
  details: Details;
  /** When it was made; of one that waited first, when it began to. */
  registered_at: Date;
  ended_at: Date | null;
  event: { id: string; slug: string };
  /** What it is of, or waits for; null for whoever waits for anything. */
  offer: { id: string; name: string; price_minor: number; currency: string } | null;
  /** Its times are ISO texts. */
  ticket: { id: string; code: string; issued_at: string; checked_in_at: string | null } | null;
  /** In the event's line, from 1. */
  position: number | null;
  /** Of an offer for teams: how many of this team are confirmed, this one included. */
  team: { name: string; members: number } | null;
};

/** The offer of a participant's order `o`: its item's, or the one it waits for, by its entry `w`. */
const offerOf = sql`coalesce((select i.offer_id from order_items i where i.order_id = o.id order by i.id limit 1), w.offer_id)`;

const members = sql`(select count(*)::int from orders m join order_items mi on mi.order_id = m.id join offers mf on mf.id = mi.offer_id and ${forTeams('mf')}
  where m.event_id = o.event_id and m.participant_ref is not null and m.status = 'confirmed' and m.details ->> 'teamName' is not null and ${teamOf('m')} = ${teamOf('o')})`;

const view = sql`
  select o.id, o.number, o.participant_ref as participant, o.status, o.details, coalesce(w.created_at, o.created_at) as registered_at, o.ended_at,
    json_build_object('id', e.id, 'slug', e.slug) as event,
    case when f.id is not null then json_build_object('id', f.id, 'name', f.name, 'price_minor', f.price_minor, 'currency', f.currency) end as offer,
    (select json_build_object('id', t.id, 'code', t.code, 'issued_at', t.issued_at, 'checked_in_at', t.checked_in_at) from tickets t
      where t.order_id = o.id and t.voided_at is null limit 1) as ticket,
    case when w.in_line then (select count(*)::int + 1 from waitlist_entries b where b.event_id = w.event_id and b.in_line and b.seq < w.seq) end as position,
    case when ${forTeams('f')} then json_build_object('name', o.details ->> 'teamName', 'members', ${members}) end as team
  from orders o join events e on e.id = o.event_id left join waitlist_entries w on w.order_id = o.id left join offers f on f.id = ${offerOf}`;

/** The participants of an organizer's own events; nobody else's are there for them. */
const ofOrganizer = (accountId: string) => sql`o.participant_ref is not null and e.organizer_id = ${accountId}::uuid`;

/**
 * The order of this number, of an event of this organizer.
 * @throws DomainError order_not_found
 */
export async function findByNumber(
  db: Kysely<DB> | Transaction<DB>,
  accountId: string,
  number: number | undefined,
): Promise<ParticipantView> {
  const { rows } = await sql<ParticipantView>`${view} where o.number = ${number ?? null} and ${ofOrganizer(accountId)}`.execute(db);
  if (!rows[0]) throw new DomainError('order_not_found', 'There is no such registration.', {});
  return rows[0];
}

/** The order of this id; undefined if there is none. */
export async function find(db: Kysely<DB> | Transaction<DB>, orderId: string): Promise<ParticipantView | undefined> {
  const { rows } = await sql<ParticipantView>`${view} where o.id = ${orderId}::uuid and o.participant_ref is not null`.execute(db);
  return rows[0];
}

/** Which participants a list is of. `below`: those with a number under it. */
export type Listed = { eventId?: string; statuses?: OrderStatus[]; participant?: string; below?: number; limit: number };

/** One page of an organizer's participants, the newest first. */
export async function list(db: Kysely<DB>, accountId: string, o: Listed): Promise<ParticipantView[]> {
  const matches: RawBuilder<unknown>[] = [
    ofOrganizer(accountId),
    // Each of them is made in the name of the event's organizer: said for the index.
    o.eventId === undefined ? sql`o.account_id = ${accountId}::uuid` : sql`o.event_id = ${o.eventId}::uuid`,
    ...(o.statuses ? [sql`o.status = any(array[${sql.join(o.statuses)}]::order_status[])`] : []),
    ...(o.participant === undefined ? [] : [sql`o.participant_ref = ${o.participant}`]),
    ...(o.below === undefined ? [] : [sql`o.number < ${o.below}::bigint`]),
  ];
  // Which orders is found first, so that what is told of them is looked up for one page alone.
  const page = sql`select o.id from orders o join events e on e.id = o.event_id where ${sql.join(matches, sql` and `)} order by o.number desc limit ${o.limit}`;
  const { rows } = await sql<ParticipantView>`${view} where o.id in (${page}) order by o.number desc`.execute(db);
  return rows;
}

/** Writes what the organizer keeps about a participant, in place of what there was. Its order must be locked. */
export async function describe(tx: Transaction<DB>, orderId: string, details: Details): Promise<void> {
  await sql`update orders set details = ${JSON.stringify(details)}::jsonb where id = ${orderId}::uuid`.execute(tx);
}

/** Announces something of participants' orders, all of one event, to its organizer's webhooks. `id`: see announceTo. */
export async function tell(tx: Transaction<DB>, event: WebhookEvent, orderIds: string[], id?: string): Promise<void> {
  const { rows } = await sql<{ event_id: string; slug: string; number: number; participant: string; type: string | null; at: Date }>`
    select o.event_id, e.slug::text as slug, o.number, o.participant_ref as participant, f.name as type, now() as at
    from orders o join events e on e.id = o.event_id left join waitlist_entries w on w.order_id = o.id left join offers f on f.id = ${offerOf}
    where o.id = any(${uuids(orderIds)}) and o.participant_ref is not null order by o.number`.execute(tx);
  if (!rows[0]) return;
  const said = rows.map(({ at, ...row }) => ({
    ...(id && { id }),
    event,
    at,
    data: { registrationId: registrationCode(row), participantId: row.participant, eventId: row.slug, ticketType: row.type ?? ANY_TYPE },
  }));
  await announceTo(tx, rows[0].event_id, said);
}

/** What is waited for where what was wished is sold no more (waitlist.wishForAny). */
export const ANY_TYPE = 'any';
