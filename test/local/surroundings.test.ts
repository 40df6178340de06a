// What other people's shells do: a proxy for everything, a reader that goes away, a full disk behind the output, a user id without a name.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { freePort } from '../../deploy/local/ports.ts';
import { directLoopback } from '../../deploy/local/surroundings.mjs';

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

it.each([
  ['as the shell has it', false, true],
  ['as we start with it', true, false],
])('gRPC and fetch under a proxy, %s', async (_, direct, asked) => {
  const seen: string[] = [];
  const proxy = net.createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', (bytes) => {
      seen.push(String(bytes).split('\r\n')[0]!);
      socket.destroy();
    });
  });
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  const url = `http://127.0.0.1:${(proxy.address() as net.AddressInfo).port}`;
  const env: Record<string, string | undefined> = { ...process.env, http_proxy: url, https_proxy: url, NODE_USE_ENV_PROXY: '1' };
  if (direct) directLoopback(env);
  const port = await freePort(); // nobody listens there
  const script = `import { Connection } from '@temporalio/client';
    await Connection.connect({ address: '127.0.0.1:${port}', connectTimeout: 2000 }).catch(() => {});
    process.exit(0);`;
  await ended(spawn(process.execPath, ['--input-type=module', '-e', script], { env, stdio: 'ignore' }));
  await new Promise((done) => proxy.close(done));
  expect(seen.some((line) => line.includes(`127.0.0.1:${port}`))).toBe(asked);
});

const ended = (child: ReturnType<typeof spawn>) => new Promise<number | null>((done) => child.once('exit', done));

/** Runs the talker with its output into a pipe that is closed at once, or into a full disk: whether it lived to the end. */
async function talk(name: string, guarded: boolean, output: 'pipe' | number): Promise<boolean> {
  const file = join(dir, name);
  const child = spawn(process.execPath, ['--import', 'tsx', 'test/local/talker.ts', file, guarded ? 'guarded' : 'not'], {
    stdio: ['ignore', output, output],
  });
  child.stdout?.destroy();
  child.stderr?.destroy();
  await ended(child);
  return existsSync(file);
}

it.each([
  ['a pipe whose reader went away', 'pipe' as const],
  ['a disk that is full', 'full' as const],
])('losing the reader ends nothing: %s', async (what, output) => {
  const to = () => (output === 'full' ? openSync('/dev/full', 'w') : output);
  expect(await talk(`${output}-guarded`, true, to())).toBe(true);
  expect(await talk(`${output}-not`, false, to()), `without the guard, ${what} ends it`).toBe(false);
});
