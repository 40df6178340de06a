// Orders and places by their 64-bit numbers, for APIs that speak of both by nothing else.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import * as attempts from '../payments/attempts.ts';
import { isBuyers, isPlaced } from './placed.ts';

/** What of an order never changes. */
export type OrderRef = { id: string; event_id: string; account_id: string };

/** The placed order of a number, or undefined. */
export async function refOf(db: Kysely<DB>, number: number): Promise<OrderRef | undefined> {
  const { rows } =
    await sql<OrderRef>`select o.id, o.event_id, o.account_id from orders o where o.number = ${number} and ${isPlaced}`.execute(db);
  return rows[0];
}

/** A place, and the live order that has it. */
export type PlaceRef = { id: string; order_id: string | null; account_id: string | null };

/** The place of a number, or undefined. A hold that is over has nobody any more. */
export async function placeRefOf(db: Kysely<DB>, number: number): Promise<PlaceRef | undefined> {
  const { rows } = await sql<PlaceRef>`
    select p.id, o.id as order_id, o.account_id from places p
    left join orders o on o.id = p.order_id and (p.sold_at is not null or p.held_until > now()) where p.number = ${number}`.execute(db);
  return rows[0];
}

/** One order and the places in it, by their numbers. */
export type Numbered = { number: number; event: number; places: number[] };

/** A buyer has fewer; who has more sees the newest. */
const MOST = 1000;

/** The account's live orders, newest first: those that are held, empty ones too, and those that are paid. */
export async function listLive(db: Kysely<DB>, accountId: string): Promise<Numbered[]> {
  const { rows } = await sql<Numbered>`
    select o.number, e.number as event,
      (select coalesce(json_agg(p.number order by i.created_at, p.number), '[]')
        from order_items i join places p on p.id = i.place_id where i.order_id = o.id) as places
    from orders o join events e on e.id = o.event_id
    where o.account_id = ${accountId}::uuid and ${isPlaced} and ${isBuyers}
      and (o.status = 'confirmed' or (o.status = 'pending' and not ${attempts.holdIsOver}))
    order by o.created_at desc, o.id limit ${MOST}`.execute(db);
  return rows;
}
