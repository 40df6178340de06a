// What we know of the provider's order beside an order of ours: its state, its places, and who is at work on it.
import { randomUUID } from 'node:crypto';
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { DomainError } from '../shared/errors.ts';

export type State = 'unopened' | 'started' | 'submitted' | 'confirmed' | 'cancelled';
/** `asked`: a call has begun and its outcome is not known. `kept`: ours no more, and the provider does not take it back. */
export type PlaceState = 'asked' | 'selected' | 'refused' | 'released' | 'kept';

export type Had = { id: string; externalId: string; state: PlaceState };
/** `token` proves that nobody else is at work on it. `had` by the id of our place. */
export type Saga = { orderId: string; token: string; ref: string | null; state: State; had: Map<string, Had> };

/** Longer than a call to the provider and the reads after it take; whoever dies at work keeps others away no longer. */
const LEASE_SECONDS = 15;
const until = sql`now() + make_interval(secs => ${sql.lit(LEASE_SECONDS)})`;

/** Where the provider has the order (alias `o`) of an external event (alias `e`), as far as we know. */
export const stateOf = sql<State>`coalesce((select x.state from external_orders x where x.order_id = o.id), 'unopened')`;

/** The items of an order (alias `o`) whose places (alias `p`) it has. */
export const items = sql`order_items i join places p on p.id = i.place_id and p.order_id = o.id where i.order_id = o.id`;
/** The provider's places of an order (alias `o`) in these states, as a part of a from clause (alias `y`). */
export const had = (states: RawBuilder<unknown>) => sql`external_places y where y.order_id = o.id and y.state in (${states})`;

/** Our order and the provider's places differ. */
export const placesDiffer = sql`(
  exists (select from ${had(sql`'asked'`)})
  or exists (select from ${had(sql`'selected'`)} and not exists (select from ${items} and i.place_id = y.place_id))
  or exists (select from ${items} and not exists (select from ${had(sql`'selected'`)} and y.place_id = i.place_id)))`;

/** An order (alias `o`) of an event (alias `e`) that may be paid: its places are ours, or the provider has them submitted. */
export const mayBePaid = sql<boolean>`(not e.external or (${stateOf} = 'submitted' and not ${placesDiffer}))`;

/** The same of an order that may have its tickets. */
export const mayBeConfirmed = sql<boolean>`(not e.external or ${stateOf} = 'confirmed')`;

/** The provider has neither confirmed nor cancelled the order (alias `o`), which is of an external event. */
export const isUndecided = sql<boolean>`(exists (select from events of_order where of_order.id = o.event_id and of_order.external)
  and ${stateOf} not in ('confirmed', 'cancelled'))`;

/**
 * Takes the order's saga in hand, for a while that every note prolongs.
 * @throws DomainError unavailable: somebody else is at work on it
 */
export async function take(db: Kysely<DB>, orderId: string): Promise<Saga> {
  const token = randomUUID();
  const { rows } = await sql<{ ref: string | null; state: State }>`
    insert into external_orders (order_id, busy_by, busy_until) values (${orderId}::uuid, ${token}::uuid, ${until})
    on conflict (order_id) do update set busy_by = excluded.busy_by, busy_until = excluded.busy_until
      where coalesce(external_orders.busy_until <= now(), true)
    returning ref, state`.execute(db);
  if (!rows[0]) throw new DomainError('unavailable', 'The order is being brought in step with its provider by somebody else.');

  const had = await sql<Had>`select p.id, p.external_id as "externalId", y.state from external_places y join places p on p.id = y.place_id
    where y.order_id = ${orderId}::uuid order by p.id`.execute(db);
  return { orderId, token, ...rows[0], had: new Map(had.rows.map((one) => [one.id, one])) };
}

/** Lets it go, so that others need not wait. */
export async function leave(db: Kysely<DB>, { orderId, token }: Saga): Promise<void> {
  await sql`update external_orders set busy_until = null where order_id = ${orderId}::uuid and busy_by = ${token}::uuid`.execute(db);
}

const mine = ({ orderId, token }: Saga) => sql`order_id = ${orderId}::uuid and busy_by = ${token}::uuid`;

/** Notes how far the provider's order is. `refusal`: what it would not do. Throws unavailable where the saga is in other hands by now. */
export async function note(db: Kysely<DB>, saga: Saga, to: { state: State; ref?: string; refusal?: string }): Promise<void> {
  const { rows } =
    await sql`update external_orders set state = ${to.state}, ref = coalesce(${to.ref ?? null}::uuid, ref), busy_until = ${until},
      refusal = coalesce(${to.refusal ?? null}, refusal), refused_at = case when ${to.refusal ?? null}::text is null then refused_at else now() end, updated_at = now()
    where ${mine(saga)} returning order_id`.execute(db);
  assertMine(rows.length);
  saga.state = to.state;
  saga.ref = to.ref ?? saga.ref;
}

/** Notes what has become of places of the provider's order. */
export async function mark(db: Kysely<DB>, saga: Saga, places: Pick<Had, 'id' | 'externalId'>[], state: PlaceState): Promise<void> {
  if (!places.length) return;
  const { rows } = await sql`
    with mine as (update external_orders set busy_until = ${until}, updated_at = now() where ${mine(saga)} returning order_id),
    marked as (
      insert into external_places (order_id, place_id, state)
      select mine.order_id, p.id, ${state} from mine, unnest(${places.map((p) => p.id)}::uuid[]) as p (id)
      on conflict (order_id, place_id) do update set state = excluded.state, updated_at = now())
    select from mine`.execute(db);
  assertMine(rows.length);
  for (const { id, externalId } of places) saga.had.set(id, { id, externalId, state });
}

function assertMine(rows: number): void {
  if (!rows) throw new DomainError('unavailable', 'The order is in other hands by now.');
}

/** Another order of ours that the provider may still have this place for. */
export async function rivalOf(db: Kysely<DB>, orderId: string, placeId: string): Promise<string | undefined> {
  const { rows } = await sql<{ order_id: string }>`select order_id from external_places
    where place_id = ${placeId}::uuid and state in ('asked', 'selected') and order_id <> ${orderId}::uuid limit 1`.execute(db);
  return rows[0]?.order_id;
}

/** Notes that refused places are out of the order, which is not to be submitted as it is now. */
export async function dropped(tx: Transaction<DB>, orderId: string, placeIds: string[]): Promise<void> {
  await sql`with fewer as (update external_orders set submit_wanted = false, updated_at = now() where order_id = ${orderId}::uuid)
    update external_places set state = 'released', updated_at = now()
    where order_id = ${orderId}::uuid and place_id = any(${placeIds}::uuid[]) and state = 'refused'`.execute(tx);
}

/** Somebody is about to pay: the provider's order is to be submitted. */
export async function wantSubmit(db: Kysely<DB>, orderId: string): Promise<void> {
  await sql`insert into external_orders (order_id, submit_wanted) values (${orderId}::uuid, true)
    on conflict (order_id) do update set submit_wanted = true`.execute(db);
}
