// What a relay does every half minute reads what is due, however much is over: counted by Postgres itself.
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';
import { SWEEPS, TIDYING } from '../../worker/sweeps.ts';
import { freshDatabase } from '../support/database.ts';
import { show } from '../support/made.ts';

const OVER = 20_000;
/** Rows that are looked at in any case: those of the event, and of what the planner takes for nothing. */
const FEW = 50;

let db: Kysely<DB>;
let close: () => Promise<void>;

/** Orders that were paid, confirmed and mailed long ago, each with a refund of a part of it. */
beforeAll(async () => {
  ({ db, close } = await freshDatabase());
  const event = await show(db);
  await sql`
    with buyer as (insert into accounts (email, password_hash) values ('growth@x.test', '-') returning id),
    bought as (
      insert into orders (event_id, account_id, status, total_minor, currency, confirmed_at, created_at)
      select ${event.id}::uuid, id, 'confirmed', 5000, 'USD', now() - interval '9 days', now() - interval '9 days'
      from buyer, generate_series(1, ${OVER}::int) returning id),
    mailed as (
      insert into mails (kind, recipient, order_id, created_at, sent_at)
      select 'tickets', 'growth@x.test', id, now() - interval '9 days', now() - interval '9 days' from bought),
    paid as (
      insert into payments (order_id, provider, amount_minor, currency, status, succeeded_at, settled_at, updated_at)
      select id, 'stripe', 5000, 'USD', 'succeeded', now() - interval '9 days', now() - interval '9 days', now() - interval '9 days'
      from bought returning id, order_id)
    insert into refunds (order_id, payment_id, provider, amount_minor, currency, reason, status, created_at, updated_at)
    select order_id, id, 'stripe', 100, 'USD', 'test', 'succeeded', now() - interval '8 days', now() - interval '8 days' from paid`.execute(
    db,
  );
  await sql`vacuum analyze`.execute(db);
});
afterAll(() => close?.());

/** Rows that the work read of the tables that grow, by table; what it wrote is undone. */
async function rowsRead(work: (db: Kysely<DB>) => Promise<unknown>, ...before: string[]): Promise<Record<string, number>> {
  const tx = await db.startTransaction().execute();
  try {
    for (const statement of before) await sql.raw(statement).execute(tx);
    const count = () =>
      sql<{ name: string; n: number }>`select relname as name, seq_tup_read + coalesce(idx_tup_fetch, 0) as n from pg_stat_xact_user_tables
        where relname in ('orders', 'payments', 'refunds', 'mails')`.execute(tx);
    await work(tx);
    return Object.fromEntries((await count()).rows.map(({ name, n }) => [name, n]));
  } finally {
    await tx.rollback().execute();
  }
}

const most = (read: Record<string, number>) => Math.max(0, ...Object.values(read));

// Those of the retried refunds open a transaction of their own only for what is due: there is nothing.
for (const [name, work] of [...Object.entries(TIDYING), ...Object.entries(SWEEPS)])
  test(`${name}: reads a few rows beside ${OVER} that are over`, async () => {
    expect(most(await rowsRead(work))).toBeLessThan(FEW);
  });

test('without the indexes of 0031 the sweep of orders reads every payment and every refund', async () => {
  const read = await rowsRead(SWEEPS.orders!, 'drop index payments_contradicted', 'drop index refunds_age');
  expect(read.payments).toBeGreaterThanOrEqual(OVER);
  expect(read.refunds).toBeGreaterThanOrEqual(OVER);
});
