// Passwords that come with every request: verified once, remembered by a digest, refused as soon as they were changed, on every gateway.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { changePassword, promote, register } from '../../services/accounts/accounts.ts';
import { createCredentials } from '../../services/accounts/credentials.ts';
import { createPasswords, type Passwords } from '../../services/accounts/passwords.ts';
import { hearEnded, tokenKeys } from '../../services/accounts/verified.ts';
import { freshDatabase } from '../support/database.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
const passwords = createPasswords();
const password = 'пароль: "с" двоеточием \\ и $';
let people = 0;

/** A gateway's memory, and how often it has hashed. */
function gateway() {
  const tokens = tokenKeys({ jwtSecret: 'a secret of these tests, long enough for HS256' });
  const count = { hashed: 0 };
  const counting: Passwords = {
    ...passwords,
    verify(hash, given) {
      count.hashed++;
      return passwords.verify(hash, given);
    },
  };
  return { tokens, count, credentials: createCredentials(database.db, counting, tokens) };
}

async function somebody() {
  const email = `Анна-${++people}@example.test`;
  const { id } = await register(database.db, passwords, { email, password, fullName: 'Анна', verified: true });
  return { id, email };
}

const code = (work: Promise<unknown>) =>
  work.then(
    () => 'let in',
    (error) => error.code,
  );

beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database?.close());

describe('credentials', () => {
  it('are hashed once, however many calls come with them, one after the other or at once', async () => {
    const { email, id } = await somebody();
    const { credentials, count } = gateway();
    expect(credentials.known({ email, password })).toBe(false);
    const callers = await Promise.all(Array.from({ length: 20 }, () => credentials.verify({ email, password })));
    for (let i = 0; i < 20; i++) callers.push(await credentials.verify({ email: `  ${email} `, password }));
    expect([new Set(callers.map(({ accountId }) => accountId)), count.hashed]).toEqual([new Set([id]), 1]);
    expect(credentials.known({ email, password })).toBe(true);
  });

  it('a wrong password, and an unknown address, are refused each time; a right one beside them stays known', async () => {
    const { email } = await somebody();
    const { credentials } = gateway();
    await credentials.verify({ email, password });
    for (const given of [
      { email, password: 'wrong' },
      { email, password: `${password} ` },
      { email: 'nobody@example.test', password },
    ])
      expect(await code(credentials.verify(given))).toBe('invalid_credentials');
    expect(await code(credentials.verify({ email, password }))).toBe('let in');
  });

  it('neither password nor address is in what is kept', async () => {
    const { email } = await somebody();
    const { credentials, tokens } = gateway();
    await credentials.verify({ email, password });
    const kept = JSON.stringify([...tokens.seenPasswords]);
    expect(kept).not.toContain('пароль');
    expect(kept).not.toContain('example.test');
  });

  it('a changed password ends the old one: here at once, elsewhere with the next hearing, and the new one is good', async () => {
    const { email, id } = await somebody();
    const [here, elsewhere] = [gateway(), gateway()];
    for (const { credentials } of [here, elsewhere]) await credentials.verify({ email, password });

    const caller = { accountId: id, role: 'user' as const };
    await changePassword(database.db, { passwords, tokens: here.tokens }, caller, { current: password, next: 'another one 123' });
    expect(await code(here.credentials.verify({ email, password }))).toBe('invalid_credentials');
    // Not heard of yet: what is remembered still counts there. This is what the next line is for.
    expect(await code(elsewhere.credentials.verify({ email, password }))).toBe('let in');
    await hearEnded(database.db, elsewhere.tokens);
    expect(await code(elsewhere.credentials.verify({ email, password }))).toBe('invalid_credentials');

    for (const { credentials, count, tokens } of [here, elsewhere]) {
      await credentials.verify({ email, password: 'another one 123' });
      await hearEnded(database.db, tokens);
      const before = count.hashed;
      await credentials.verify({ email, password: 'another one 123' });
      expect(count.hashed).toBe(before);
    }
  });

  it('a password that is changed while it is being verified is refused from the next hearing on', async () => {
    const { email, id } = await somebody();
    const { tokens } = gateway();
    const meanwhile: Passwords = {
      ...passwords,
      async verify(hash, given) {
        const change = { current: password, next: 'another one 123' };
        await changePassword(database.db, { passwords, tokens }, { accountId: id, role: 'user' }, change);
        return passwords.verify(hash, given);
      },
    };
    const credentials = createCredentials(database.db, meanwhile, tokens);
    expect(await code(credentials.verify({ email, password }))).toBe('let in');
    await hearEnded(database.db, tokens);
    expect(credentials.known({ email, password })).toBe(false);
  });

  it('who signed in is noted for all of a second, and no call waits for it', async () => {
    const [anna, boris] = [await somebody(), await somebody()];
    const { credentials } = gateway();
    const seen = () => database.db.selectFrom('accounts').select('last_login_at').where('id', 'in', [anna.id, boris.id]).execute();
    for (const { email } of [anna, boris]) await credentials.verify({ email, password });
    await expect.poll(async () => (await seen()).every((row) => row.last_login_at !== null), { timeout: 20_000 }).toBe(true);
  });

  it('a new role counts with the next hearing', async () => {
    const { email } = await somebody();
    const { credentials, tokens } = gateway();
    expect((await credentials.verify({ email, password })).role).toBe('user');
    await promote(database.db, email, 'organizer');
    await hearEnded(database.db, tokens);
    expect((await credentials.verify({ email, password })).role).toBe('organizer');
  });
});
