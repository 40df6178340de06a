// The net after integration tests: what a stack shows must become clean in time, but for what a test declares as its own oddity.
import { appendFileSync, readFileSync } from 'node:fs';
import { inject } from 'vitest';
import { netFaults, stubborn } from '../../deploy/local/net.ts';
import type { Oddity, Options, Parts } from '../../services/reports/verify.ts';

/** What is under way has so long: holds of seconds, the sweep's minute, a provider that fails and is asked again. */
const PATIENCE_MS = 240_000;

/**
 * Declares that nothing is wrong where the net finds something about this order or event: `why` says what the test has done to it.
 * `checks`: only what these checks say (by the beginning of their names). Files run side by side on one stack, so the note is in a file.
 */
export function leaveOut(id: string, why: string, checks?: string[]): void {
  appendFileSync(inject('stack').oddities, `${JSON.stringify({ id, why, checks })}\n`);
}

const oddities = (): Oddity[] =>
  readFileSync(inject('stack').oddities, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

/** Looks at the stack until each thing that was found has been gone at least once. Throws the lines of what stays. */
export async function expectClean(stack: Parameters<typeof netFaults>[0]): Promise<void> {
  refuse(await netFaults(stack, PATIENCE_MS, () => ({ leaveOut: oddities() })));
}

/** The same for parts of one's own, with nothing left out but what `options` say. */
export async function becomesClean(parts: Parts, options: Options): Promise<void> {
  refuse(await stubborn(parts, PATIENCE_MS, options));
}

/** What holds at every moment, however busy the system is: looked at once. Throws the lines of what does not. */
export async function expectSound(db: Parts['db']): Promise<void> {
  refuse(await stubborn({ db }, 0, { grace: 60, only: ['places', 'orders', 'money'] }));
}

function refuse(faults: string[]): void {
  if (faults.length) throw new Error(`the net finds:\n${faults.join('\n')}`);
}
