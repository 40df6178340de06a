// Finds a `temporal` command line tool, which carries the development server: given, installed, cached, downloaded, or built with Go.
import { execFile, spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { chmod, mkdir, rename, rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir, downloadAndUnpack, fillOnce } from './cache.ts';
import { ClearError, type Say, say as sayAloud, since } from './say.ts';

/** Pinned: the version everything was tested with. CLI 1.5.1 carries server 1.29.1. */
export const TEMPORAL_CLI_VERSION = '1.5.1';
const OLDEST_SERVER = [1, 28] as const; // what the order workflows use of the server is there from 1.28 on

export type TemporalCli = { path: string; version: string; how: 'TEMPORAL_CLI' | 'PATH' | 'cache' | 'download' | 'go build' };
export type FindOptions = { env?: NodeJS.ProcessEnv; say?: Say; downloadUrl?: string };

/** Finds a usable temporal CLI, installing one into the cache when there is none. Throws a ClearError of one line when nothing works. */
export async function findTemporal(options: FindOptions = {}): Promise<TemporalCli> {
  const env = options.env ?? process.env;
  const say = options.say ?? sayAloud;

  if (env.TEMPORAL_CLI) {
    const found = await probe(env.TEMPORAL_CLI);
    if ('version' in found) return { path: env.TEMPORAL_CLI, version: found.version, how: 'TEMPORAL_CLI' };
    throw new ClearError(`TEMPORAL_CLI=${env.TEMPORAL_CLI} cannot be used: ${found.fault}; unset it or point it at a temporal CLI`);
  }

  for (const path of onPath('temporal', env)) {
    const found = await probe(path);
    if ('version' in found) return { path, version: found.version, how: 'PATH' };
    say(`${path} is passed over: ${found.fault}`);
  }

  const dir = join(cacheDir(env), `temporal-${TEMPORAL_CLI_VERSION}-${process.platform}-${process.arch}`);
  const path = join(dir, 'temporal');
  const cached = await fromCache(dir, path);
  if (cached) return cached;

  let how: TemporalCli['how'] = 'cache'; // stays so when another run filled the cache while this one waited
  await fillOnce(dir, say, async (temporary) => {
    how = await install(temporary, env, say, options.downloadUrl);
  });
  const found = await probe(path);
  if ('fault' in found) throw new ClearError(`the temporal CLI in ${path} cannot be used: ${found.fault}; delete ${dir} and try again`);
  return { path, version: found.version, how };
}

async function fromCache(dir: string, path: string): Promise<TemporalCli | undefined> {
  if (!existsSync(path)) return undefined;
  const found = await probe(path);
  if ('version' in found) return { path, version: found.version, how: 'cache' };
  await rename(dir, `${dir}.bad.${process.pid}`).catch(() => {}); // a broken disk or another libc: put aside and made again
  await rm(`${dir}.bad.${process.pid}`, { recursive: true, force: true });
  return undefined;
}

/** Every executable of that name on PATH, in order. */
export function onPath(name: string, env: NodeJS.ProcessEnv = process.env): string[] {
  return (env.PATH ?? '')
    .split(delimiter)
    .filter(Boolean)
    .map((dir) => join(dir, name))
    .filter((path) => {
      try {
        accessSync(path, constants.X_OK);
        return true;
      } catch {
        return false;
      }
    });
}

/** Runs `temporal --version` and judges what it says, e.g. "temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)". */
async function probe(path: string): Promise<{ version: string } | { fault: string }> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: 15_000 });
    const server = /Server (\d+)\.(\d+)\.\d+/.exec(stdout);
    if (!server) return { fault: `its version cannot be read from "${stdout.trim().slice(0, 80)}"` };
    const [major, minor] = [Number(server[1]), Number(server[2])];
    if (major < OLDEST_SERVER[0] || (major === OLDEST_SERVER[0] && minor < OLDEST_SERVER[1]))
      return { fault: `its server ${major}.${minor} is older than ${OLDEST_SERVER.join('.')}` };
    return { version: stdout.trim().replace(/^temporal version /, '') };
  } catch (error) {
    const e = error as NodeJS.ErrnoException & { killed?: boolean };
    return {
      fault: e.killed ? 'it does not answer' : e.code === 'ENOENT' ? 'there is no such file' : `it does not run (${e.code ?? e.message})`,
    };
  }
}

async function install(into: string, env: NodeJS.ProcessEnv, say: Say, downloadUrl?: string): Promise<TemporalCli['how']> {
  const os = { linux: 'linux', darwin: 'darwin' }[process.platform as string];
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
  const file = `temporal_cli_${TEMPORAL_CLI_VERSION}_${os}_${arch}.tar.gz`;
  const url = downloadUrl ?? `https://github.com/temporalio/cli/releases/download/v${TEMPORAL_CLI_VERSION}/${file}`;
  let noDownload = `there is no release for ${process.platform} ${process.arch}`;
  if (os && arch) {
    say(`downloading the Temporal CLI ${TEMPORAL_CLI_VERSION}`);
    try {
      await downloadAndUnpack(url, into, say);
      await chmod(join(into, 'temporal'), 0o755);
      const found = await probe(join(into, 'temporal'));
      if ('version' in found) return 'download';
      noDownload = found.fault;
    } catch (error) {
      noDownload = (error as Error).message;
    }
  }
  const go = onPath('go', env)[0] ?? ['/usr/local/go/bin/go', '/opt/homebrew/bin/go'].find((path) => existsSync(path));
  const advice = `install the Temporal CLI by hand (https://docs.temporal.io/cli) so that it is on PATH, or set TEMPORAL_CLI to it`;
  if (!go) throw new ClearError(`no Temporal CLI: the download failed (${noDownload}) and there is no Go to build it with; ${advice}`);
  say(`the download failed (${noDownload}): building the CLI with Go instead, about 5 minutes on two cores, once per machine`);
  const fault = await build(go, into, env, say);
  if (fault)
    throw new ClearError(`no Temporal CLI: the download failed (${noDownload}), and so did the build with Go (${fault}); ${advice}`);
  return 'go build';
}

/** Builds the CLI from the Go module proxy; resolves to what went wrong, if anything did. */
async function build(go: string, into: string, env: NodeJS.ProcessEnv, say: Say): Promise<string | undefined> {
  const started = Date.now();
  const bin = join(into, 'bin');
  await mkdir(bin);
  // Without cgo no C compiler is needed. -s -w leave out debug tables (a third of the size); -X stamps the version a release carries.
  const ldflags = `-s -w -X github.com/temporalio/cli/temporalcli.Version=${TEMPORAL_CLI_VERSION}`;
  const args = ['install', '-v', '-trimpath', '-ldflags', ldflags, `github.com/temporalio/cli/cmd/temporal@v${TEMPORAL_CLI_VERSION}`];
  const child = spawn(go, args, {
    cwd: into,
    env: { ...env, CGO_ENABLED: '0', GOBIN: bin, GOFLAGS: '' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const stop = () => child.kill();
  process.once('exit', stop);
  let packages = 0;
  let last = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.split('\n').filter((l) => l.trim())) {
      if (line.startsWith('go: downloading')) continue;
      if (!/\s/.test(line)) packages++;
      else last = line.trim();
    }
  });
  const tick = setInterval(() => say(`building the Temporal CLI ... ${packages} packages, ${since(started)}`), 15_000);
  const code = await new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (exit) => resolve(exit ?? 'killed'));
  });
  clearInterval(tick);
  process.removeListener('exit', stop);
  if (code !== 0) return last || String(code);
  await rename(join(bin, 'temporal'), join(into, 'temporal'));
  await rm(bin, { recursive: true });
  const found = await probe(join(into, 'temporal'));
  if ('fault' in found) return found.fault;
  say(`built the Temporal CLI (${since(started)})`);
  return undefined;
}
