// Supervises the embedded PostgreSQL: makes its data folder, starts it tuned for one small machine, stops it cleanly, keeps data across kill -9.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { appendFile, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { names, runs } from './alive.ts';
import { holder, isTaken } from './ports.ts';
import { type Files, postgresFiles } from './postgres-files.ts';
import { CTYPES, openEyes } from './postgres-letters.ts';
import { type Running, startProcess } from './processes.ts';
import { ClearError, type Say, until } from './say.ts';

const run = promisify(execFile);
const DATABASE = 'billetter';
const ENV = { PATH: process.env.PATH, LANG: 'C', LC_ALL: 'C', TZ: 'UTC' };

/** fsync and synchronous_commit stay on: what is sold stays sold, in the embedded default too. */
const SETTINGS = `
# Billetter's own settings; the ones above are initdb's.
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
shared_buffers = 256MB
work_mem = 8MB
maintenance_work_mem = 64MB
effective_cache_size = 1GB
random_page_cost = 1.1
fsync = on
synchronous_commit = on
max_wal_size = 2GB
min_wal_size = 256MB
checkpoint_timeout = 15min
jit = off
max_parallel_workers_per_gather = 0
autovacuum_naptime = 15s
timezone = 'UTC'
log_timezone = 'UTC'
log_line_prefix = '%m [%p] %a '
log_min_duration_statement = 1s
`;

export type PostgresOptions = {
  /** Where the data should be. As root under a folder closed to others it is put elsewhere: `dataDir` of the answer says where. */
  dataDir: string;
  port: number;
  logFile: string;
  say?: Say;
  keepAlive?: boolean;
};

export type Postgres = {
  url: string;
  dataDir: string;
  /** Undefined when DATABASE_URL named a server that is not ours. */
  process: Running | undefined;
  /** With `remove`, the data goes too. */
  stop(options?: { remove?: boolean }): Promise<void>;
};

/** Starts PostgreSQL (or takes the one named by DATABASE_URL in `env`) and makes the database `billetter`. */
export async function startPostgres(options: PostgresOptions, env: NodeJS.ProcessEnv = {}): Promise<Postgres> {
  if (env.DATABASE_URL) return existing(env.DATABASE_URL);
  const say = options.say ?? (() => {});
  const files = await postgresFiles(options.dataDir, say);
  if (await isTaken(options.port, '127.0.0.1')) {
    const who = await holder(options.port);
    throw new ClearError(`port ${options.port} (PostgreSQL) is taken${who ? ` by ${who}` : ''}: stop that, or move it with PG_PORT`);
  }
  await initialise(files, say);
  await clearStalePid(files.dataDir);

  const url = `postgres://billetter@127.0.0.1:${options.port}/${DATABASE}`;
  const spec = {
    name: 'postgres',
    command: join(files.bin, 'postgres'),
    args: ['-D', files.dataDir, '-p', String(options.port)],
    cwd: files.dataDir, // the dropped user may not be able to enter the folder this process is in
    env: ENV,
    uid: files.user?.uid,
    gid: files.user?.gid,
    logFile: options.logFile,
    ready: () => accepts(options.port),
    readyMs: 120_000, // after a crash it replays its log first
    stopSignal: 'SIGINT' as const, // "fast": does not wait for clients to leave
    stopMs: 20_000,
    keepAlive: options.keepAlive,
    givesWay: 'database' as const,
    tryAgainOn: /shared memory block/, // after a kill -9 its children take a moment to notice
    say,
  };
  const running = await startProcess(spec);
  return {
    url,
    dataDir: files.dataDir,
    process: running,
    async stop({ remove = false } = {}) {
      await running.stop();
      if (remove) await rm(files.dataDir, { recursive: true, force: true });
    },
  };
}

async function existing(url: string): Promise<Postgres> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5000 });
  try {
    await client.connect();
  } catch (error) {
    throw new ClearError(`DATABASE_URL is set, but that database cannot be reached: ${(error as Error).message || (error as any).code}`);
  } finally {
    await client.end().catch(() => {});
  }
  return { url, dataDir: '', process: undefined, stop: async () => {} };
}

/** Written after initdb has finished: an initdb that was interrupted leaves a folder that looks whole and is not. */
const STAMP = 'billetter.initialised';

async function initialise({ dataDir, bin, user }: Files, say: Say): Promise<void> {
  if (existsSync(join(dataDir, STAMP))) return;
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const found = await readdir(dataDir);
  if (found.length && !found.includes('PG_VERSION'))
    throw new ClearError(`${dataDir} is not empty and holds no PostgreSQL data: move it away, or set BILLETTER_DATA to another folder`);
  for (const name of found) await rm(join(dataDir, name), { recursive: true, force: true });
  say('making a new PostgreSQL data folder');
  await initdb({ dataDir, bin, user });
  await appendFile(join(dataDir, 'postgresql.conf'), SETTINGS);
  await writeFile(join(dataDir, STAMP), '');
}

/** Runs initdb with the first locale that this machine has. */
async function initdb({ dataDir, bin, user }: Files): Promise<void> {
  for (const ctype of CTYPES) {
    // C.UTF-8 of PostgreSQL's own: sorts by code point on every system alike, and knows upper and lower case beyond ASCII.
    const locale = ['--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C', `--lc-ctype=${ctype}`];
    try {
      // Trust is safe enough here: it listens on 127.0.0.1 alone, and holds demo data.
      const args = ['-D', dataDir, '-U', 'billetter', '-A', 'trust', '-E', 'UTF8', ...locale];
      return void (await run(join(bin, 'initdb'), args, { cwd: dataDir, env: ENV, timeout: 120_000, ...user }));
    } catch (error) {
      const e = error as { stderr?: string; message: string };
      if (ctype !== CTYPES.at(-1) && /invalid locale name/.test(e.stderr ?? '')) continue;
      if (/could not look up effective user ID/.test(e.stderr ?? ''))
        throw new ClearError(
          `PostgreSQL needs a user with a name, and the user id ${process.getuid?.()} has none here: run as another user (in a container without -u), give it a line in /etc/passwd, or set DATABASE_URL to a PostgreSQL of your own`,
        );
      throw new ClearError(`initdb failed in ${dataDir}: ${(e.stderr?.trim() || e.message).split('\n').slice(0, 3).join(' ')}`);
    }
  }
}

/** After a kill -9 postmaster.pid is left; the server would refuse to start if that id now belongs to some other process. */
async function clearStalePid(dataDir: string): Promise<void> {
  const file = join(dataDir, 'postmaster.pid');
  const [first, startedOn] = (await readFile(file, 'utf8').catch(() => '')).split('\n');
  const pid = Number(first);
  if (!pid) return;

  // Its second line is the folder as the server itself was told it: through a symlink the same data has another name today.
  const folders = [dataDir, startedOn].filter((one): one is string => !!one);
  const isOurs = (command: string) => command.includes('postgres') && folders.some((folder) => names(command, folder));
  // A server that is just being stopped (by the watchdog of a stack that was killed) gets its time.
  const gone = await until(async () => !runs(pid, isOurs), 15_000, 200);
  if (!gone) throw new ClearError(`PostgreSQL already runs on ${dataDir} (pid ${pid}): stop the stack it belongs to, or kill -INT ${pid}`);
  await rm(file, { force: true });
}

async function accepts(port: number): Promise<boolean> {
  const client = new pg.Client({ connectionString: `postgres://billetter@127.0.0.1:${port}/postgres`, connectionTimeoutMillis: 2000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await openEyes(client);
    const { rowCount } = await client.query('select from pg_database where datname = $1', [DATABASE]);
    if (!rowCount) await client.query(`create database ${DATABASE}`);
    return true;
  } finally {
    await client.end().catch(() => {});
  }
}
