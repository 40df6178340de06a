// Guessing passwords: an address that has failed too often is refused before its next guess costs a hash, and whoever is known goes on.
import { expect, it } from 'vitest';
import { LIMITS } from '../../gateway/hackload/limits.ts';
import type { Passwords } from '../../services/accounts/passwords.ts';
import { createPasswords } from '../../services/accounts/passwords.ts';
import { createLimiter } from '../../services/shared/limits.ts';
import { startWorld } from '../support/gateway.ts';
import { authorization, buyerOf } from '../support/hackload.ts';

it('429 without a hash after too many guesses from one address; another address, and who is known there, are let in', async () => {
  const real = createPasswords();
  let hashed = 0;
  const passwords: Passwords = {
    ...real,
    async verify(hash, given) {
      hashed++;
      return given.startsWith('guess') ? false : real.verify(hash, given); // a guess is wrong: no need to take 30 ms to find that out
    },
  };
  const world = await startWorld({ limiter: (db) => createLimiter(db), overrides: { passwords } });
  const anna = await buyerOf(world);
  const ask = (header: string, ip: string) =>
    world.call('GET', '/api/bookings', { headers: { authorization: header, 'x-forwarded-for': ip } });
  expect((await ask(anna.authorization, '203.0.113.7')).status).toBe(200);

  const guess = (n: number) => ask(authorization(anna.email, `guess ${n}`), '203.0.113.7');
  for (let n = 0; n < LIMITS.public.calls; n++) expect((await guess(n)).status).toBe(401);
  const before = hashed;
  const refused = await guess(-1);
  expect([refused.status, Number(refused.headers.get('retry-after')) > 0, hashed]).toEqual([429, true, before]);
  expect((await ask(anna.authorization, '203.0.113.7')).status).toBe(200);
  expect((await ask(authorization(anna.email, 'guess elsewhere'), '203.0.113.8')).status).toBe(401);
  await world.stop();
});
