// Percentiles and tables: how a bench shows what it measured.

/** What a run's waiting times come to, in milliseconds. */
export type Spread = { p50: number; p90: number; p99: number; max: number };

/** The spread of some waiting times; sorts them in place. Zeros when there are none. */
export function spread(times: number[] | Float64Array): Spread {
  times.sort((a: number, b: number) => a - b);
  const at = (share: number) => round(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? 0, 2);
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), max: at(1) };
}

/** Rounds to so many digits after the point. */
export function round(value: number, digits = 1): number {
  return Number(value.toFixed(digits));
}

/** Columns of text, the first to the left and the others to the right. */
export function table(head: string[], rows: (string | number)[][]): string {
  const all = [head, ...rows.map((row) => row.map(String))];
  const widths = head.map((_, i) => Math.max(...all.map((row) => (row[i] ?? '').length)));
  const line = (row: string[]) =>
    `  ${row.map((cell, i) => (i ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))).join('  ')}`.trimEnd();
  return [line(head), `  ${widths.map((w) => '-'.repeat(w)).join('  ')}`, ...all.slice(1).map(line)].join('\n');
}
