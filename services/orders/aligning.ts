// Orders of external events in step with their provider's: what our rows want of it, and what it costs our order where it refuses.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { DB, OrderStatus } from '../../db/tables.ts';
import { type Aligned, align, type Wanted } from '../external/align.ts';
import type { EventProvider } from '../external/provider.ts';
import { dropped, had, isUndecided, items, placesDiffer, stateOf } from '../external/rows.ts';
import { loseElsewhere } from '../inventory/elsewhere.ts';
import { keepAll } from '../inventory/places.ts';
import * as attempts from '../payments/attempts.ts';
import { despiteDeadlocks } from '../shared/deadlocks.ts';
import { DomainError } from '../shared/errors.ts';
import { lock } from './orders.ts';

/** Captured money of an order (alias `o`) that is not turned into tickets or a refund. */
const isPaid = sql<boolean>`exists (select from payments paid where paid.order_id = o.id and paid.status = 'succeeded' and paid.settled_at is null)`;

/** Captured money of a pending order (alias `o`) that is settled once its provider has confirmed the places, or let them go. */
export const awaitsProvider = sql<boolean>`(o.status = 'pending' and ${isUndecided} and ${isPaid})`;

/** Somebody is paying the order (alias `o`), or about to. */
const isSubmitWanted = sql<boolean>`(coalesce((select x.submit_wanted from external_orders x where x.order_id = o.id), false)
  or exists (select from payment_attempts a where a.order_id = o.id and ${attempts.isUndecided}))`;

/**
 * The provider of an external event (alias `e`) does not have an order (alias `o`) as our rows want it. Of other events nothing is looked at.
 * A hold that is over is left to its end, unless somebody else has one of its places by now.
 */
export const isBehind = sql<boolean>`(e.external and case
  when o.status = 'pending' then exists (select from ${had(sql`'refused'`)}) or case
    when ${isPaid} then ${stateOf} not in ('confirmed', 'cancelled')
    when ${attempts.holdIsOver} then ${stateOf} in ('started', 'submitted') and ${hasLost()}
    else ${stateOf} <> 'confirmed' and (${placesDiffer} or (${isSubmitWanted} and ${stateOf} <> 'submitted' and exists (select from ${items}))) end
  when o.status in ('cancelled', 'expired') then ${stateOf} in ('started', 'submitted')
    or (${stateOf} = 'confirmed' and exists (select from ${had(sql`'selected', 'asked'`)}))
  else false end)`;

function hasLost(): RawBuilder<boolean> {
  return sql<boolean>`exists (select from order_items i join places p on p.id = i.place_id where i.order_id = o.id and p.order_id is distinct from o.id)`;
}

type Row = { status: OrderStatus; known: boolean; paid: boolean; over: boolean; lost: boolean; submit: boolean; places: Wanted['places'] };

/** What is wanted of the provider; undefined: nothing that is not as it is. */
async function readWanted(db: Kysely<DB>, orderId: string): Promise<Wanted | undefined> {
  const { rows } = await sql<Row>`
    select o.status, exists (select from external_orders x where x.order_id = o.id) as known, ${isPaid} as paid, ${attempts.holdIsOver} as over,
      ${hasLost()} as lost, ${isSubmitWanted} as submit,
      (select coalesce(json_agg(json_build_object('id', p.id, 'externalId', p.external_id) order by p.id), '[]') from ${items}) as places
    from orders o join events e on e.id = o.event_id where o.id = ${orderId}::uuid and e.external`.execute(db);
  const order = rows[0];
  if (!order) return undefined;
  const { status, places } = order;
  const nothing: Wanted = { aim: 'nothing', places: [] };

  if (status === 'cancelled' || status === 'expired') return order.known ? nothing : undefined;
  if (status !== 'pending') return undefined;
  // Only while its places are its own: another order may have one of them since the hold ended.
  if (order.paid) return (await keepAll(db, orderId)) ? { aim: 'confirmed', places } : nothing;
  if (order.over) return order.lost && order.known ? nothing : undefined;
  return { aim: order.submit && places.length ? 'submitted' : 'selected', places };
}

/** Rounds of one call: what refused places leave is brought in step again, and so is what changes meanwhile. */
const ROUNDS = 10;

/**
 * Brings the provider's order in step with ours. A place that the provider refuses is out of ours when this returns, and sold elsewhere.
 * @returns whether it is in step now; no order of ours, or one of another event, always is.
 * @throws DomainError unavailable: the provider does not answer, or somebody else is at it. Tried again, it goes on where it was
 */
export async function alignOrder(db: Kysely<DB>, provider: EventProvider, orderId: string): Promise<boolean> {
  for (let i = 0; i < ROUNDS; i++) {
    await once(db, provider, orderId);
    const { rows } =
      await sql`select from orders o join events e on e.id = o.event_id where o.id = ${orderId}::uuid and ${isBehind}`.execute(db);
    if (!rows.length) return true;
  }
  return false;
}

async function once(db: Kysely<DB>, provider: EventProvider, orderId: string): Promise<void> {
  const { refused, rival } = await toward(db, provider, orderId);
  if (refused.length) await lose(db, orderId, refused);
  if (!rival) return;

  // A hold of ours that is over has the place at the provider still: it goes first, whenever its own workflow would have come to that.
  const its = await toward(db, provider, rival);
  if (its.rival) throw new DomainError('unavailable', 'Several orders wait for each other at the provider.');
}

async function toward(db: Kysely<DB>, provider: EventProvider, orderId: string): Promise<Aligned> {
  const wanted = await readWanted(db, orderId);
  return wanted ? align(db, provider, orderId, wanted) : { refused: [] };
}

/** Takes places that the provider has given to others out of the order. Who presses pay at that moment pays nothing: it is another price. */
async function lose(db: Kysely<DB>, orderId: string, placeIds: string[]): Promise<void> {
  const work = db.transaction();
  await despiteDeadlocks(() =>
    work.execute(async (tx) => {
      const order = await lock(tx, orderId);
      await loseElsewhere(tx, orderId, placeIds);
      await dropped(tx, orderId, placeIds);
      if (order.status !== 'pending') return;

      await sql`with gone as (
          delete from order_items where order_id = ${orderId}::uuid and place_id = any(${placeIds}::uuid[]) returning price_minor)
        update orders set total_minor = total_minor - (select coalesce(sum(price_minor), 0) from gone) where id = ${orderId}::uuid`.execute(
        tx,
      );
      await attempts.decideAll(tx, orderId, 'not-payable');
    }),
  );
}
