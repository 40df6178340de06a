// The statement that admits: scans in, what each came to out, in one round trip for one scan or a hundred.
import { type RawBuilder, sql } from 'kysely';
import { fullName } from '../inventory/offerNames.ts';
import { announcingTo, bodyIn } from '../outbox/announcements.ts';
import { registrationCodeIn } from '../shared/codes.ts';

/**
 * What a scan came to. Of a ticket that was used and is void now it is void: it has been paid back. `not_paid`: the code of an order that
 * has no tickets, because its money has not come or went back. `turned_away`: it would have been admitted, but the gate, which had no
 * network, had sent them away.
 */
export type Outcome =
  | 'admitted'
  | 'already_used'
  | 'void'
  | 'not_paid'
  | 'event_cancelled'
  | 'event_over'
  | 'other_event'
  | 'turned_away'
  | 'unknown_code';

/** What a scanned code is of. `holder` is who it was bought for; the place's three parts are null where it has no number. */
export type ScannedFacts = {
  event_id: string;
  event: string;
  number: number;
  created_at: string;
  code_prefix: string | null;
  confirmed_at: string | null;
  buyer: string;
  holder: string;
  offer: string | null;
  section: string | null;
  row: string | null;
  seat: string | null;
};

/** A genuine code, or a ticket named by hand, as the statement reads it. `at` null: now. */
export type Asked = {
  id: string;
  ticketId: string | null;
  orderId: string | null;
  nonce: string | null;
  at: Date | null;
  letIn: boolean | null;
};

export type AdmissionRow = {
  /** Which of the scans, by its index. */
  n: number;
  outcome: Outcome;
  /** Whether the scanner may admit to the code's event. Where not, nothing was done and nothing may be told. */
  may: boolean;
  ticket_id: string | null;
  order_id: string;
  people: number;
  at: Date;
  let_in: boolean | null;
  used_at: Date | null;
  used_by: string | null;
  used_gate: string | null;
  facts: ScannedFacts;
  /** False: this scanner's nonce has an answer already, and nothing was done. */
  noted: boolean;
};

/** Who scans where: `eventId` is the only event that admits here, if it is given. */
export type Where = { accountId: string; admin: boolean; eventId: string | null; gate: string | null };

/** A scan is told at most so late; a clock that is further off is not believed. */
const LATEST = sql`interval '7 days'`;

/** What a code of the order is of: of one ticket, or of the first of the order's. Its own aliases are o, e, a, t, k, f, kind, p. */
export const factsOf = (orderId: RawBuilder<unknown>, ticketId: RawBuilder<unknown>): RawBuilder<unknown> => sql`(
  select json_build_object('event_id', e.id, 'event', e.name, 'number', o.number, 'created_at', o.created_at, 'code_prefix', o.code_prefix,
    'confirmed_at', o.confirmed_at, 'buyer', coalesce(o.buyer_name, a.full_name), 'holder', coalesce(t.holder_name, o.buyer_name, a.full_name),
    'offer', case when f.id is not null then ${fullName('f', 'kind')} end, 'section', p.section, 'row', p.row_label, 'seat', p.seat_label)
  from orders o join events e on e.id = o.event_id join accounts a on a.id = o.account_id
  left join lateral (select * from tickets k where k.order_id = o.id and (${ticketId} is null or k.id = ${ticketId}) order by k.number limit 1) t on true
  left join offers f on f.id = t.offer_id left join offers kind on kind.id = f.pool_id and kind.is_pool left join places p on p.id = t.place_id
  where o.id = ${orderId})`;

/**
 * One part of all scans as an SQL array. Of a single scan it is written with its one element: with the array as a parameter Postgres would
 * plan the statement anew at every call (services/shared/ids.ts uuids).
 */
function column(asked: Asked[], key: keyof Asked, type: string): RawBuilder<unknown> {
  const values = asked.map((a) => a[key]).map((v) => (v instanceof Date ? v.toISOString() : v));
  return values.length === 1 ? sql`array[${values[0]}]::${sql.raw(type)}[]` : sql`${values}::${sql.raw(type)}[]`;
}

/** Who comes in is announced, if an organizer's program registered them: in the same commit, once for each scan. It reads `decided` and `noted`. */
const validated = sql`
  select d.event_id, d.id, 'ticket.validated' as event, ${bodyIn(
    'ticket.validated',
    sql`d.at`,
    sql`json_build_object('registrationId', ${registrationCodeIn('o')}, 'participantId', o.participant_ref, 'eventId', v.slug, 'ticketType',
      (select f.name from order_items i join offers f on f.id = i.offer_id where i.order_id = o.id order by i.id limit 1))`,
  )} as payload
  from decided d join noted m on m.id = d.id join orders o on o.id = d.of_order and o.participant_ref is not null join events v on v.id = d.event_id
  where d.outcome = 'admitted'`;

/**
 * Admits, or says why not. The tickets that are scanned are locked: who comes at the same instant waits, and then sees what became of them.
 * Of several scans of one ticket in the same call the earliest admits. Exported so that the benchmark can put exactly this statement beside
 * pgbench's raw limit.
 */
export const admissionStatement = (
  asked: Asked[],
  { accountId, admin, eventId, gate }: Where,
): RawBuilder<AdmissionRow> => sql<AdmissionRow>`
with asked as materialized (
  select a.n::int, a.id, a.ticket_id, a.order_id, a.nonce, a.let_in, greatest(least(coalesce(a.at, now()), now()), now() - ${LATEST}) as at
  from unnest(${column(asked, 'id', 'uuid')}, ${column(asked, 'ticketId', 'uuid')}, ${column(asked, 'orderId', 'uuid')}, ${column(asked, 'nonce', 'text')},
    ${column(asked, 'at', 'timestamptz')}, ${column(asked, 'letIn', 'boolean')}) with ordinality as a (id, ticket_id, order_id, nonce, at, let_in, n)),
scanned as materialized (
  select a.*, o.id as of_order, o.event_id, ${admin}::boolean or e.organizer_id is not distinct from ${accountId}::uuid as may,
    case when ${eventId}::uuid is not null and e.id <> ${eventId}::uuid then 'other_event' when e.status = 'cancelled' then 'event_cancelled' end as stop,
    e.ends_at <= a.at as over
  from asked a join orders o on o.id = coalesce(a.order_id, (select t.order_id from tickets t where t.id = a.ticket_id)) join events e on e.id = o.event_id),
seen as materialized (
  select t.id, t.order_id, t.voided_at, t.checked_in_at, t.checked_in_by, t.checked_in_gate from tickets t
  where t.id in (select s.ticket_id from scanned s where s.ticket_id is not null
    union all select k.id from scanned s join tickets k on k.order_id = s.order_id)
  order by t.id for update of t),
covered as materialized (
  select s.n, s.at, t.id, t.voided_at, t.checked_in_at, t.checked_in_by, t.checked_in_gate, t.voided_at is null and t.checked_in_at is null as fresh,
    s.may and s.stop is null and not s.over and s.let_in is distinct from false
      and not exists (select from check_ins c where c.account_id = ${accountId}::uuid and c.nonce = s.nonce) as admits
  from scanned s join seen t on t.order_id = s.of_order and (s.ticket_id is null or s.ticket_id = t.id)),
firsts as materialized (select distinct on (id) id, n, at from covered where fresh and admits order by id, at, n),
decided as materialized (
  select s.*, c.mine, case when s.stop is not null then s.stop when c.tickets = 0 then 'not_paid' when c.live = 0 then 'void'
      when c.fresh = 0 then 'already_used' when s.over then 'event_over' when s.let_in is false and c.taken < c.fresh then 'turned_away' when c.mine = 0 then 'already_used' else 'admitted' end as outcome,
    c.used_at, c.used_by, c.used_gate
  from scanned s cross join lateral (
    select count(*) as tickets, count(*) filter (where c.voided_at is null) as live, count(*) filter (where c.fresh) as fresh,
      count(*) filter (where f.n = s.n) as mine, count(*) filter (where (f.at, f.n) < (s.at, s.n)) as taken, min(coalesce(c.checked_in_at, f.at)) as used_at,
      (array_agg(case when c.checked_in_at is null then ${accountId}::uuid else c.checked_in_by end order by coalesce(c.checked_in_at, f.at)))[1] as used_by,
      (array_agg(case when c.checked_in_at is null then ${gate}::text else c.checked_in_gate end order by coalesce(c.checked_in_at, f.at)))[1] as used_gate
    from covered c left join firsts f on f.id = c.id where c.n = s.n) c),
noted as (
  insert into check_ins (id, ticket_id, order_id, event_id, account_id, nonce, outcome, at, gate, let_in, people)
  select id, ticket_id, order_id, event_id, ${accountId}::uuid, nonce, outcome, at, ${gate}::text, let_in, case when outcome = 'admitted' then mine else 0 end from decided where may
  on conflict (account_id, nonce) where nonce is not null do nothing returning id),
let_in as (
  update tickets t set checked_in_at = f.at, checked_in_by = ${accountId}::uuid, checked_in_gate = ${gate}::text
  from firsts f join decided d on d.n = f.n join noted m on m.id = d.id where t.id = f.id and d.outcome = 'admitted'),
told as (${announcingTo(validated)})
select d.n, d.outcome, d.may, d.ticket_id, d.of_order as order_id, case when d.outcome = 'admitted' then d.mine else 0 end::int as people, d.at, d.let_in,
  case when d.outcome = 'admitted' then d.at else d.used_at end as used_at,
  (select email::text from accounts where id = case when d.outcome = 'admitted' then ${accountId}::uuid else d.used_by end) as used_by,
  case when d.outcome = 'admitted' then ${gate}::text else d.used_gate end as used_gate, ${factsOf(sql`d.of_order`, sql`d.ticket_id`)} as facts,
  exists (select from noted m where m.id = d.id) as noted
from decided d order by d.n`;

/** The answers that this scanner's nonces got before. A gate that let somebody in since, without having heard the answer, is written down. */
export const answersStatement = (asked: Asked[], accountId: string) => sql<
  Omit<AdmissionRow, 'n' | 'may' | 'noted'> & { nonce: string; asked_ticket: string | null; asked_order: string | null }
>`
with told as (
  update check_ins c set let_in = true from unnest(${column(asked, 'nonce', 'text')}, ${column(asked, 'letIn', 'boolean')}) as a (nonce, let_in)
  where c.account_id = ${accountId}::uuid and c.nonce = a.nonce and a.let_in and c.let_in is distinct from true returning c.id)
select c.nonce, c.outcome, c.ticket_id, mine.id as order_id, c.people, c.at, c.let_in or exists (select from told where told.id = c.id) as let_in,
  case when c.outcome = 'admitted' then c.at else u.at end as used_at, a.email::text as used_by, case when c.outcome = 'admitted' then c.gate else u.gate end as used_gate,
  ${factsOf(sql`mine.id`, sql`c.ticket_id`)} as facts, c.ticket_id as asked_ticket, c.order_id as asked_order
from check_ins c left join tickets t on t.id = c.ticket_id join orders mine on mine.id = coalesce(c.order_id, t.order_id)
left join lateral (select k.checked_in_at as at, k.checked_in_gate as gate, k.checked_in_by as by from tickets k
  where k.order_id = mine.id and (c.ticket_id is null or k.id = c.ticket_id) and k.checked_in_at is not null order by k.checked_in_at limit 1) u on true
left join accounts a on a.id = case when c.outcome = 'admitted' then c.account_id else u.by end
where c.account_id = ${accountId}::uuid and c.nonce = any(${column(asked, 'nonce', 'text')})`;
