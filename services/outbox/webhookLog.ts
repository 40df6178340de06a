// What has become of an endpoint's deliveries, for its owner; and deliveries made again by hand.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { DomainError } from '../shared/errors.ts';
import { isUuid } from '../shared/ids.ts';
import { isWaiting, type Try } from './webhooks.ts';

export const DELIVERY_STATES = ['waiting', 'delivered', 'failed'] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

/** A delivery as its owner sees it. `next_try_at`: of one that waits. `tries`: the last ones, the newest last. */
export type Delivery = {
  id: string;
  announcement_id: string;
  event: string;
  state: DeliveryState;
  payload: unknown;
  tries: Try[];
  created_at: Date;
  next_try_at: Date | null;
  delivered_at: Date | null;
  failed_at: Date | null;
  replayed_at: Date | null;
};

/** So many deliveries may be replayed at once. */
export const MAX_REPLAYED = 10_000;

const stateOf = sql<DeliveryState>`case when d.delivered_at is not null then 'delivered' when d.failed_at is not null then 'failed' else 'waiting' end`;

const IS: Record<DeliveryState, ReturnType<typeof sql<boolean>>> = {
  waiting: sql`${isWaiting('d')}`,
  delivered: sql`d.delivered_at is not null`,
  failed: sql`d.failed_at is not null`,
};

const COLUMNS = sql`d.id, d.announcement_id, d.event, ${stateOf} as state, d.payload, d.tries, d.created_at, d.delivered_at, d.failed_at, d.replayed_at,
  case when ${isWaiting('d')} then d.next_try_at end as next_try_at`;

/** A page of an endpoint's deliveries, newest first. `next` asks for the page behind it: the last row's time to the microsecond, and its id. @throws DomainError not_found */
export async function list(
  db: Kysely<DB>,
  endpoint: string,
  { state, after, limit }: { state?: DeliveryState; after?: string; limit: number },
): Promise<{ deliveries: Delivery[]; next: string | null }> {
  const behind = after === undefined ? undefined : parseCursor(after);
  const { rows } = await sql<Delivery & { cursor: string }>`
    select ${COLUMNS}, to_char(d.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') || '_' || d.id as cursor from webhook_deliveries d
    where d.endpoint_id = ${endpoint}::uuid and ${state ? IS[state] : sql`true`}
      and ${behind ? sql`(d.created_at, d.id) < (${behind.at}::timestamptz, ${behind.id}::uuid)` : sql`true`}
    order by d.created_at desc, d.id desc limit ${limit + 1}`.execute(db);
  const page = rows.slice(0, limit);
  return {
    deliveries: page.map(({ cursor: _, ...delivery }) => delivery),
    next: rows.length > limit ? page.at(-1)!.cursor : null,
  };
}

function parseCursor(cursor: string): { at: string; id: string } {
  const [, at, id] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z)_(.+)$/.exec(cursor) ?? [];
  if (!at || !id || !isUuid(id) || Number.isNaN(Date.parse(at)))
    throw new DomainError('not_found', 'There is no such page.', { what: 'page' });
  return { at, id };
}

/** One delivery of the endpoint. @throws DomainError not_found */
export async function find(db: Kysely<DB>, endpoint: string, id: string): Promise<Delivery> {
  const { rows } = isUuid(id)
    ? await sql<Delivery>`select ${COLUMNS} from webhook_deliveries d where d.id = ${id}::uuid and d.endpoint_id = ${endpoint}::uuid`.execute(
        db,
      )
    : { rows: [] };
  const delivery = rows[0];
  if (!delivery) throw new DomainError('not_found', 'There is no such delivery.', { what: 'delivery' });
  return delivery;
}

/** Which of an endpoint's deliveries: one, or those of a time in one state. */
export type Which = { id: string } | { from: Date; until: Date; state: DeliveryState | undefined };

/**
 * Makes deliveries once more under the id they had, from the first try on; one that waits is tried at once. Part of a transaction that has
 * seen that the endpoint takes deliveries. `paused`: they wait until it is resumed.
 * @returns how many. @throws DomainError limit_exceeded (more than 10,000)
 */
export async function replay(db: Kysely<DB>, endpoint: string, which: Which, paused: boolean): Promise<number> {
  if ('id' in which && !isUuid(which.id)) return 0;
  const chosen =
    'id' in which
      ? sql`d.id = ${which.id}::uuid`
      : sql`d.created_at >= ${which.from} and d.created_at < ${which.until} and ${which.state ? IS[which.state] : sql`true`}`;
  // Locked in the order of their ids: two replays at once then wait for each other instead of ending each other.
  const { numAffectedRows } =
    await sql`update webhook_deliveries set delivered_at = null, failed_at = null, tried = 0, first_tried_at = null,
      turn_at = null, next_try_at = now(), replayed_at = now(), hand_at = case when ${paused} then null else now() end
    where id in (select d.id from webhook_deliveries d where d.endpoint_id = ${endpoint}::uuid and ${chosen} order by d.id limit ${MAX_REPLAYED + 1} for update)`.execute(
      db,
    );
  const replayed = Number(numAffectedRows ?? 0);
  if (replayed > MAX_REPLAYED)
    throw new DomainError('limit_exceeded', `More than ${MAX_REPLAYED} deliveries: choose a shorter time.`, { max: MAX_REPLAYED });
  return replayed;
}
