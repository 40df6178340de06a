// The child supervisor: readiness, faults told with the log's end, restart, orderly stop, and nothing left behind.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { getPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { freePort } from '../../deploy/local/ports.ts';
import { ROOT, type Running, runToEnd, type Spec, startProcess } from '../../deploy/local/processes.ts';
import { until } from '../../deploy/local/say.ts';

let dir: string;
const started: Running[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'billetter-proc-'));
});
afterEach(async () => {
  for (const one of started.splice(0)) await one.stop();
  rmSync(dir, { recursive: true, force: true });
});

const spec = (script: string, more: Partial<Spec> = {}): Spec => ({
  name: 'child',
  command: process.execPath,
  args: ['-e', script],
  logFile: join(dir, 'logs', 'child.log'),
  ...more,
});
async function start(...args: Parameters<typeof spec>): Promise<Running> {
  const one = await startProcess(spec(...args));
  started.push(one);
  return one;
}
const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const server = (port: number) => `setTimeout(() => require('http').createServer((q, r) => r.end()).listen(${port}), 100)`;

test('resolves when its URL answers; its output is in its log', async () => {
  const port = await freePort();
  const one = await start(`console.log('hello'); console.error('trouble'); ${server(port)}`, { ready: `http://127.0.0.1:${port}/` });
  expect((await fetch(`http://127.0.0.1:${port}/`)).ok).toBe(true);
  expect(readFileSync(one.logFile, 'utf8')).toBe('hello\ntrouble\n');
});

test('one that gives way runs behind the others where the machine is short; the rest are as we are', async () => {
  const port = await freePort();
  const [database, worker] = [
    await start(server(port), { givesWay: 'database' }),
    await start(server(await freePort()), { givesWay: 'background' }),
  ];
  const plain = await start(server(await freePort()));
  expect([database, worker, plain].map(({ pid }) => getPriority(pid) - getPriority())).toEqual([5, 10, 0]);
});

test('one that dies before it is ready is told with the end of its log, and not with that of an earlier run', async () => {
  await runToEnd(spec(`console.log('earlier')`));
  const error: Error = await startProcess(spec(`console.log('PORT is not set'); process.exit(3)`, { ready: 'http://127.0.0.1:9/' })).catch(
    (e) => e,
  );
  expect(error.message).toMatch(/^child did not start \(exit code 3\)/);
  expect(error.message).toContain('PORT is not set');
  expect(error.message).not.toContain('earlier');
});

test('one that is not ready in time is told, and killed', async () => {
  const pid = () => Number(readFileSync(join(dir, 'logs', 'child.log'), 'utf8'));
  const ready = () => until(() => pid() > 0, 60_000).then(() => false); // its time is over when it has said who it is, however slowly
  await expect(startProcess(spec('console.log(process.pid); setInterval(() => {}, 1000)', { ready, readyMs: 1 }))).rejects.toThrow(
    /child was not ready after/,
  );
  expect(pid()).toBeGreaterThan(0); // kill(0) would ask for ourselves
  expect(alive(pid())).toBe(false);
});

test('a command that is not there is told', async () => {
  await expect(startProcess(spec('', { command: '/no/such/program' }))).rejects.toThrow(/child did not start \(.*ENOENT/);
});

test('runToEnd throws for a failure, with the log', async () => {
  await expect(runToEnd(spec(`console.error('no such table'); process.exit(1)`))).rejects.toThrow(
    /child failed \(exit code 1\).*no such table/s,
  );
});

test('stop asks first, then kills after the deadline', async () => {
  const polite = await start(
    `process.on('SIGTERM', () => { console.log('bye'); process.exit(0); }); console.log('up'); setInterval(() => {}, 1000)`,
  );
  await until(() => readFileSync(polite.logFile, 'utf8').includes('up'), 60_000);
  await polite.stop();
  expect(readFileSync(polite.logFile, 'utf8')).toContain('bye');
  const deaf = await start(`process.on('SIGTERM', () => {}); console.log('deaf'); setInterval(() => {}, 1000)`, { stopMs: 300 });
  await until(() => readFileSync(deaf.logFile, 'utf8').includes('deaf'), 60_000);
  await deaf.stop();
  expect(await deaf.exited).toEqual({ code: null, signal: 'SIGKILL' });
  expect(deaf.pid).toBeUndefined();
});

test('kill ends it as a crash would; restart starts it anew, with more environment', async () => {
  const port = await freePort();
  const one = await start(`console.log('mode', process.env.MODE); ${server(port)}`, {
    ready: `http://127.0.0.1:${port}/`,
    env: { PATH: process.env.PATH },
  });
  const before = one.pid;
  expect(await one.kill('SIGKILL')).toEqual({ code: null, signal: 'SIGKILL' });
  await one.restart({ MODE: 'again' });
  expect(one.pid).not.toBe(before);
  expect(readFileSync(one.logFile, 'utf8')).toContain('mode again');
});

test('with keepAlive one that dies is restarted, and said; after stop it stays down', async () => {
  const said: string[] = [];
  const port = await freePort();
  const one = await start(server(port), { ready: `http://127.0.0.1:${port}/`, keepAlive: true, say: (line) => said.push(line) });
  const before = one.pid;
  process.kill(before!, 'SIGKILL');
  expect(await until(() => said.includes('child is back'), 120_000)).toBe(true);
  expect(said[0]).toMatch(/^child ended unexpectedly \(killed by SIGKILL\), restarting in 0.5 s/);
  expect(one.pid).not.toBe(before);
  await one.stop();
  expect(one.pid).toBeUndefined();
  expect(said).toHaveLength(2);
});

test('kill -9 of the supervisor leaves no child behind, nor a child of a child', async () => {
  const child = `const c = require('child_process').spawn('sleep', ['600']); console.log('pids', process.pid, c.pid)`;
  const main = `
    import { startProcess } from ${JSON.stringify(join(ROOT, 'deploy/local/processes.ts'))};
    await startProcess({ name: 'child', command: process.execPath, args: ['-e', ${JSON.stringify(child)}], logFile: ${JSON.stringify(join(dir, 'child.log'))} });
    console.log('up');
    setInterval(() => {}, 1000);`;
  const supervisor = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', main], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((resolve) => supervisor.stdout.once('data', resolve));
  const log = () => /pids (\d+) (\d+)/.exec(readFileSync(join(dir, 'child.log'), 'utf8'));
  expect(await until(() => log() !== null, 60_000)).toBe(true);
  const pids = log()!.slice(1).map(Number);
  expect(pids.map(alive)).toEqual([true, true]);
  supervisor.kill('SIGKILL');
  const gone = async () => {
    // A zombie still answers kill(0); ps tells it apart.
    const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=', '-p', pids.join(',')]).catch(() => ({ stdout: '' }));
    return stdout.split('\n').every((stat) => !stat.trim() || stat.includes('Z'));
  };
  expect(await until(gone, 60_000)).toBe(true);
});
