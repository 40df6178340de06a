// CPU seconds and memory by process, from /proc: which part of the system a run keeps busy. Linux only; elsewhere every figure is zero.
import { readdirSync, readFileSync } from 'node:fs';
import { round } from './numbers.ts';

const TICKS = 100; // USER_HZ, the same on every Linux that Node runs on

/** CPU seconds used so far: by each named process with its children, and by the whole machine. */
export type CpuReading = { parts: Record<string, number>; machine: number };

type Proc = { parent: number; ticks: number };

/** Ids of a part's processes, by its name. */
export type Roots = Record<string, (number | undefined)[]>;

/** Reads now. What the processes of a part have started counts as theirs. */
export function readCpu(roots: Roots): CpuReading {
  const all = processes();
  const children = new Map<number, number[]>();
  for (const [pid, { parent }] of all) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const sum = (pid: number): number =>
    (all.get(pid)?.ticks ?? 0) + (children.get(pid) ?? []).reduce((total, child) => total + sum(child), 0);
  const parts = Object.fromEntries(Object.entries(roots).map(([name, pids]) => [name, total(pids, sum) / TICKS]));
  return { parts, machine: busy() };
}

/** What was used between two readings; `others` is everything on this machine that is not ours. */
export function cpuBetween(before: CpuReading, after: CpuReading, more: Record<string, number> = {}): Record<string, number> {
  const parts = Object.fromEntries(
    Object.entries(after.parts).map(([name, s]) => [name, round(Math.max(0, s - (before.parts[name] ?? 0)), 2)]),
  );
  const ours: Record<string, number> = { ...parts, ...Object.fromEntries(Object.entries(more).map(([name, s]) => [name, round(s, 2)])) };
  const known = Object.values(ours).reduce((a, b) => a + b, 0);
  return { ...ours, others: round(Math.max(0, after.machine - before.machine - known), 2) };
}

/** Resident MB of each named process with its children. Processes that share memory, as Postgres' do, count their part of it each. */
export function readMemory(roots: Roots): Record<string, number> {
  const children = new Map<number, number[]>();
  for (const [pid, { parent }] of processes()) children.set(parent, [...(children.get(parent) ?? []), pid]);
  const kb = (pid: number): number =>
    Number(/^Pss:\s+(\d+)/m.exec(read(`/proc/${pid}/smaps_rollup`))?.[1] ?? 0) +
    (children.get(pid) ?? []).reduce((total, child) => total + kb(child), 0);
  return Object.fromEntries(Object.entries(roots).map(([name, pids]) => [name, Math.round(total(pids, kb) / 1024)]));
}

function total(pids: (number | undefined)[], of: (pid: number) => number): number {
  return pids.reduce<number>((sum, pid) => sum + (pid ? of(pid) : 0), 0);
}

function processes(): Map<number, Proc> {
  const found = new Map<number, Proc>();
  for (const name of list('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    const stat = read(`/proc/${name}/stat`);
    // The name in parentheses may contain anything; the numbers begin after its end.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields.length < 15) continue;
    const [user, system, deadUser, deadSystem] = fields.slice(11, 15).map(Number);
    found.set(Number(name), { parent: Number(fields[1]), ticks: user! + system! + deadUser! + deadSystem! });
  }
  return found;
}

function busy(): number {
  const fields = read('/proc/stat').split('\n')[0]!.trim().split(/\s+/).slice(1).map(Number);
  const [user = 0, nice = 0, system = 0, , , irq = 0, soft = 0] = fields;
  return (user + nice + system + irq + soft) / TICKS;
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function list(path: string): string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}
