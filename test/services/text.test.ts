// Names inside sentences: those written from right to left are set apart, long ones cut between letters.
import { expect, it } from 'vitest';
import { breakable, clipped, isolated, longestPart, readsFromRight } from '../../services/shared/text.ts';

it.each(['محمد عبد الله', 'דוד כהן', 'Gala דוד'])('"%s" is set apart', (name) => {
  expect(isolated(name)).toBe(`\u2068${name}\u2069`);
});

it.each(['Łukasz Wiśniewski', 'Zoë O’Brien', '王小明', '', 'Әсел'])('"%s" stays as it is', (name) => {
  expect(isolated(name)).toBe(name);
});

it('what fits is not cut, and is one line', () => {
  expect(clipped(' A\r\nB\tC ', 60)).toBe('A B C');
  expect(clipped('é'.repeat(60), 60)).toBe('é'.repeat(60));
});

it('what is cut is cut between letters as people count them', () => {
  expect(clipped('x'.repeat(61), 60)).toBe(`${'x'.repeat(57)}...`);
  const family = '👨‍👩‍👧‍👦';
  expect(clipped(family.repeat(61), 60)).toBe(`${family.repeat(57)}...`);
  const decomposed = 'e\u0301';
  expect(clipped(decomposed.repeat(61), 60)).toBe(`${decomposed.repeat(57)}...`);
});

it('the first letter says how a text is read', () => {
  expect(['דוד Cohen', '2026: محمد', '"דוד"'].map(readsFromRight)).toEqual([true, true, true]);
  expect(['David כהן', '王小明', '2026', ''].map(readsFromRight)).toEqual([false, false, false, false]);
});

it('long words have places to break, between letters; others and Chinese have none', () => {
  expect(breakable('short WWWWWWWW', 6)).toBe('short WWW\u200bWWW\u200bWW');
  expect(breakable('🇩🇰'.repeat(4), 6)).toBe(`${'🇩🇰'.repeat(3)}\u200b🇩🇰`);
  expect(breakable('王'.repeat(50), 6)).toBe('王'.repeat(50));
  expect(longestPart('short WWW\u200bWWWW 王王王王王王王王王')).toBe('short');
});
