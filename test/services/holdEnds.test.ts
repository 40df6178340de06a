// When holds are tidied up: none before its end, so many in a second, and no later than that needs.
import { expect, test } from 'vitest';
import { createHoldEnds } from '../../worker/holdEnds.ts';

const NOW = Date.UTC(2026, 10, 27, 12);
const END = NOW + 300_000;

/** So many tidied up in each second, counted from the first end. */
function perSecond(times: number[]): number[] {
  const counts: number[] = [];
  for (const time of times) {
    const second = Math.floor((time - END) / 1000);
    counts[second] = (counts[second] ?? 0) + 1;
  }
  return counts;
}

test('holds that end one after the other are tidied up as they end', () => {
  const lateBy = createHoldEnds(20, () => NOW);
  for (let i = 0; i < 100; i++) expect(lateBy(END + i * 100)).toBeLessThan(1_000);
});

test('thousands that end in the same moment take turns, and the first waits for nobody', () => {
  const lateBy = createHoldEnds(20, () => NOW);
  const times = Array.from({ length: 10_000 }, () => END + lateBy(END));
  expect(times[0]).toBe(END);
  expect(perSecond(times)).toEqual(Array.from({ length: 500 }, () => 20));
  expect(lateBy(END + 1_000_000)).toBe(0);
});

test('one that ends in the midst of them has the next turn that is free, and none before its end', () => {
  const lateBy = createHoldEnds(2, () => NOW);
  for (let i = 0; i < 7; i++) lateBy(END);
  expect(END + 1_500 + lateBy(END + 1_500)).toBe(END + 3_500);
  expect(END + 900 + lateBy(END + 900)).toBe(END + 4_000);
});

test('a hold that is over already has a turn from now on', () => {
  const lateBy = createHoldEnds(1, () => NOW);
  expect([lateBy(NOW - 60_000), lateBy(NOW - 60_000)]).toEqual([60_000, 61_000]);
});

test('what is past is forgotten, and what is to come is not', () => {
  let now = NOW;
  const lateBy = createHoldEnds(1, () => now);
  for (let i = 0; i < 12_000; i++) lateBy(NOW);
  now = NOW + 11_000_000;
  expect(now + lateBy(now)).toBe(NOW + 12_000_000);
});
