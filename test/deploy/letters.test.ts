// A database that knows no letters beyond ASCII is refused, by all who would search in it, in one line that says what to do.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { loadConfig } from '../../config.ts';
import { connect } from '../../db/connect.ts';
import { blindness, seesLetters } from '../../db/letters.ts';
import { migrate } from '../../db/migrate.ts';
import { startGateway } from '../../gateway/compose.ts';
import { createLog } from '../../log.ts';
import { freshDatabase } from '../support/database.ts';

const run = promisify(execFile);
const REFUSED =
  /^\w+: database "blind" \(UTF8, LC_CTYPE C\) knows no letters beyond ASCII, .* make a database with: create database .*README.*$/;

let fresh: Awaited<ReturnType<typeof freshDatabase>>;
let blind: Kysely<any>;
let url: string;
beforeAll(async () => {
  fresh = await freshDatabase();
  await sql`create database blind template template0 encoding 'UTF8' lc_ctype 'C' lc_collate 'C'`.execute(fresh.db);
  url = Object.assign(new URL(fresh.url), { pathname: '/blind' }).href;
  blind = connect({ url, max: 2 });
});
afterAll(async () => {
  await blind?.destroy();
  if (fresh) await sql`drop database blind with (force)`.execute(fresh.db);
  await fresh?.close();
});

/** What a program says on this database, and how it ends. */
const said = (...args: string[]) =>
  run('npx', ['tsx', ...args], {
    env: { ...process.env, DATABASE_URL: url, PORT: '0', TEMPORAL_ADDRESS: '127.0.0.1:1' },
    timeout: 60_000,
  }).then(
    () => ({ code: 0, line: '' }),
    (error: { code: number; stderr: string }) => ({ code: error.code, line: error.stderr.trim() }),
  );

it('the migration refuses it and makes nothing', async () => {
  expect(await said('deploy/migrate.ts')).toEqual({ code: 1, line: expect.stringMatching(REFUSED) });
  await expect(migrate(blind)).rejects.toThrow(/knows no letters beyond ASCII/);
  const { rows } = await sql`select from pg_tables where schemaname = 'public' and tablename = 'events'`.execute(blind);
  expect(rows).toEqual([]);
});

it('gateway and worker refuse to start', async () => {
  await sql`create extension pg_trgm`.execute(blind);
  expect(await said('gateway/main.ts')).toEqual({ code: 1, line: expect.stringMatching(REFUSED) });
  expect(await said('worker/main.ts', '--queues', 'payments')).toEqual({ code: 78, line: expect.stringMatching(REFUSED) });
  const config = loadConfig({ NODE_ENV: 'test', DATABASE_URL: url, PORT: '0' });
  await expect(startGateway(config, createLog('silent', 'gateway'))).rejects.toThrow(REFUSED);
});

it('a database that answers later is asked then: not ready until it has been seen to know its letters', async () => {
  await expect(seesLetters(blind)()).rejects.toThrow(/knows no letters/);
  const letters = seesLetters(fresh.db);
  await letters();
  await letters();
  expect(await blindness(fresh.db)).toBeUndefined();
});
