// The stock of offers sold by quantity: their places or slots, made and taken away as their numbers change. What is held or sold stays.
import { sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { DomainError, type Field } from '../shared/errors.ts';
import { isFree } from './places.ts';

/** An offer whose row the caller has locked (offers.lock), so that nobody else changes its stock. */
type Stocked = { id: string; event_id: string };
type Kind = 'places' | 'slots';

/**
 * Gives the offer exactly so many places, or slots. New ones come at the end; of those to be taken away only free ones go, the last first.
 * @throws DomainError event_fixed (`field`): more than that are sold or held right now
 */
export async function setStock(tx: Transaction<DB>, kind: Kind, offer: Stocked, wanted: number, field: Field): Promise<void> {
  const { rows } = await sql<{ count: number; next: number }>`
    select count(*)::int as count, coalesce(max(position) + 1, 0)::int as next from ${sql.table(kind)} where offer_id = ${offer.id}::uuid`.execute(
    tx,
  );
  const { count, next } = rows[0]!;
  if (wanted > count) await add(tx, kind, offer, next, wanted - count);
  if (wanted < count) await takeAway(tx, kind, offer, count - wanted, field);
}

async function add(tx: Transaction<DB>, kind: Kind, { id, event_id }: Stocked, from: number, n: number): Promise<void> {
  const positions = sql`generate_series(${from}::int, ${from + n - 1}::int) as position`;
  if (kind === 'slots') await sql`insert into slots (offer_id, position) select ${id}::uuid, position from ${positions}`.execute(tx);
  else
    await sql`insert into places (event_id, offer_id, position) select ${event_id}::uuid, ${id}::uuid, position from ${positions}`.execute(
      tx,
    );
}

async function takeAway(tx: Transaction<DB>, kind: Kind, offer: Stocked, n: number, field: Field): Promise<void> {
  const table = sql.table(kind);
  // Skipped: whoever has a row locked is about to hold it.
  const { rows } = await sql<{ id: string; kept: boolean }>`
    with free as materialized (
      select p.id from ${table} p where p.offer_id = ${offer.id}::uuid and ${isFree('p')} order by p.position desc limit ${n} for update skip locked)
    select free.id, exists (select from order_items i where ${kind === 'slots' ? sql`i.slot_id` : sql`i.place_id`} = free.id) as kept from free`.execute(
    tx,
  );
  if (rows.length < n) throw await taken(tx, kind, offer, field);

  const [gone, kept] = [rows.filter((r) => !r.kept), rows.filter((r) => r.kept)].map((some) => some.map((r) => r.id));
  const these = sql`where id = any(${gone}::uuid[])`;
  await (kind === 'slots' ? sql`delete from slots ${these}` : sql`delete from places ${these}`).execute(tx);
  if (kept!.length) await withdraw(tx, kind, offer.event_id, kept!);
}

/** What stands in the way of a smaller number. */
async function taken(tx: Transaction<DB>, kind: Kind, offer: Stocked, field: Field): Promise<DomainError> {
  const { rows } = await sql<{ sold: number; held: number }>`
    select count(p.sold_at)::int as sold, count(*) filter (where p.sold_at is null and not (${isFree('p')}))::int as held
    from ${sql.table(kind)} p where p.offer_id = ${offer.id}::uuid`.execute(tx);
  const { sold, held } = rows[0]!;
  const message = `${sold} are sold and ${held} are held by buyers right now: the quantity cannot be less than that.`;
  return new DomainError('event_fixed', message, { fields: { [field]: message }, because: 'sold', sold, held });
}

/** What stands in somebody's order history cannot be deleted: it goes to an offer of the event that sells nothing. */
export async function withdraw(tx: Transaction<DB>, kind: Kind, eventId: string, ids: string[]): Promise<void> {
  // One at a time: two would make that offer twice, or put what they bring at the same positions of it.
  await sql`select pg_advisory_xact_lock(hashtextextended(${`withdrawn/${eventId}`}, 0))`.execute(tx);
  const attic = sql`with made as (
      insert into offers (event_id, name, price_minor, currency, quantity, seated, is_active, details)
      select e.id, 'Withdrawn', 0, e.currency, 0, true, false, '{"withdrawn": true}' from events e
      where e.id = ${eventId}::uuid and not exists (select from offers o where o.event_id = e.id and o.details ? 'withdrawn') returning id)`;
  const moved = sql`set order_id = null, held_until = null, position = top.position + n.n, offer_id = a.id
    from (select id from made union all select id from offers where event_id = ${eventId}::uuid and details ? 'withdrawn') a,
      lateral (select coalesce(max(position), -1) as position from ${sql.table(kind)} where offer_id = a.id) top,
      (select id, row_number() over (order by id) as n from unnest(${ids}::uuid[]) as u (id)) n
    where p.id = n.id`;
  await (kind === 'slots' ? sql`${attic} update slots p ${moved}` : sql`${attic} update places p ${moved}`).execute(tx);
}
