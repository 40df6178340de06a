// Many who wait, and many places: a round reads by what it offers, not by what is free; a claim and every count ask the line by few looks into an index.
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../db/connect.ts';
import type { DB } from '../../db/tables.ts';
import * as events from '../../services/events/events.ts';
import { claimStatement } from '../../services/orders/claim/statement.ts';
import { serve } from '../../services/waitlist/waitlistOffers.ts';
import { wish } from '../support/claims.ts';
import { freshDatabase } from '../support/database.ts';
import { person, show } from '../support/made.ts';
import { OFFER_TERMS } from '../support/offerTerms.ts';

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
  await sql`with people as (insert into accounts (email, password_hash) select i || '@large.test', '-' from generate_series(1, 60) i returning id),
      waiting as (insert into orders (event_id, account_id, status, total_minor, currency) select ${event.id}::uuid, id, 'waiting', 0, 'USD' from people returning id, account_id)
    insert into waitlist_entries (order_id, event_id, account_id, quantity) select id, ${event.id}::uuid, account_id, 4 from waiting`.execute(
    db,
  );
  await sql`analyze`.execute(db);
  const before = await placesRead();
  const round = await serve(db, event.id, OFFER_TERMS);
  const read = (await placesRead()) - before;
  expect(round).toMatchObject({ offered: 50, waiting: 10, waitMs: 0 });
  expect(read).toBeGreaterThan(50 * 4);
  expect(read).toBeLessThan(3 * FREE); // 116,000, most of it one look for holds that end; 8 million when every offer counted what is free
  const { rows: widest } = await sql<{ apart: number }>`select max(p.position) - min(p.position) as apart from places p
    where p.event_id = ${event.id}::uuid and p.order_id is not null group by p.order_id order by 1 desc limit 1`.execute(db);
  expect(widest[0]!.apart).toBe(3);
});

test('a claim asks by one look into one index whether anybody waits, however long the line of another event is', async () => {
  const [event, other, me] = [await show(db, { seats: 5 }), await show(db, { seats: 1 }), await person(db)];
  await sql`with people as (insert into accounts (email, password_hash) select i || '@line.test', '-' from generate_series(1, 5000) i returning id),
      waiting as (insert into orders (event_id, account_id, status, total_minor, currency) select ${other.id}::uuid, id, 'waiting', 0, 'USD' from people returning id, account_id)
    insert into waitlist_entries (order_id, event_id, account_id) select id, ${other.id}::uuid, account_id from waiting`.execute(db);
  await sql`analyze`.execute(db);
  const places = [event.seats[0]!];
  const statement = claimStatement({ ...wish(me.id, event.id, { places }), accountId: me.id, places, offers: [], count: 1 });
  const { rows } = await sql<{
    'QUERY PLAN': string;
  }>`explain (analyze, costs off, timing off, summary off, buffers off) ${statement}`.execute(db);
  const scans = rows.map((row) => row['QUERY PLAN'].trim()).filter((line) => line.includes('on waitlist_entries'));
  expect(scans.length).toBeGreaterThan(1);
  for (const scan of scans) expect(scan).toMatch(/^-> {2}Index Only Scan using waitlist_wishes/);
  expect(scans.filter((scan) => !scan.includes('never executed'))).toHaveLength(1);
});

test('who counts places asks each event once whether anybody waits, however many places it has and however long another line is', async () => {
  const rows = Array.from({ length: 20 }, (_, i) => `${i}`);
  const shows = [];
  for (let i = 0; i < 3; i++) shows.push(await show(db, { sections: [{ name: 'A', rows, seatsPerRow: 50, priceMinor: 1000 }] }));
  const ids = shows.map(({ id }) => id);
  const looks = async () => {
    await sql`select pg_stat_force_next_flush()`.execute(db);
    const { rows } = await sql<{
      scans: number;
      read: number;
    }>`select (seq_scan + idx_scan)::int as scans, (seq_tup_read + idx_tup_fetch)::int as read
      from pg_stat_user_tables where relname = 'waitlist_entries'`.execute(db);
    return rows[0]!;
  };
  for (const [count, most] of [
    [() => events.countFree(db, ids), 3],
    [() => events.tiers(db, ids), 3],
    [() => events.find(db, ids[0]!), 1],
  ] as const) {
    const before = await looks();
    expect(JSON.stringify(await count())).toContain('"available":1000');
    const after = await looks();
    expect(after.scans - before.scans).toBeLessThanOrEqual(most);
    expect(after.read - before.read).toBe(0);
  }
});
