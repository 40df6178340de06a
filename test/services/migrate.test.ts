// Migrating a database that newer code was at, that another line of code was at, or whose role lacks a right.
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connect } from '../../db/connect.ts';
import { migrate } from '../../db/migrate.ts';
import { freshDatabase } from '../support/database.ts';

const run = promisify(execFile);
let database: Awaited<ReturnType<typeof freshDatabase>>;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database?.close());

/** The production migration over this database: its exit code and what it says. */
const production = async (url: string) => {
  const ran = run('npx', ['tsx', 'deploy/migrate.ts'], { env: { ...process.env, DATABASE_URL: url } });
  return ran.then(
    ({ stdout }) => ({ code: 0, said: stdout.trim() }),
    (error: { code: number; stderr: string }) => ({ code: error.code, said: error.stderr.trim() }),
  );
};

it('has nothing to do on a schema newer than the code, and ends well', async () => {
  await sql`insert into kysely_migration (name, timestamp) values ('9999_of_tomorrow', now()::text)`.execute(database.db);
  try {
    expect(await migrate(database.db)).toEqual({ applied: [], unknown: ['9999_of_tomorrow'] });
    expect(await production(database.url)).toEqual({
      code: 0,
      said: 'migrate: the schema is newer than this code (9999_of_tomorrow): nothing to do',
    });
  } finally {
    await sql`delete from kysely_migration where name = '9999_of_tomorrow'`.execute(database.db);
  }
});

it('refuses a database of another line of code, and names both sides', async () => {
  await database.db.connection().execute(async (db) => {
    await sql`update kysely_migration set name = '9999_of_elsewhere' where name = '0001_core'`.execute(db);
    try {
      await expect(migrate(database.db)).rejects.toThrow(/has 9999_of_elsewhere, which this code does not know, and lacks 0001_core/);
    } finally {
      await sql`update kysely_migration set name = '0001_core' where name = '9999_of_elsewhere'`.execute(db);
    }
  });
});

/** An empty database and a role that may only connect to it, handed to `work`; both are taken away again. */
async function asStranger(work: (url: string, names: { role: string; database: string }, owner: Kysely<any>) => Promise<void>) {
  const tag = randomBytes(4).toString('hex');
  const names = { role: `stranger_${tag}`, database: `theirs_${tag}` };
  await sql`create role ${sql.id(names.role)} login password 'x'`.execute(database.db);
  await sql`create database ${sql.id(names.database)}`.execute(database.db);
  const url = Object.assign(new URL(database.url), { pathname: `/${names.database}` });
  const owner = connect({ url: url.href, max: 1 });
  try {
    await work(Object.assign(new URL(url), { username: names.role, password: 'x' }).href, names, owner);
  } finally {
    await owner.destroy();
    await sql`drop database ${sql.id(names.database)} with (force)`.execute(database.db);
    await sql`drop role ${sql.id(names.role)}`.execute(database.db);
  }
}

it('names the right that a role lacks and the statement that gives it, one after the other, with nothing half made', async () => {
  await asStranger(async (url, { role, database: name }, owner) => {
    const tables = async () => (await sql`select from pg_tables where schemaname = 'public'`.execute(owner)).rows.length;

    const grants: string[] = [];
    for (let refused = await production(url); refused.code !== 0; refused = await production(url)) {
      expect(refused.said.split('\n')).toHaveLength(1);
      expect(await tables()).toBe(0);
      const grant = /run: (grant .*;)$/.exec(refused.said)?.[1];
      expect(grant, refused.said).toBeDefined();
      grants.push(grant!);
      await sql.raw(grant!).execute(owner);
      expect(grants.length).toBeLessThan(5);
    }
    expect(grants).toEqual([`grant usage, create on schema public to ${role};`, `grant create on database ${name} to ${role};`]);
    expect(await tables()).toBeGreaterThan(20);
  });
});
