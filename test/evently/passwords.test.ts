// The work of a sign-in that fails: the same, whoever it was for. Counted, not timed: a clock on a busy machine proves nothing.
import * as argon2 from '@node-rs/argon2';
import { beforeEach, expect, it, vi } from 'vitest';
import { createPasswords } from '../../services/accounts/passwords.ts';

vi.mock('@node-rs/argon2', async (real) => {
  const all = await real<typeof argon2>();
  return { ...all, hash: vi.fn(all.hash), verify: vi.fn(all.verify) };
});
beforeEach(() => vi.clearAllMocks());

/** What a hash costs to compare with stands in its head. */
const cost = (hash: unknown) => String(hash).split('$').slice(0, 4).join('$');

it('an unknown address costs as much work as a wrong password', async () => {
  const passwords = createPasswords();
  const known = await passwords.hash('the right one');
  await passwords.verify(undefined, 'the first of this process makes what it compares with');
  vi.clearAllMocks();
  expect([await passwords.verify(known, 'wrong'), await passwords.verify(undefined, 'wrong')]).toEqual([false, false]);
  const compared = vi.mocked(argon2.verify).mock.calls.map(([hash, password]) => [cost(hash), password]);
  expect(compared).toEqual([
    ['$argon2id$v=19$m=19456,t=2,p=1', 'wrong'],
    ['$argon2id$v=19$m=19456,t=2,p=1', 'wrong'],
  ]);
  expect(argon2.hash).not.toHaveBeenCalled();
});

it('nobody signs in with what unknown addresses are compared with', async () => {
  expect(await createPasswords().verify(undefined, 'no account has this password')).toBe(false);
});
