// External events: those whose places are the provider's. What we know of its hall, and when we last looked at it.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { announcing } from '../outbox/outbox.ts';

/** Notes that the event is external, and has its places read from the provider. */
export async function begin(tx: Transaction<DB>, eventId: string): Promise<void> {
  await sql`insert into external_events (event_id) values (${eventId}::uuid)`.execute(tx);
  await announcing(sql`select 'event.external', ${eventId}::uuid, '{}'::jsonb`).execute(tx);
}

/** `live`: it is not cancelled and not over. `rows`: of the provider's hall, once somebody has looked. `now`: the database's time. */
export type ExternalEvent = { live: boolean; rows: number | null; now: Date };

export async function find(db: Kysely<DB>, eventId: string): Promise<ExternalEvent | undefined> {
  const { rows } = await sql<ExternalEvent>`
    select e.status <> 'cancelled' and e.ends_at > now() as live, x.rows, clock_timestamp() as now
    from external_events x join events e on e.id = x.event_id where x.event_id = ${eventId}::uuid`.execute(db);
  return rows[0];
}

export async function measured(db: Kysely<DB>, eventId: string, rows: number): Promise<void> {
  await sql`update external_events set rows = ${rows} where event_id = ${eventId}::uuid`.execute(db);
}

export async function synced(db: Kysely<DB>, eventId: string): Promise<void> {
  await sql`update external_events set synced_at = now() where event_id = ${eventId}::uuid`.execute(db);
}

/** Announces events that nobody has looked after for a while. Returns how many; in a healthy system none. */
export async function sweep(db: Kysely<DB>): Promise<number> {
  const { numAffectedRows } = await announcing(sql`
    select 'event.external', x.event_id, '{}'::jsonb from external_events x join events e on e.id = x.event_id
    where coalesce(x.synced_at, x.created_at) < now() - interval '15 minutes' and e.status <> 'cancelled' and e.ends_at > now()
      and not exists (select from outbox b where b.subject_id = x.event_id and b.topic = 'event.external')`).execute(db);
  return Number(numAffectedRows ?? 0);
}
