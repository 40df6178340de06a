// Which offer somebody gets who asks for so many tickets of an event and says no more.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { isFree, isOnSale, stockOf } from '../inventory/places.ts';
import { DomainError } from '../shared/errors.ts';

export type AnyOffer = { eventId: string; offerId: string; organizerId: string | null };

/**
 * The cheapest offer of the event with this number that sells now and has so many left; else the cheapest that sells, so that the claim
 * says what is missing.
 * @throws DomainError event_not_found (a draft too) | event_cancelled | event_over | event_not_on_sale (nothing of it sells now)
 */
export async function anyOffer(db: Kysely<DB>, eventNumber: number, quantity: number): Promise<AnyOffer> {
  const { rows } = await sql<{ id: string; organizer_id: string | null; status: string; over: boolean; offer: string | null }>`
    select e.id, e.organizer_id, e.status::text as status, e.ends_at <= now() as over, cheapest.id as offer
    from events e left join lateral (
      select o.id from offers o where o.event_id = e.id and ${isOnSale(sql`e.starts_at`)}
      order by ${fewer('places', stockOf('o'), quantity)} or (o.capped and ${fewer('slots', sql`o.id`, quantity)}), o.price_minor, o.number limit 1) cheapest on true
    where e.number = ${eventNumber} and e.status <> 'draft'`.execute(db);
  const event = rows[0];
  if (!event) throw new DomainError('event_not_found', 'Event not found', { eventId: String(eventNumber) });
  const about = { eventId: event.id };
  if (event.status === 'cancelled') throw new DomainError('event_cancelled', 'This event is cancelled.', about);
  if (event.over) throw new DomainError('event_over', 'This event has already passed', about);
  if (!event.offer) throw new DomainError('event_not_on_sale', 'No tickets of this event are on sale now.', about);
  return { eventId: event.id, offerId: event.offer, organizerId: event.organizer_id };
}

/** Whether fewer than `n` places or slots of the offer with this id are free; never counted further. */
const fewer = (table: 'places' | 'slots', offerId: RawBuilder<unknown>, n: number): RawBuilder<boolean> => sql<boolean>`
  (select count(*) from (select from ${sql.table(table)} x where x.offer_id = ${offerId} and ${isFree('x')} order by x.position limit ${n}) f) < ${n}::int`;
