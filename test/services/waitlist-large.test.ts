// A stadium that has come free while people wait for any place of it: what a round reads is by what it offers, not by what is free.
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../db/connect.ts';
import type { DB } from '../../db/tables.ts';
import { serve } from '../../services/waitlist/waitlistOffers.ts';
import { freshDatabase } from '../support/database.ts';
import { show } from '../support/made.ts';

/** One connection: what it has read is counted when it says so. */
let db: Kysely<DB>;
let close: () => Promise<void>;
beforeAll(async () => {
  const fresh = await freshDatabase();
  db = connect({ url: fresh.url, max: 1 });
  close = async () => {
    await db.destroy();
    await fresh.close();
  };
});
afterAll(() => close?.());

const FREE = 80_000;

async function placesRead(): Promise<number> {
  await sql`select pg_stat_force_next_flush()`.execute(db);
  const { rows } = await sql<{ n: number }>`select (seq_tup_read + coalesce(idx_tup_fetch, 0))::int as n from pg_stat_user_tables
    where relname = 'places'`.execute(db);
  return rows[0]!.n;
}

test('50 offers beside 80,000 free places do not read all of them for each offer', async () => {
  const rows = Array.from({ length: FREE / 200 }, (_, i) => `${i}`);
  const event = await show(db, { sections: [{ name: 'A', rows, seatsPerRow: 200, priceMinor: 1000 }] });
  await sql`with people as (insert into accounts (email, password_hash) select i || '@large.test', '-' from generate_series(1, 60) i returning id)
    insert into waitlist_entries (event_id, account_id, quantity) select ${event.id}::uuid, id, 4 from people`.execute(db);
  await sql`analyze`.execute(db);
  const before = await placesRead();
  const round = await serve(db, event.id, { nearSeconds: 900, farSeconds: 900, nearHours: 48, payUrl: (id) => id });
  const read = (await placesRead()) - before;
  expect(round).toMatchObject({ offered: 50, waiting: 10, waitMs: 0 });
  expect(read).toBeGreaterThan(50 * 4);
  expect(read).toBeLessThan(3 * FREE); // 116,000, most of it one look for holds that end; 8 million when every offer counted what is free
  const { rows: widest } = await sql<{ apart: number }>`select max(p.position) - min(p.position) as apart from places p
    where p.event_id = ${event.id}::uuid and p.order_id is not null group by p.order_id order by 1 desc limit 1`.execute(db);
  expect(widest[0]!.apart).toBe(3);
});
