// The pool: what is open before anybody asks, and what stays open.
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../db/connect.ts';
import { until } from '../support/client.ts';
import { freshDatabase } from '../support/database.ts';

let world: Awaited<ReturnType<typeof freshDatabase>>;
beforeAll(async () => {
  world = await freshDatabase();
});
afterAll(() => world?.close());

const open = async (name: string) => {
  const { rows } = await sql<{ pid: number }>`select pid from pg_stat_activity where application_name = ${name} order by pid`.execute(
    world.db,
  );
  return rows.map(({ pid }) => pid);
};

test('a standing pool opens all of its connections at once, and the rush that comes later opens none', async () => {
  const db = connect({ url: world.url, max: 5, name: 'standing', standing: true });
  try {
    const first = await until(
      'five are open',
      () => open('standing'),
      (pids) => pids.length === 5,
    );
    await Promise.all(Array.from({ length: 20 }, () => sql`select pg_sleep(0.01)`.execute(db)));
    expect(await open('standing')).toEqual(first);
  } finally {
    await db.destroy();
  }
});

test('any other opens one when it is asked', async () => {
  const db = connect({ url: world.url, max: 5, name: 'asked' });
  try {
    await sql`select 1`.execute(db);
    expect(await open('asked')).toHaveLength(1);
  } finally {
    await db.destroy();
  }
});

test('a standing pool needs no database to begin with', async () => {
  const nobody = Object.assign(new URL(world.url), { port: '9' }).href;
  const db = connect({ url: nobody, max: 2, name: 'early', standing: true });
  await expect(sql`select 1`.execute(db)).rejects.toThrow(/ECONNREFUSED/);
  await db.destroy();
});
