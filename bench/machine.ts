// What a result was measured on: without this no figure means anything.
import { execFileSync } from 'node:child_process';
import { cpus, loadavg, platform, release, totalmem } from 'node:os';
import { sql } from 'kysely';
import type { House } from './house.ts';
import { round } from './numbers.ts';

export type Machine = {
  cpu: string;
  cores: number;
  memoryGiB: number;
  system: string;
  node: string;
  postgres: string;
  temporal: string;
  temporalStore: string;
  /** 1, 5 and 15 minutes, before anything of ours was started. */
  loadBefore: number[];
  /** Something else kept the machine busy: compare ratios, not figures. */
  busy: boolean;
};

/** The load average now; taken before the stack starts, for that adds its own. */
export function load(): number[] {
  return loadavg().map((l) => round(l, 2));
}

/** Hardware and versions. */
export async function describeMachine({ db, stack, options }: House, loadBefore: number[]): Promise<Machine> {
  const { rows } = await sql<{ server_version: string }>`show server_version`.execute(db);
  const cores = cpus().length;
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores,
    memoryGiB: round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()}`,
    node: process.version,
    postgres: rows[0]!.server_version,
    temporal: execFileSync(stack.temporalCli, ['--version'], { encoding: 'utf8', timeout: 10_000 }).trim(),
    temporalStore: options.temporal === 'disk' ? 'SQLite file, WAL (as npm start)' : 'SQLite in memory',
    loadBefore,
    busy: (loadBefore[0] ?? 0) > cores * 0.25,
  };
}

/** The lines above a result. */
export function machineLines(m: Machine): string {
  const load = `load average before: ${m.loadBefore.join(' ')}${m.busy ? ' - MACHINE BUSY: trust the ratios, not the figures' : ''}`;
  return [
    `  ${m.cpu}, ${m.cores} cores, ${m.memoryGiB} GiB, ${m.system}`,
    `  node ${m.node}, postgres ${m.postgres}, ${m.temporal}; temporal's store: ${m.temporalStore}`,
    `  ${load}`,
  ].join('\n');
}
