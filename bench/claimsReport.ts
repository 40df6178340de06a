// What bench/claims measured, for people: tables, and which targets are met.
import { type ClaimsResult, statusText } from './claims.ts';
import { round, type Spread, table } from './numbers.ts';

const PROCESSES = ['gateway', 'postgres', 'temporal', 'worker', 'load gen', 'others'];

/** The result for people. */
export function claimsReport(result: ClaimsResult): string {
  const free = result.runs.filter((run) => run.seats === 'free');
  return [
    'Claims: POST /api/v1/bookings, one seat each; the raw limit is the same statement without HTTP, bare its writes without a check',
    rates(result),
    `  raw: ${result.rawHow}, in turns with bare; CPU ms/req: gateway and postgres together (raw and bare: postgres)`,
    '',
    'CPU seconds by process during the run',
    table(
      ['seats', 'clients', 'run s', ...PROCESSES],
      result.runs.map((run) => [run.seats, run.clients, run.seconds, ...PROCESSES.map((name) => run.cpu[name] ?? 0)]),
    ),
    '',
    'Workflow starts behind the claims',
    table(
      ['clients', 'claims', 'started in the run', 'waiting at its end', 'oldest s'],
      free.map(({ clients, statuses, starts }) => {
        const claims = statuses['201'] ?? 0;
        return [clients, claims, claims - starts.rows, starts.rows, starts.oldestSeconds];
      }),
    ),
    '',
    ...targets(result),
    result.faults.length
      ? `  FAULTS:\n${result.faults.map((fault) => `    ${fault}`).join('\n')}`
      : '  checked with SQL after every run: no place held or sold twice, claims = orders = held places',
  ].join('\n');
}

function rates({ raw, runs, ratios }: ClaimsResult): string {
  const spreadOf = ({ p50, p90, p99, max }: Spread) => [p50, p90, p99, max];
  const each = (seconds = 0, done: number) => round((seconds * 1000) / Math.max(1, done), 2);
  const driven = (name: string, clients: number, one: (typeof raw)[number]['bare'], ratio: string) => [
    ...[name, clients, one.perSecond, ...spreadOf(one), ratio, each(one.cpu.postgres, one.done)],
    `${one.done}${one.refused ? `, ${one.refused} refused` : ''}`,
  ];
  const rows = raw.flatMap((one, i) => [
    driven('bare', one.clients, one.bare, ''),
    driven('raw', one.clients, one, `${ratios[i]!.ofBare} of bare`),
    ...runs
      .filter((run) => run.clients === one.clients)
      .map((run) => [
        ...[run.seats, run.clients, run.perSecond, ...spreadOf(run)],
        ...[run.seats === 'free' ? `${ratios[i]!.ofRaw} of raw` : '', run.cpuMsPerRequest, statusText(run.statuses)],
      ]),
  ]);
  return table(['seats', 'clients', 'req/s', 'p50 ms', 'p90', 'p99', 'max', 'ratio', 'CPU ms/req', 'answers'], rows);
}

/** Of the run with the most clients. */
function targets({ runs, ratios, sale }: ClaimsResult): string[] {
  const target = (what: string, value: string | number, good: boolean) => `  target ${what}: ${value} (${good ? 'met' : 'NOT met'})`;
  const free = runs.filter((run) => run.seats === 'free').at(-1)!;
  const refused = runs.filter((run) => run.seats === 'hot').at(-1)!;
  const { ofRaw, ofBare, clients } = ratios.at(-1)!;
  const share = round(refused.cpuMsPerRequest / free.cpuMsPerRequest, 2);
  const { drainedAfterSeconds: last, left, perSecond } = sale.starts;
  return [
    target(`>= 800 claims/s at ${clients} clients`, free.perSecond, free.perSecond >= 800),
    target('p99 <= 150 ms', free.p99, free.p99 <= 150),
    target('raw claim >= 0.6 of its bare writes', ofBare, ofBare >= 0.6),
    target(`claims over HTTP >= 0.5 of raw at ${clients} clients (workflows starting beside them)`, ofRaw, ofRaw >= 0.5),
    target(
      'a refusal <= half the CPU of a claim (gateway + Postgres)',
      `${refused.cpuMsPerRequest} of ${free.cpuMsPerRequest} ms, ${share}`,
      share <= 0.5,
    ),
    target(
      `after a sale of ${sale.claims} claims (${sale.seconds} s) the last workflow has started within 20 s`,
      `${last === null ? `${left} left after the limit` : `${last} s`}, ${perSecond ?? '-'} starts/s alone, the engine's own limit ${sale.raw}/s`,
      last !== null && last <= 20,
    ),
  ];
}
