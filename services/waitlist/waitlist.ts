// The waitlist as people use it: join, read, leave. Offers are made in waitlistOffers.ts.
//
// The rules. An event has one line, in order of joining (seq). While somebody waits for a kind of place, ordinary claims of that
// kind are refused (by the claim itself), so that places which become free go to the line; every reader shows them as held. They are
// offered to the first entry whose whole group fits; a group that does not fit is passed over and keeps its place. An offer that is
// not taken in time ends the entry. An entry whose account is blocked (accounts/blocks.ts) keeps its place too, gets no offer and holds
// nothing back: it is as if it were not there until the block is lifted.
//
// An entry is a place in the line and a wish. What became of it is the state of its order, which waits, is placed by the offer, and ends
// as any order does. `in_line` repeats that the order waits. It is written only in the transaction that moves the order.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { isBlocked, refusedTo } from '../accounts/blocks.ts';
import { isFree, isOnSale, isWaitedFor } from '../inventory/places.ts';
import { cancel } from '../orders/cancel.ts';
import * as waiting from '../orders/waiting.ts';
import { announcing } from '../outbox/outbox.ts';
import { textable } from '../outbox/texts.ts';
import { holdIsOver } from '../payments/attempts.ts';
import { type MostAtOnce, mostIn } from '../payments/prices.ts';
import { DomainError, invalidField } from '../shared/errors.ts';
import { decimal } from '../shared/money.ts';

export type EntryStatus = 'waiting' | 'offered' | 'accepted' | 'expired' | 'left';

export type EntryView = {
  id: string;
  account_id: string;
  /** Read from the order and the clock: an offer that was paid reads accepted, one past its deadline expired. */
  status: EntryStatus;
  quantity: number;
  tier: string | null;
  notify_email: boolean;
  notify_sms: boolean;
  created_at: Date;
  /** The order that waits. With the offer it becomes the booking that is to be paid. */
  order_id: string;
  offered_at: Date | null;
  offer_expires_at: Date | null;
  /** People before this one who wait for the same places, plus one; null once it does not wait. */
  position: number | null;
  /** Places those people and this one want together. */
  places_ahead: number;
  event: { id: string; name: string; starts_at: Date };
};

/** The status of an entry whose order is `o`. */
const status = sql<EntryStatus>`case
    when o.confirmed_at is not null then 'accepted'
    when o.status = 'waiting' then 'waiting'
    when o.status = 'pending' and not ${holdIsOver} then 'offered'
    when o.status = 'cancelled' then 'left' else 'expired' end`;

const view = sql`
  select w.id, w.account_id, w.quantity, f.name as tier, w.notify_email, w.notify_sms, w.created_at, w.order_id, w.offered_at, o.expires_at as offer_expires_at,
    ${status} as status, case when w.in_line then before.people + 1 end as position, before.places + w.quantity as places_ahead,
    json_build_object('id', e.id, 'name', e.name) as event, e.starts_at
  from waitlist_entries w join events e on e.id = w.event_id join orders o on o.id = w.order_id left join offers f on f.id = w.offer_id,
  lateral (
    select count(*)::int as people, coalesce(sum(b.quantity), 0)::int as places from waitlist_entries b
    where b.event_id = w.event_id and b.in_line and b.seq < w.seq and w.in_line
      and (b.offer_id is null or w.offer_id is null or b.offer_id = w.offer_id)) before`;

/** The start comes as a column of its own: JSON has no dates. */
type EntryRow = EntryView & { starts_at: Date };
const toEntry = ({ starts_at, ...entry }: EntryRow): EntryView => ({ ...entry, event: { ...entry.event, starts_at } });

/** Entries (alias `w`) of accounts that wait for themselves, and not for their participants. */
const forItself = sql`not w.for_participant`;

async function read(db: Kysely<DB> | Transaction<DB>, entryId: string): Promise<EntryView | undefined> {
  const { rows } = await sql<EntryRow>`${view} where w.id = ${entryId}::uuid and ${forItself}`.execute(db);
  return rows[0] && toEntry(rows[0]);
}

/** The account's own entries, those that wait or have an offer first, then the newest; at most so many. `eventId`: of this event alone. */
export async function ofAccount(
  db: Kysely<DB>,
  accountId: string,
  { eventId, limit }: { eventId?: string; limit: number },
): Promise<EntryView[]> {
  const { rows } = await sql<EntryRow>`${view}
    where w.account_id = ${accountId}::uuid and ${forItself} ${eventId ? sql`and w.event_id = ${eventId}::uuid` : sql``}
    order by ${status} in ('waiting', 'offered') desc, w.seq desc limit ${limit}`.execute(db);
  return rows.map(toEntry);
}

/** The account's own entry. Throws not_found, or forbidden when it is somebody else's. */
export async function findOwn(db: Kysely<DB> | Transaction<DB>, entryId: string, accountId: string): Promise<EntryView> {
  const entry = await read(db, entryId);
  if (!entry) throw new DomainError('not_found', 'There is no such waitlist entry.', { what: 'waitlist entry' });
  if (entry.account_id !== accountId) throw new DomainError('forbidden', 'This waitlist entry belongs to somebody else.');
  return entry;
}

export type JoinRequest = {
  accountId: string;
  eventId: string;
  quantity: number;
  /** Only places of this offer's name; any, if not given. */
  tier?: string;
  notify: { email: boolean; sms: boolean };
  maxPlaces: number;
  /** What can be paid at once: nobody waits for what comes to more. Left out: no limit. */
  mostAtOnce?: MostAtOnce;
  /** False where no provider for text messages is configured. */
  smsAvailable: boolean;
};

/**
 * Puts the account at the end of the event's line, once: who is in it already gets the entry there is (`created: false`).
 * @throws DomainError event_not_found | blocked | event_cancelled | event_over | event_not_on_sale | seats_available | limit_exceeded | invalid (details.fields)
 */
export async function join(db: Kysely<DB>, request: JoinRequest): Promise<{ entry: EntryView; created: boolean }> {
  return db.transaction().execute(async (tx) => {
    const { eventId, accountId, quantity } = request;
    const event = await eventToWaitFor(tx, eventId, accountId);
    // When the account asks twice at once, the second call finds the entry of the first, which may have its offer by then.
    await sql`select pg_advisory_xact_lock(hashtextextended(${`waitlist/${eventId}/${accountId}`}, 0))`.execute(tx);
    const known = await current(tx, eventId, accountId);
    if (known) return { entry: known, created: false };

    if (event.cancelled) throw new DomainError('event_cancelled', 'This event is cancelled.', { eventId });
    if (event.begun) throw new DomainError('event_over', 'This event has begun, or is over.', { eventId });
    if (event.blocked) throw refusedTo(eventId);
    if (request.notify.sms) await checkPhone(tx, request);
    const offerId = await checkWish(tx, request);
    if (await canBeHad(tx, eventId, offerId, quantity))
      throw new DomainError('seats_available', 'Enough seats can be booked right now: there is nothing to wait for.', {
        eventId,
      });

    const orderId = await waiting.enter(tx, { eventId, accountId });
    const { rows } = await sql<{ id: string }>`
      with entry as (
        insert into waitlist_entries (order_id, event_id, account_id, offer_id, quantity, notify_email, notify_sms)
        values (${orderId}::uuid, ${eventId}::uuid, ${accountId}::uuid, ${offerId}::uuid, ${quantity}, ${request.notify.email}, ${request.notify.sms})
        returning id, event_id),
      called as (${announcing(sql`select 'waitlist.joined', event_id, '{}'::jsonb from entry`)})
      select id from entry`.execute(tx);
    return { entry: (await read(tx, rows[0]!.id))!, created: true };
  });
}

type EventState = { cancelled: boolean; begun: boolean; blocked: boolean };

async function eventToWaitFor(tx: Transaction<DB>, eventId: string, accountId: string): Promise<EventState> {
  const { rows } = await sql<EventState>`select status = 'cancelled' as cancelled, starts_at <= now() as begun,
      ${isBlocked(sql`${accountId}::uuid`, sql`events.organizer_id`)} as blocked
    from events where id = ${eventId}::uuid and status <> 'draft'`.execute(tx);
  if (!rows[0]) throw new DomainError('event_not_found', 'Event does not exist.', { eventId });
  return rows[0];
}

/** The account's entry that waits or has an offer open; there is one at most. */
async function current(tx: Transaction<DB>, eventId: string, accountId: string): Promise<EntryView | undefined> {
  const { rows } = await sql<{ id: string }>`select w.id from waitlist_entries w join orders o on o.id = w.order_id
    where w.event_id = ${eventId}::uuid and w.account_id = ${accountId}::uuid and ${forItself} and ${status} in ('waiting', 'offered')`.execute(
    tx,
  );
  return rows[0] && read(tx, rows[0].id);
}

async function checkPhone(tx: Transaction<DB>, { accountId, smsAvailable }: JoinRequest): Promise<void> {
  if (!smsAvailable) throw invalidField('notifySms', 'Text messages are not sent from here.');
  const account = await tx.selectFrom('accounts').select('phone').where('id', '=', accountId).executeTakeFirst();
  if (!textable(account?.phone))
    throw invalidField('notifySms', 'A text message needs a phone number in your account, written internationally: +4512345678.');
}

/**
 * The id of the offer that is wished for, or null for any. Throws for a wish that no offer could ever meet. An offer that is not on
 * sale cannot be waited for, because its places would then be refused to the buyers it opens for. Nor can one of a pool: the line's offers
 * name places, and which of a pool's are whose is decided by the claim.
 */
async function checkWish(tx: Transaction<DB>, request: JoinRequest): Promise<string | null> {
  const { quantity, tier, eventId, mostAtOnce } = request;
  if (quantity > request.maxPlaces)
    throw new DomainError('limit_exceeded', `At most ${request.maxPlaces} places fit into one order.`, { max: request.maxPlaces });
  const { rows } = await sql<{ id: string; name: string; price: number; currency: string; most: number | null; fits: boolean }>`
    select o.id, o.name, o.price_minor as price, o.currency, ${mostAtOnce ? mostIn(mostAtOnce, 'o.currency') : sql`null::bigint`} as most,
      ${quantity}::int between o.min_per_order and least(coalesce(o.max_per_order, o.quantity), o.quantity) as fits
    from offers o join events e on e.id = o.event_id where o.event_id = ${eventId}::uuid and o.pool_id is null and ${isOnSale(sql`e.starts_at`)}`.execute(
    tx,
  );
  if (!rows.length) throw new DomainError('event_not_on_sale', 'No places of this event are on sale.', { eventId });
  const wished = rows.filter((o) => tier === undefined || o.name === tier);
  if (!wished.length)
    throw new DomainError('invalid', 'This event has no such price tier.', { fields: { tier: 'no tier on sale has this name' } });
  const fitting = wished.filter((o) => o.fits);
  if (!fitting.length) throw new DomainError('limit_exceeded', 'No price tier sells so many places in one order, or so few.', { quantity });
  const dear = fitting.every((o) => o.most !== null && o.price * quantity > o.most) && fitting[0]!;
  if (dear) {
    const said = `${decimal(dear.most!, dear.currency)} ${dear.currency}`;
    const max = Math.max(...fitting.map((o) => Math.floor(o.most! / o.price)));
    throw new DomainError('limit_exceeded', `Together these cost more than can be paid at once: at most ${said}.`, { quantity, max });
  }
  return tier === undefined ? null : wished[0]!.id;
}

/** Whether an ordinary claim of so many places would succeed. Places that somebody waits for cannot be claimed. */
async function canBeHad(tx: Transaction<DB>, eventId: string, offerId: string | null, quantity: number): Promise<boolean> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count from (
      select from offers o join events e on e.id = o.event_id join places p on p.offer_id = o.id
      where o.event_id = ${eventId}::uuid and (${offerId}::uuid is null or o.id = ${offerId}::uuid) and ${isOnSale(sql`e.starts_at`)} and ${isFree('p')}
        and not ${isWaitedFor('o')}
      limit ${quantity}) free`.execute(tx);
  return rows[0]!.count >= quantity;
}

/** Entries that wait for one of these offers wait for any place from now on, because the offers sell nothing any more. */
export async function wishForAny(tx: Transaction<DB>, offerIds: string[]): Promise<void> {
  if (!offerIds.length) return;
  await sql`update waitlist_entries set offer_id = null where offer_id = any(${offerIds}::uuid[]) and in_line`.execute(tx);
}

/**
 * Takes the account's own entry out of the line. An open offer is declined: its order is cancelled and the next in line is asked.
 * What is over already (paid, passed, left) stays as it is, so leaving twice is leaving once.
 * @throws DomainError not_found | forbidden
 */
export async function leave(db: Kysely<DB>, entryId: string, accountId: string): Promise<void> {
  await findOwn(db, entryId, accountId);
  if (await leaveLine(db, entryId)) return;
  const entry = await findOwn(db, entryId, accountId);
  if (entry.status !== 'offered') return;
  try {
    const actor = { kind: 'account', id: accountId, role: 'user' } as const;
    await cancel(db, entry.order_id, actor, { reason: 'declined on the waitlist', act: 'decline' });
  } catch (error) {
    // Its time ran out, or it was paid, meanwhile: the entry is over by itself.
    if (error instanceof DomainError && (error.code === 'order_expired' || error.code === 'order_not_cancellable')) return;
    throw error;
  }
}

/** Ends the wait of an entry. False: it does not wait. */
async function leaveLine(db: Kysely<DB>, entryId: string): Promise<boolean> {
  return db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ order_id: string }>`update waitlist_entries set in_line = false
      where id = ${entryId}::uuid and in_line returning order_id`.execute(tx);
    if (rows[0]) await waiting.end(tx, [rows[0].order_id], 'cancelled', 'left the waitlist');
    return rows.length > 0;
  });
}
