// Errands at the payment provider: what is under way, what is asked about again and when, and what fails for good.
import { ApplicationFailure } from '@temporalio/common';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createErrands } from '../../workflows/errands.ts';

const START = Date.parse('2026-11-21T10:00:00.000Z');
const MINUTE = 60_000;
let ended: number;
let errands: ReturnType<typeof createErrands>;

beforeEach(() => {
  vi.useFakeTimers({ now: START, toFake: ['Date'] });
  ended = 0;
  errands = createErrands(() => {
    ended++;
  });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Until every promise that can be kept is. Only the date is ours here, so this does not move it. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** One errand about `r` from beginning to end. */
async function asked(decided: boolean): Promise<void> {
  errands.send(['r'], async () => decided);
  await settled();
}
const pause = () => (errands.again.get('r')! - Date.now()) / MINUTE;

test('what is under way is known from the moment it is sent to its end, which is told', async () => {
  let finish: (decided: boolean) => void = () => {};
  errands.send(['a', 'b'], (id) => (id === 'a' ? Promise.resolve(true) : new Promise((resolve) => (finish = resolve))));
  expect([...errands.asking]).toEqual(['a', 'b']);
  await settled();
  expect([[...errands.asking], ended]).toEqual([['b'], 1]);
  finish(true);
  await settled();
  expect([ended, errands.asking.size, errands.again.size]).toEqual([2, 0, 0]);
});

test('what stays undecided is asked about after a minute, two, four, and never later than after an hour', async () => {
  const pauses: number[] = [];
  for (let i = 0; i < 8; i++) {
    await asked(false);
    pauses.push(pause());
  }
  expect(pauses).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
});

test('what is decided meanwhile is forgotten: when it comes again it is asked about at once, and its pauses begin anew', async () => {
  await asked(false);
  await asked(false);
  errands.keep(['r']);
  expect(pause()).toBe(2);
  errands.keep(['another']);
  expect(errands.again.size).toBe(0);
  await asked(false);
  expect(pause()).toBe(1);
});

test('a failure for good is told like any end: why is known, and it is asked about once an hour until it is decided', async () => {
  const refused = ApplicationFailure.create({ message: 'activity failed', cause: new Error('no such payment') });
  errands.send(['r'], () => Promise.reject(refused));
  await settled();
  expect([ended, errands.asking.size, pause()]).toEqual([1, 0, 60]);
  expect([...errands.refusals]).toEqual([['r', 'no such payment']]);
  errands.keep(['r']);
  expect(errands.refusals.size).toBe(1);
  await asked(true);
  expect(errands.refusals.size).toBe(0);
});

test('a failure for good is forgotten with what it was about', async () => {
  errands.send(['r'], () => Promise.reject(new Error('refused')));
  await settled();
  errands.keep([]);
  expect([errands.refusals.size, errands.again.size]).toEqual([0, 0]);
});
