// Statements of ours driven by pgbench: what the database does with them when nothing of ours stands before it.
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CompiledQuery } from 'kysely';
import { ClearError } from '../deploy/local/say.ts';
import type { House } from './house.ts';
import { round, type Spread, spread } from './numbers.ts';
import { findPgbench, literal } from './raw.ts';

const run = promisify(execFile);

/** A statement as a line of a pgbench script, its parameters written out. */
export const line = ({ sql, parameters }: Pick<CompiledQuery, 'sql' | 'parameters'>): string =>
  `${sql.replaceAll('\n', ' ').replace(/\$(\d+)/g, (_, i) => literal(parameters[Number(i) - 1]))};`;

/** Runs these scripts, each as often as the others, prepared, by so many clients. `variables` are what each client's begin with. */
export async function pgbench(
  house: House,
  scripts: string[],
  clients: number,
  variables: Record<string, number> = {},
): Promise<Spread & { perSecond: number }> {
  const found = await findPgbench();
  if (!found) throw new ClearError('pgbench not found: apt-get install postgresql-contrib');
  const dir = house.stack.dataDir;
  const files = scripts.map((script, i) => {
    const file = join(dir, `script-${i}.pgbench`);
    writeFileSync(file, `${script}\n`);
    return ['-f', file];
  });
  const logs = join(dir, 'pgbench-log');
  const { hostname, port, username, pathname } = new URL(house.stack.databaseUrl);
  const seconds = house.options.rawSeconds;
  const where = ['-h', hostname, '-p', port, '-U', username, pathname.slice(1)];
  const how = ['-n', '-M', 'prepared', '-T', String(seconds), '-c', String(clients), '-j', '2', '-l', `--log-prefix=${logs}`];
  const given = Object.entries(variables).flatMap(([name, value]) => ['-D', `${name}=${value}`]);
  const { stdout } = await run(found.path, [...how, ...given, ...files.flat(), ...where], { timeout: (seconds + 60) * 1000, cwd: dir });
  const times: number[] = [];
  for (const name of readdirSync(dir).filter((one) => join(dir, one).startsWith(`${logs}.`))) {
    for (const row of readFileSync(join(dir, name), 'utf8').split('\n')) if (row) times.push(Number(row.split(' ')[2]) / 1000);
    rmSync(join(dir, name));
  }
  for (const [, file] of files) if (existsSync(file!)) rmSync(file!);
  return { perSecond: round(Number(/tps = ([\d.]+)/.exec(stdout)?.[1] ?? 0)), ...spread(times) };
}
