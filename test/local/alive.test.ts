// Who holds a process id: what cannot be told is never taken for dead.
import { type ChildProcess, spawn } from 'node:child_process';
import type * as fs from 'node:fs';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { names, runs } from '../../deploy/local/alive.ts';

const proc = vi.hoisted(() => ({ readable: true }));
vi.mock('node:fs', async (real) => {
  const all = await real<typeof fs>();
  const readFileSync = (path: string, ...rest: unknown[]) => {
    if (!proc.readable && String(path).startsWith('/proc/')) throw Object.assign(new Error('no /proc here'), { code: 'ENOENT' });
    return (all.readFileSync as (...args: unknown[]) => unknown)(path, ...rest);
  };
  return { ...all, readFileSync };
});

const path = process.env.PATH;
let child: ChildProcess;
let dead: number;
beforeAll(async () => {
  child = spawn(process.execPath, ['-e', `setInterval(() => {}, 1000) // ${'far along the line '.repeat(9)}here i am`]);
  const gone = spawn(process.execPath, ['-e', '']);
  await new Promise((done) => gone.once('exit', done));
  dead = gone.pid!;
});
afterEach(() => {
  process.env.PATH = path;
  proc.readable = true;
});
afterAll(() => void child?.kill());

const meant = (command: string) => command.includes('here i am');
const another = (command: string) => command.includes('somebody else');

it.each([
  ['by /proc', true, ''],
  ['by ps', false, path!],
])('%s: whether it lives, and whether it is the one meant', (_, readable, where) => {
  proc.readable = readable;
  process.env.PATH = where;
  expect([runs(child.pid!, meant), runs(child.pid!, another), runs(dead, meant)]).toEqual([true, false, false]);
});

it('by a ps that cuts its lines, as on macOS, a long command is still told', () => {
  const dir = mkdtempSync(join(tmpdir(), 'billetter-ps-'));
  const script = `#!/bin/sh\nPATH='${path}'\ncase "$*" in *-ww*) ps "$@" ;; *) ps "$@" | cut -c1-79 ;; esac\n`;
  writeFileSync(join(dir, 'ps'), script);
  chmodSync(join(dir, 'ps'), 0o755);
  proc.readable = false;
  process.env.PATH = dir;
  expect([runs(child.pid!, meant), runs(child.pid!, another)]).toEqual([true, false]);
  rmSync(dir, { recursive: true });
});

it('a folder is known again although ps writes its letters otherwise', () => {
  expect(names('postgres -D /Users/M\\M-CM-<ller/data -p 1', '/Users/Müller/data')).toBe(true);
  expect(names('postgres -D /Users/M\\M-CM-<ller/other -p 1', '/Users/Müller/data')).toBe(false);
});

it('without either a living process is taken for the one meant, and a dead one is dead', () => {
  proc.readable = false;
  process.env.PATH = '/nonexistent';
  expect([runs(child.pid!, another), runs(dead, meant)]).toEqual([true, false]);
});
