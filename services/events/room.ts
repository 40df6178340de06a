// The room an event has for participants: its offers, how much of it is taken, who may wait, and until when one may register.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB, EventStatus } from '../../db/tables.ts';
import { fullName } from '../inventory/offerNames.ts';
import * as offers from '../inventory/offers.ts';
import { isFree } from '../inventory/places.ts';
import { announceTo } from '../outbox/announcements.ts';
import { registrationCode } from '../shared/codes.ts';
import { despiteDeadlocks } from '../shared/deadlocks.ts';
import { type Capacity, DomainError, invalidField } from '../shared/errors.ts';
import { idOf } from '../shared/ids.ts';
import { named } from './events.ts';

/** An event of an organizer's own. `deadline`: until when one may register, null as long as places are sold; `closed`: it is past. */
export type Room = {
  id: string;
  slug: string;
  status: EventStatus;
  over: boolean;
  waitlist: boolean;
  deadline: Date | null;
  closed: boolean;
  offers: { id: string; name: string; full_name: string }[];
};

const setting = (name: 'waitlist' | 'deadline') => sql`(e.settings -> 'registrations' ->> ${sql.lit(name)})`;

/**
 * The event of this id or slug, if it is this organizer's.
 * @throws DomainError event_not_found
 */
export async function find(db: Kysely<DB> | Transaction<DB>, accountId: string, idOrSlug: string): Promise<Room> {
  const { rows } = await sql<Room>`
    select e.id, e.slug::text as slug, e.status, e.ends_at <= now() as over, coalesce(${setting('waitlist')}::boolean, false) as waitlist,
      ${setting('deadline')}::timestamptz as deadline, coalesce(${setting('deadline')}::timestamptz <= now(), false) as closed,
      (select coalesce(json_agg(json_build_object('id', o.id, 'name', o.name, 'full_name', ${fullName('o', 't')}) order by o.number), '[]')
        from offers o left join offers t on t.id = o.pool_id and t.is_pool
        where o.event_id = e.id and not o.is_pool and not o.details ? 'withdrawn') as offers
    from events e where ${named(idOrSlug)} and e.organizer_id = ${accountId}::uuid`.execute(db);
  if (!rows[0]) throw new DomainError('event_not_found', 'There is no such event of yours.', { eventId: idOrSlug });
  return rows[0];
}

/** `available`: for whoever comes by now; none while somebody waits for it. `taken`: sold or held, through whichever API. `waiting`: people in line. */
export type Figures = { total: number; taken: number; available: number; waiting: number };

/** The offers that have places of their own: what is for sale is one of them, or draws on it. Those that are closed count for what is taken. */
const topOffers = (eventId: string) =>
  sql`(select o.id from offers o where o.event_id = ${eventId}::uuid and o.pool_id is null and o.is_active)`;

/** How much of the event's room is taken, counted from its places in one statement, so that the figures fit each other. */
export async function figures(db: Kysely<DB> | Transaction<DB>, eventId: string): Promise<Figures> {
  const { rows } = await sql<Figures>`
    select p.total, p.taken, (select coalesce(sum(f."left"), 0)::int from ${offers.figures(topOffers(eventId))} f) as available,
      (select count(*)::int from waitlist_entries w where w.event_id = ${eventId}::uuid and w.in_line) as waiting
    from (select count(*) filter (where o.is_active or not (${isFree('x')}))::int as total, count(*) filter (where not (${isFree('x')}))::int as taken
      from places x join offers o on o.id = x.offer_id where x.event_id = ${eventId}::uuid) p`.execute(db);
  return rows[0]!;
}

/** The same for a refusal: of the offer if its own cap is what is reached, else of the event. */
export async function capacityOf(db: Kysely<DB>, room: Room, offerId: string): Promise<Capacity & { of: 'event' | 'offer' }> {
  const { total, taken } = await figures(db, room.id);
  const { rows } = await sql<{ total: number; taken: number }>`
    select count(*)::int as total, count(*) filter (where not (${isFree('x')}))::int as taken from (
      select s.order_id, s.held_until, s.sold_at from slots s where s.offer_id = ${offerId}::uuid
      union all select p.order_id, p.held_until, p.sold_at from places p where p.offer_id = ${offerId}::uuid) x`.execute(db);
  const own = rows[0]!;
  const isOwn = taken < total && own.total > 0 && own.taken >= own.total;
  return { ...(isOwn ? own : { total, taken }), waitlist: room.waitlist, of: isOwn ? 'offer' : 'event' };
}

/** What is left out stays as it is; a deadline of null is none. */
export type Changes = { total?: number; waitlist?: boolean; deadline?: Date | null };

/** More than this is no number of people anywhere, and one request cannot fill the disk. */
const MAX_TOTAL = 250_000;

/**
 * Changes an event's room, all of it or nothing. More places go to those who wait first; fewer than are taken are refused.
 * @throws DomainError event_not_found | invalid (total) | event_fixed (cancelled, over, or more is taken)
 */
export async function change(db: Kysely<DB>, accountId: string, idOrSlug: string, changes: Changes): Promise<Room> {
  return despiteDeadlocks(() =>
    db.transaction().execute(async (tx) => {
      const room = await find(tx, accountId, idOrSlug);
      await sql`select from events where id = ${room.id}::uuid for no key update`.execute(tx);
      const because = room.status === 'cancelled' ? 'cancelled' : room.over ? 'over' : undefined;
      if (because)
        throw new DomainError('event_fixed', `The event is ${because}: nothing of it changes any more.`, { fields: {}, because });

      if (changes.total !== undefined) await resize(tx, room.id, changes.total);
      const { waitlist, deadline } = changes;
      const set = {
        ...(waitlist !== undefined && { waitlist }),
        ...(deadline !== undefined && { deadline: deadline?.toISOString() ?? null }),
      };
      await sql`update events set capacity = greatest(capacity, ${changes.total ?? 0}::int), updated_at = now(),
          settings = settings || jsonb_build_object('registrations', coalesce(settings -> 'registrations', '{}') || ${JSON.stringify(set)}::jsonb)
        where id = ${room.id}::uuid`.execute(tx);
      return find(tx, accountId, room.id);
    }),
  );
}

/** One number says how large an event is only where all of its offers draw on one stock. */
async function resize(tx: Transaction<DB>, eventId: string, total: number): Promise<void> {
  if (total < 1 || total > MAX_TOTAL) throw invalidField('total', `It is from 1 to ${MAX_TOTAL}.`);
  const { rows } = await sql<{ id: string }>`${topOffers(eventId)}`.execute(tx);
  const { total: before } = await figures(tx, eventId);
  if (rows.length !== 1) {
    if (before === total) return;
    const message = rows.length
      ? `Each of the event's ${rows.length} ticket types has places of its own, ${before} in all: their quantities are changed where they were made.`
      : 'The event has no ticket types yet.';
    throw invalidField('total', message);
  }
  const offer = (await offers.lock(tx, rows[0]!.id))!;
  if (offer.seated) {
    const message = 'Its seats are numbered: their number is changed by the seat plan of the event.';
    if (before !== total) throw new DomainError('event_fixed', message, { fields: { total: message }, because: 'planned' });
    return;
  }
  await offers.resize(tx, offer, total);
}

/**
 * Announces that the event is full, if it is: called after whoever took a place has committed. Of several who take the last places at once
 * the last to commit sees a full event, and all who see one and the same full event name it by the same order, the latest to have come: so
 * it is told once each time that it becomes full. A place that goes to the line was never free for anybody else, so promotions do not count.
 * Where a caller dies before this, its request is repeated and asks again.
 */
export async function tellIfFull(db: Kysely<DB>, eventId: string): Promise<void> {
  const { rows } = await sql<{ id: string; number: number; participant: string; slug: string; type: string; at: Date }>`
    select o.id, o.number, o.participant_ref as participant, e.slug::text as slug, f.name as type, o.created_at as at
    from orders o join events e on e.id = o.event_id join order_items i on i.order_id = o.id join offers f on f.id = i.offer_id
    where o.event_id = ${eventId}::uuid and o.participant_ref is not null and o.status = 'confirmed'
      and not exists (select from waitlist_entries w where w.order_id = o.id)
      and not exists (select from offers s cross join lateral (
        select from places p where p.offer_id = s.id and ${isFree('p')} order by p.position limit 1) free where s.id in ${topOffers(eventId)})
    order by o.created_at desc, o.id limit 1`.execute(db);
  const last = rows[0];
  if (!last) return;
  const data = { registrationId: registrationCode(last), participantId: last.participant, eventId: last.slug, ticketType: last.type };
  await db
    .transaction()
    .execute((tx) => announceTo(tx, eventId, { id: idOf(`capacity.reached/${last.id}`), event: 'capacity.reached', at: last.at, data }));
}
