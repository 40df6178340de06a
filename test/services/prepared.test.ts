// A prepared statement: its text is made once, and each run has its own parameters, over a pool and in a transaction.
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { prepared } from '../../db/prepared.ts';
import type { DB } from '../../db/tables.ts';
import { freshDatabase } from '../support/database.ts';

let db: Kysely<DB>;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ db, close } = await freshDatabase());
});
afterAll(() => close?.());

test('each run has its own parameters, one that stands twice in the text included', async () => {
  let built = 0;
  const sum = prepared<{ a: number; b: number }>()((p) => {
    built++;
    return sql<{ sum: number; fixed: string }>`select ${p.a}::int + ${p.b}::int + ${p.a}::int as sum, ${'same'}::text as fixed`;
  });
  const runs = await Promise.all([sum(db, { a: 1, b: 10 }), sum(db, { a: 2, b: 20 }), sum(db, { b: 30, a: 3 })]);
  expect(runs.flat()).toEqual([12, 24, 36].map((n) => ({ sum: n, fixed: 'same' })));
  expect(built).toBe(1);
});

test('it runs in the transaction it is given', async () => {
  const rename = prepared<{ from: string; to: string }>()((p) => sql`update venues set name = ${p.to} where name = ${p.from} returning id`);
  await sql`insert into venues (name, capacity, layout_config) values ('old', 1, '{}')`.execute(db);
  const undone = db.transaction().execute(async (tx) => {
    expect(await rename(tx, { from: 'old', to: 'new' })).toHaveLength(1);
    throw new Error('undone');
  });
  await expect(undone).rejects.toThrow('undone');
  expect(await rename(db, { from: 'new', to: 'newer' })).toHaveLength(0);
});
