// The embedded PostgreSQL starts, stops, keeps data across a kill -9, and says clearly what is wrong.
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { freePort, isTaken } from '../../deploy/local/ports.ts';
import { type Postgres, startPostgres } from '../../deploy/local/postgres.ts';
import { until } from '../../deploy/local/say.ts';

let dir: string;
let port: number;
const running: Postgres[] = [];

beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'billetter-pg-'));
  port = await freePort();
});
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop();
});
afterAll(async () => {
  const last = await start(); // only the supervisor knows where the data went when we are root
  await last.stop({ remove: true });
  rmSync(dir, { recursive: true, force: true });
});

async function start(name = 'data'): Promise<Postgres> {
  const one = await startPostgres({ dataDir: join(dir, name), port, logFile: join(dir, 'postgres.log') });
  running.push(one);
  return one;
}
async function query<T = any>(text: string, url = `postgres://billetter@127.0.0.1:${port}/billetter`): Promise<T[]> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

test('starts as PostgreSQL 18, durable, UTF8, case-aware beyond ASCII, not as root', async () => {
  const one = await start();
  const [row] = await query(
    `select current_setting('server_version_num')::int as version, current_setting('fsync') as fsync, current_setting('synchronous_commit') as sync,
       current_setting('server_encoding') as encoding, current_setting('TimeZone') as zone, lower('ÄØ') as lower`,
    one.url,
  );
  expect(row).toMatchObject({ fsync: 'on', sync: 'on', encoding: 'UTF8', zone: 'UTC', lower: 'äø' });
  expect(row.version).toBeGreaterThanOrEqual(180000);
  await query('create table kept (n int)');
  await query('insert into kept values (1)');
});

test('stop frees the port; the next start has the data', async () => {
  const one = await start();
  await one.stop();
  expect(await isTaken(port)).toBe(false);
  await start();
  expect(await query('select n from kept')).toEqual([{ n: 1 }]);
});

test('kill -9 of the server loses nothing that was committed', async () => {
  const one = await start();
  await query('insert into kept values (2)');
  await one.process!.kill('SIGKILL');
  await start();
  expect(await query('select n from kept order by n')).toEqual([{ n: 1 }, { n: 2 }]);
});

test('a postmaster.pid left behind, whose number is another process by now, does not stop the start', async () => {
  const one = await start();
  await one.stop();
  writeFileSync(join(one.dataDir, 'postmaster.pid'), `${process.pid}\n${one.dataDir}\n0\n${port}\n\n127.0.0.1\n0 0\n`);
  await start();
  expect(await query('select count(*)::int as n from kept')).toEqual([{ n: 2 }]);
});

test('kill and restart through the process: same port, ready when restart resolves', async () => {
  const one = await start();
  await one.process!.kill('SIGKILL');
  await one.process!.restart();
  expect(await query('select count(*)::int as n from kept')).toEqual([{ n: 2 }]);
});

test('with keepAlive a server that was killed comes back by itself', async () => {
  const one = await startPostgres({ dataDir: join(dir, 'data'), port, logFile: join(dir, 'postgres.log'), keepAlive: true });
  running.push(one);
  await one.process!.kill('SIGKILL');
  const back = () =>
    query('select 1').then(
      () => true,
      () => false,
    );
  expect(await until(back, 120_000)).toBe(true);
});

test('a cluster of an older version, which knew no letters beyond ASCII, is mended and keeps its data', async () => {
  const sees = "select show_trgm('жар') <> '{}' as sees";
  const one = await start();
  await query('create extension pg_trgm');
  expect(await query(sees)).toEqual([{ sees: true }]);
  await query("update pg_database set datctype = 'C'"); // what initdb --locale=C made
  expect(await query(sees)).toEqual([{ sees: false }]);
  const before = await query('select count(*) from kept');
  await one.stop();
  await start();
  expect(await query(sees)).toEqual([{ sees: true }]);
  expect(await query('select count(*) from kept')).toEqual(before);
});

test('a taken port is one clear line', async () => {
  const server = net.createServer();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  try {
    await expect(start()).rejects.toThrow(new RegExp(`^port ${port} \\(PostgreSQL\\) is taken.*PG_PORT.*$`));
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

test("a folder with someone's files in it is not touched", async () => {
  mkdirSync(join(dir, 'mine'), { mode: 0o755 });
  writeFileSync(join(dir, 'mine', 'letter.txt'), 'dear');
  // As root under a closed folder the data goes elsewhere, and the folder is left alone anyhow.
  const result = await start('mine').catch((error) => error);
  if (result instanceof Error) expect(result.message).toMatch(/is not empty/);
  else await result.stop({ remove: true });
  expect(existsSync(join(dir, 'mine', 'letter.txt'))).toBe(true);
});

test('an initdb that was interrupted is done again', async () => {
  const one = await start('half');
  await one.stop();
  rmSync(join(one.dataDir, 'billetter.initialised'));
  rmSync(join(one.dataDir, 'global'), { recursive: true });
  const again = await start('half');
  expect(await query('select 1 as one', again.url)).toEqual([{ one: 1 }]);
  await again.stop({ remove: true });
});

test('DATABASE_URL is used instead; one that cannot be reached is one line without its password', async () => {
  const own = await start();
  const given = await startPostgres({ dataDir: join(dir, 'unused'), port, logFile: join(dir, 'x.log') }, { DATABASE_URL: own.url });
  expect(given).toMatchObject({ url: own.url, process: undefined });
  await given.stop();
  expect(await query('select 1 as one')).toEqual([{ one: 1 }]); // not ours to stop
  const bad: Error = await startPostgres({ dataDir: dir, port, logFile: '' }, { DATABASE_URL: 'postgres://u:secret@127.0.0.1:9/x' }).catch(
    (e) => e,
  );
  expect(bad.message).toMatch(/^DATABASE_URL is set, but that database cannot be reached: .*$/);
  expect(bad.message).not.toContain('secret');
});

test('on a machine without ps a second start on the same data is refused, and the live server goes on', async () => {
  const one = await start();
  const { PATH } = process.env;
  process.env.PATH = '/nonexistent';
  try {
    await expect(startPostgres({ dataDir: join(dir, 'data'), port: await freePort(), logFile: join(dir, 'second.log') })).rejects.toThrow(
      /already runs on/,
    );
  } finally {
    process.env.PATH = PATH;
  }
  expect(await query('select 1 as one', one.url)).toEqual([{ one: 1 }]);
});

test('a live server is known again when its folder is named through a symlink', async () => {
  const one = await start();
  const link = join(tmpdir(), `billetter-link-${process.pid}`); // not in `dir`: as root, data under a closed folder is put elsewhere
  symlinkSync(one.dataDir, link);
  try {
    await expect(startPostgres({ dataDir: link, port: await freePort(), logFile: join(dir, 'second.log') })).rejects.toThrow(
      /already runs on/,
    );
  } finally {
    rmSync(link);
  }
  expect(await query('select 1 as one', one.url)).toEqual([{ one: 1 }]);
});
