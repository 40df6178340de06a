// Codes of orders as buyers see them: one code for an order wherever it is shown.
import { expect, test } from 'vitest';
import { buyersCode } from '../../services/shared/codes.ts';

const created_at = new Date('2025-11-19T23:59:59Z');

test.each([
  [null, 1, 'EVT', 'EVT2025111900001'],
  [null, 1234567, 'EVT', 'EVT202511191234567'],
  [null, 12, '', '2025111900012'],
  ['OE-', 1, 'EVT', 'OE-20251119-0001'],
  ['OE-', 123456, 'EVT', 'OE-20251119-123456'],
  [null, 7, 'ABC-', 'ABC-20251119-0007'],
])('%s and number %i in the house of %s: %s', (code_prefix, number, house, code) => {
  expect(buyersCode({ number, created_at, code_prefix }, house)).toBe(code);
});
