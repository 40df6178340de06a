// Makes everything that was held or sold free again, for test harnesses: every order is forgotten, with all that belongs to it.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { despiteDeadlocks } from '../shared/deadlocks.ts';

/** Indexes of places that are cheaper made anew than kept in step with 100,000 rows: 4.6 -> 1.9 s on a busy machine. */
const REMADE = ['places_event', 'places_offer_position', 'places_unsold'];

type Definition = { name: string; text: string };

/**
 * Forgets every order, payment, ticket, mail, waitlist entry and kept answer; events, places, accounts and keys stay. Nothing is told to anybody and
 * no money goes back: whoever calls this plays. Workflows of forgotten orders fail with order_not_found when they look next. It needs the rights of the tables' owner.
 * @returns the orders of the event provider that were open: nobody knows them any more, so the caller cancels them there. What was bought of it
 *   stays bought, and its places sold.
 */
export async function reset(db: Kysely<DB>): Promise<string[]> {
  // Whoever holds an order's row and waits for its places is in the way of the locks, and one of the two is told so.
  return despiteDeadlocks(() => db.transaction().execute(forgetAll));
}

async function forgetAll(tx: Transaction<DB>): Promise<string[]> {
  await sql`lock table places, slots, orders in access exclusive mode`.execute(tx);
  const { rows: open } = await sql<{ ref: string }>`
    select ref from external_orders where ref is not null and state in ('started', 'submitted')`.execute(tx);
  const references = await dropReferences(tx);
  await sql`truncate orders cascade`.execute(tx);
  await sql`truncate payment_events`.execute(tx);
  await sql`truncate idempotency_keys`.execute(tx);
  await sql`truncate outbox`.execute(tx);

  await freeAll(tx);
  for (const { name, text } of references) await sql.raw(`alter table ${name} ${text}`).execute(tx);
  return open.map(({ ref }) => ref);
}

/** Places outlive the orders that have them, so their references must not carry the forgetting over. Returns what puts them back. */
async function dropReferences(tx: Transaction<DB>): Promise<Definition[]> {
  const { rows } = await sql<Definition & { drop: string }>`
    select conrelid::regclass::text as name, 'add constraint ' || quote_ident(conname) || ' ' || pg_get_constraintdef(oid) as text,
      'alter table ' || conrelid::regclass || ' drop constraint ' || quote_ident(conname) as drop
    from pg_constraint where confrelid = 'orders'::regclass and conrelid in ('places'::regclass, 'slots'::regclass)`.execute(tx);
  for (const { drop } of rows) await sql.raw(drop).execute(tx);
  return rows;
}

async function freeAll(tx: Transaction<DB>): Promise<void> {
  const { rows: indexes } = await sql<Definition>`
    select indexname as name, indexdef as text from pg_indexes where tablename = 'places' and indexname = any(${REMADE}::text[])`.execute(
    tx,
  );
  for (const { name } of indexes) await sql`drop index ${sql.id(name)}`.execute(tx);

  // A row without places says that all of the event is to be read again.
  await sql`with freed as (
      update places set order_id = null, held_until = null, sold_at = null where order_id is not null returning event_id)
    insert into place_changes (event_id, place_ids, state) select distinct event_id, '{}'::uuid[], 'free'::place_state from freed`.execute(
    tx,
  );
  await sql`update slots set order_id = null, held_until = null, sold_at = null where order_id is not null`.execute(tx);

  for (const { text } of indexes) await sql.raw(text).execute(tx);
}
