// A fresh database for a test file, and a look at who waits in it.
import { randomBytes } from 'node:crypto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { connect } from '../../db/connect.ts';
import { migrate } from '../../db/migrate.ts';
import type { DB } from '../../db/tables.ts';
import { freePort } from '../../deploy/local/ports.ts';
import { startPostgres } from '../../deploy/local/postgres.ts';
import { until } from './client.ts';

/** A fresh, migrated database: on the server of TEST_DATABASE_URL, or on an embedded one of its own. */
export async function freshDatabase(): Promise<{ url: string; db: Kysely<DB>; close(): Promise<void> }> {
  const given = process.env.TEST_DATABASE_URL;
  const dir = given ? '' : await mkdtemp(join(tmpdir(), 'billetter-test-'));
  const server = given ? undefined : await startPostgres({ dataDir: join(dir, 'data'), port: await freePort(), logFile: join(dir, 'log') });
  const base = given ?? server!.url;
  const name = `t_${randomBytes(6).toString('hex')}`;
  const root = connect({ url: base, max: 1 });
  await sql`create database ${sql.id(name)}`.execute(root);
  const url = Object.assign(new URL(base), { pathname: `/${name}` }).href;
  const db = connect({ url });
  await migrate(db);
  return {
    url,
    db,
    async close() {
      await db.destroy();
      await sql`drop database ${sql.id(name)} with (force)`.execute(root);
      await root.destroy();
      await server?.stop({ remove: true });
    },
  };
}

/** Resolves when so many sessions of this database wait for a lock. */
export const lockWaits = (db: Kysely<DB>, sessions: number) =>
  until(
    `${sessions} waiting`,
    async () =>
      (await sql`select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`.execute(db)).rows.length,
    (n) => n >= sessions,
    20_000, // the transaction whose locks they wait for says nothing meanwhile, and is ended after 30 s
  );
