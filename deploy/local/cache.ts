// The cache of downloaded and built tools: one folder per user, shared by all clones, safe under concurrent runs.
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir, open, rename, rm, stat, utimes } from 'node:fs/promises';
import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { proxyAgent } from '../../services/shared/proxies.ts';
import { ClearError, type Say, sleep } from './say.ts';

/** The cache folder: BILLETTER_CACHE, else billetter/ in the user's cache folder. */
export function cacheDir(env: NodeJS.ProcessEnv = process.env): string {
  if (env.BILLETTER_CACHE) return env.BILLETTER_CACHE;
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'billetter');
  const home = env.HOME || homeOf();
  return home === '/' || home === '/nonexistent'
    ? join(tmpdir(), `billetter-cache-${process.getuid?.() ?? 0}`)
    : join(home, '.cache', 'billetter');
}

/** A user id without a name has no home, and asking for it throws. */
function homeOf(): string {
  try {
    return homedir();
  } catch {
    return '/nonexistent';
  }
}

/**
 * Makes `dir` in the cache by running `fill` on a temporary folder beside it, which is then renamed into place: a run that is
 * interrupted leaves nothing half-made. Of several runs at once one works and the others wait for it. `dir` is known good when it exists.
 */
export async function fillOnce(dir: string, say: Say, fill: (temporary: string) => Promise<void>): Promise<void> {
  await mkdir(dirname(dir), { recursive: true }).catch((error) => notWritable(dir, error));
  const release = await lock(`${dir}.lock`, say);
  const temporary = `${dir}.${process.pid}.${Date.now()}.tmp`;
  const tidy = () => rmSync(temporary, { recursive: true, force: true });
  process.once('exit', tidy); // Ctrl-C while it is being made
  try {
    if (await exists(dir)) return;
    await mkdir(temporary, { recursive: true });
    await fill(temporary);
    await rename(temporary, dir);
  } finally {
    process.removeListener('exit', tidy);
    tidy();
    await release();
  }
}

const BEAT = 3000;
const STALE = 20_000;

/** A lock file whose holder touches it every 3 s; one untouched for 20 s belonged to a process that died. (A pid would mean nothing to another container sharing the cache.) */
async function lock(file: string, say: Say): Promise<() => Promise<void>> {
  let told = false;
  for (;;) {
    const handle = await open(file, 'wx').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return undefined;
      return notWritable(file, error);
    });
    if (handle) {
      await handle.close();
      const beat = setInterval(() => utimes(file, new Date(), new Date()).catch(() => {}), BEAT);
      const unlock = () => rmSync(file, { force: true });
      process.once('exit', unlock);
      return async () => {
        clearInterval(beat);
        process.removeListener('exit', unlock);
        unlock();
      };
    }
    const age = await stat(file).then(
      (s) => Date.now() - s.mtimeMs,
      () => 0,
    );
    if (age > STALE) {
      // Renamed first: of several waiting only one gets to remove it.
      await rename(file, `${file}.${process.pid}.stale`).then(
        () => rm(`${file}.${process.pid}.stale`, { force: true }),
        () => {},
      );
      continue;
    }
    if (!told) say('another run is installing the same tool: waiting for it');
    told = true;
    await sleep(300);
  }
}

function notWritable(path: string, error: NodeJS.ErrnoException): never {
  throw new ClearError(`cannot write to the folder ${dirname(path)} (${error.code}): set BILLETTER_CACHE to one that can be written`);
}

/** Whether a path exists. */
export function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/**
 * Downloads a .tar.gz and unpacks it into `into`. Gives up fast where there is no network: 8 s for the answer to begin, 20 s without a byte.
 * Throws with a short reason.
 */
export async function downloadAndUnpack(url: string, into: string, say: Say): Promise<void> {
  const abort = new AbortController();
  let timer = setTimeout(() => abort.abort(new Error('no answer in 8 s')), 8000);
  const archive = join(into, 'archive.tar.gz');
  try {
    const response = await get(url, abort.signal);
    if (response.statusCode !== 200) throw new Error(`HTTP ${response.statusCode}`);
    const total = Number(response.headers['content-length'] ?? 0);
    let got = 0;
    let told = Date.now();
    const progress = async function* (source: AsyncIterable<Buffer>) {
      for await (const chunk of source) {
        clearTimeout(timer);
        timer = setTimeout(() => abort.abort(new Error('stalled for 20 s')), 20_000);
        got += chunk.length;
        if (Date.now() - told > 5000) {
          told = Date.now();
          say(`downloading ... ${(got / 1e6).toFixed(0)}${total ? ` of ${(total / 1e6).toFixed(0)}` : ''} MB`);
        }
        yield chunk;
      }
    };
    const file = await open(archive, 'w');
    await pipeline(response, progress, file.createWriteStream(), { signal: abort.signal });
    await promisify(execFile)('tar', ['-xzf', archive, '-C', into]);
  } catch (error) {
    const reason = abort.signal.aborted ? abort.signal.reason : ((error as any)?.cause ?? error);
    throw new Error((reason as Error)?.message ?? String(reason));
  } finally {
    clearTimeout(timer);
    await rm(archive, { force: true });
  }
}

/** Follows redirects. Not fetch: that of Node 20 goes through no proxy. */
async function get(url: string, signal: AbortSignal, hops = 5): Promise<IncomingMessage> {
  const { request } = url.startsWith('https:') ? https : http;
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { agent: proxyAgent(url), signal }, resolve)
      .once('error', reject)
      .end();
  });

  const { location } = response.headers;
  if (!location || !hops || Math.floor(response.statusCode! / 100) !== 3) return response;
  response.resume();
  return get(new URL(location, url).href, signal, hops - 1);
}
