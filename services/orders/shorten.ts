// Holds that outlive the sale of their places, because the event was moved nearer or its sale ends sooner: they end with the sale.
import { sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { allSellUntil, shortenTo } from '../inventory/places.ts';
import * as mails from '../outbox/mails.ts';
import * as outbox from '../outbox/outbox.ts';
import * as texts from '../outbox/texts.ts';
import * as attempts from '../payments/attempts.ts';
import { uuids } from '../shared/ids.ts';
import { shortName } from '../shared/text.ts';
import { localTime } from '../shared/time.ts';

/** A statement takes so many ids: each id is a parameter of it. */
const BATCH = 500;

/**
 * Shortens the running holds of an event, offers of its waitlist among them, to the end of the sale of what they hold; their workflows look
 * again, and their buyers are told. A press on pay that is being decided keeps its places until it is. Returns how many were shortened.
 * Safe to repeat. A claim that read the old start and is written beside this is not seen here; a repeat after its commit finds it, and until
 * then its right is no longer than the sale all the same (attempts.ownEnd).
 */
export async function shortenHolds(tx: Transaction<DB>, eventId: string): Promise<number> {
  // Locked by a statement of its own: the next ones see every press that came in before.
  const { rows } = await sql<{ id: string }>`
    select o.id from orders o where o.event_id = ${eventId}::uuid and o.status = 'pending' and o.expires_at > now()
      and ${allSellUntil(sql`o.id`)} < o.expires_at
    order by o.id for update of o`.execute(tx);
  const orders = rows.map((row) => row.id);
  for (let i = 0; i < orders.length; i += BATCH) await shorten(tx, orders.slice(i, i + BATCH));
  return orders.length;
}

async function shorten(tx: Transaction<DB>, orders: string[]): Promise<void> {
  await attempts.keepPresses(tx, orders);
  await sql`
    with late as materialized (
      select o.id, ${attempts.ownEnd} as until, ${attempts.holdEnd} as kept from orders o where o.id = any(${uuids(orders)})
    ),
    shortened as (update orders set expires_at = late.until from late where orders.id = late.id),
    ${shortenTo}
    select`.execute(tx);
  await mails.enqueue(tx, 'hold-shortened', orders);
  await tellByText(tx, orders);
  await outbox.orderChanged(tx, orders);
}

/** Whoever was told by text until when an offer stands is told by text that it ends sooner. */
async function tellByText(tx: Transaction<DB>, orders: string[]): Promise<void> {
  const { rows } = await sql<{ id: string; phone: string; event: string; until: Date; time_zone: string | null }>`
    select o.id, t.recipient as phone, e.name as event, o.expires_at as until, v.time_zone
    from orders o join events e on e.id = o.event_id left join venues v on v.id = e.venue_id
    join lateral (select recipient from texts where order_id = o.id and kind = 'waitlist-offer' limit 1) t on true
    where o.id = any(${uuids(orders)})`.execute(tx);
  const text = ({ id, phone, event, until, time_zone: zone }: (typeof rows)[number]) => ({
    phone,
    order: id,
    body: `${shortName(event)} begins sooner: your offer now ends ${localTime(until, zone)}.`,
  });
  await texts.enqueueTo(tx, 'hold-shortened', rows.map(text));
}
