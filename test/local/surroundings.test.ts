// What other people's shells do: a proxy for everything, a reader that goes away, a full disk behind the output, a user id without a name.
import { spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freePort } from '../../deploy/local/ports.ts';
import { reachable } from '../../deploy/local/postgres-files.ts';
import { ROOT } from '../../deploy/local/processes.ts';
import { directLoopback, forgetOthers } from '../../deploy/local/surroundings.mjs';
import { startProxy } from '../support/proxy.ts';

const dir = mkdtempSync(join(tmpdir(), 'billetter-surroundings-'));

it('loopback is taken out of every proxy, and what the shell had taken out stays out', () => {
  const none: Record<string, string | undefined> = { PATH: 'x' };
  directLoopback(none);
  expect(none).toEqual({ PATH: 'x' });
  const env: Record<string, string | undefined> = { HTTP_PROXY: 'http://proxy.example:3128', NO_PROXY: 'corp.example, 127.0.0.1' };
  directLoopback(env);
  expect(env.no_proxy).toBe('corp.example,127.0.0.1,localhost,::1');
  expect(env.NO_PROXY).toBe(env.no_proxy);
});

it("libpq's variables are of a server of the user's own, and go where the embedded one is used", () => {
  const env: Record<string, string | undefined> = { PGSSLMODE: 'require', PGHOST: 'db', PG_PORT: '5433', PATH: 'x' };
  forgetOthers(env);
  expect(env).toEqual({ PG_PORT: '5433', PATH: 'x' });
  const own = { PGSSLMODE: 'require', DATABASE_URL: 'postgres://db/x' };
  forgetOthers(own);
  expect(own.PGSSLMODE).toBe('require');
});

it.each([
  ['as the shell has it', false, true],
  ['as we start with it', true, false],
])('gRPC and fetch under a proxy, %s', async (_, direct, asked) => {
  const { url, seen, stop } = await startProxy();
  const env: Record<string, string | undefined> = { ...process.env, http_proxy: url, https_proxy: url, NODE_USE_ENV_PROXY: '1' };
  if (direct) directLoopback(env);
  const port = await freePort(); // nobody listens there
  const script = `import { Connection } from '@temporalio/client';
    await Connection.connect({ address: '127.0.0.1:${port}', connectTimeout: 2000 }).catch(() => {});
    process.exit(0);`;
  await ended(spawn(process.execPath, ['--input-type=module', '-e', script], { env, stdio: 'ignore' }));
  await stop();
  expect(seen.some((line) => line.includes(`127.0.0.1:${port}`))).toBe(asked);
});

const ended = (child: ReturnType<typeof spawn>) => new Promise<number | null>((done) => child.once('exit', done));

/** Runs the talker with its output into a pipe that is closed at once, or into a full disk: whether it lived to its end, and then did end. */
async function talk(name: string, guarded: boolean, output: 'pipe' | number): Promise<boolean> {
  const file = join(dir, name);
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/local/talker.ts', file, guarded ? 'guarded' : 'not'], {
    stdio: ['ignore', output, output],
    timeout: 30_000, // one that never ends is not left behind
    killSignal: 'SIGKILL',
  });
  child.stdout?.destroy();
  child.stderr?.destroy();
  return (await ended(child)) === 0 && existsSync(file);
}

it.each([
  ['a pipe whose reader went away', 'pipe' as const],
  ['a disk that is full', 'full' as const],
])('losing the reader ends nothing: %s', async (what, output) => {
  const to = () => (output === 'full' ? openSync('/dev/full', 'w') : output);
  expect(await talk(`${output}-guarded`, true, to())).toBe(true);
  expect(await talk(`${output}-not`, false, to()), `without the guard, ${what} ends it`).toBe(false);
});

// Only root can be somebody without a name, and that somebody has to be able to read the checkout.
it.runIf(process.getuid?.() === 0 && reachable(ROOT))('a user id without a name, and without HOME, is told what to do', async () => {
  const own = mkdtempSync(join(tmpdir(), 'billetter-nameless-'));
  chmodSync(own, 0o700);
  chownSync(own, 12345, 12345);
  const script = `import { cacheDir } from './deploy/local/cache.ts';
    import { startPostgres } from './deploy/local/postgres.ts';
    console.log(cacheDir());
    await startPostgres({ dataDir: '${own}/data', port: ${await freePort()}, logFile: '${own}/log' }).catch((e) => console.log(e.message));`;
  const { HOME: _, XDG_CACHE_HOME: __, BILLETTER_CACHE: ___, ...env } = process.env;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  const child = spawn(process.execPath, args, { cwd: ROOT, env, uid: 12345, gid: 12345, stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said += text;
  });
  await ended(child);
  rmSync(own, { recursive: true });
  const [cache, advice, ...more] = said.trim().split('\n');
  expect(cache).toContain('billetter-cache-12345');
  expect(advice).toMatch(/^PostgreSQL needs a user with a name, and the user id 12345 has none here: .*DATABASE_URL/);
  expect(more).toEqual([]);
});
