// Passwords that came with an import: SHA-256, verified at once, argon2id a little later.
import { createHash } from 'node:crypto';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { DB } from '../../db/tables.ts';
import { changePassword, login } from '../../services/accounts/accounts.ts';
import { background, importedHash } from '../../services/accounts/imported.ts';
import { createPasswords } from '../../services/accounts/passwords.ts';
import { tokenKeys } from '../../services/accounts/verified.ts';
import { until } from '../support/client.ts';
import { freshDatabase } from '../support/database.ts';
import { signal } from '../support/signal.ts';

let db: Kysely<DB>;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await freshDatabase());
});
afterAll(() => close?.());

/** From the contest's own data: Cyrillic in addresses; backslashes, quotes and dollar signs in passwords. */
const PASSWORD = '\\x"$1\'пароль ';
const hashed = (password: string) => importedHash(createHash('sha256').update(password).digest('hex'))!;

const hashOf = async (id: string) =>
  (await db.selectFrom('accounts').select('password_hash').where('id', '=', id).executeTakeFirstOrThrow()).password_hash;

async function imported(email: string, password = PASSWORD): Promise<string> {
  const { id } = await db
    .insertInto('accounts')
    .values({ email, password_hash: hashed(password), email_verified_at: new Date() })
    .returning('id')
    .executeTakeFirstOrThrow();
  return id;
}

it('opens at the first sign-in, becomes argon2id, and opens again', async () => {
  const passwords = createPasswords();
  const id = await imported('анна@example.test');
  await expect(login(db, passwords, { email: 'Анна@example.test', password: PASSWORD })).resolves.toMatchObject({ id });
  const fresh = await until(
    'an upgrade',
    () => hashOf(id),
    (hash) => !hash.startsWith('sha256:'),
  );
  expect(fresh).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  await expect(login(db, passwords, { email: 'анна@example.test', password: PASSWORD })).resolves.toMatchObject({ id });
  await expect(login(db, passwords, { email: 'анна@example.test', password: `${PASSWORD}x` })).rejects.toMatchObject({
    code: 'invalid_credentials',
  });
});

it('a wrong password, or the hash itself, opens nothing and upgrades nothing', async () => {
  const passwords = createPasswords();
  const id = await imported('b@example.test');
  for (const password of ['wrong', hashed(PASSWORD), hashed(PASSWORD).slice('sha256:'.length), ''])
    await expect(login(db, passwords, { email: 'b@example.test', password })).rejects.toMatchObject({ code: 'invalid_credentials' });
  expect(await hashOf(id)).toBe(hashed(PASSWORD));
});

it('a hash of no known kind opens nothing', async () => {
  const passwords = createPasswords();
  for (const hash of ['inactive', 'sha256:', 'sha256:zz', 'inactive:x', ''])
    expect(await passwords.verify(hash, PASSWORD), hash).toBe(false);
});

it('upgraded in the very moment of a sign-in or of a change, it is the same password all the same', async () => {
  const passwords = createPasswords();
  const keys = tokenKeys({ jwtSecret: 'x'.repeat(32) });
  const id = await imported('c@example.test');
  /** Somebody else's sign-in upgrades the hash while ours is being verified. */
  const meanwhile = {
    ...passwords,
    async verify(hash: string | undefined, password: string) {
      const fits = await passwords.verify(hash, password);
      await db
        .updateTable('accounts')
        .set({ password_hash: await passwords.hash(PASSWORD) })
        .where('id', '=', id)
        .where('password_hash', 'like', 'sha256:%')
        .execute();
      return fits;
    },
  };
  await expect(login(db, meanwhile, { email: 'c@example.test', password: PASSWORD })).resolves.toMatchObject({ id });

  await db
    .updateTable('accounts')
    .set({ password_hash: hashed(PASSWORD) })
    .where('id', '=', id)
    .execute();
  const caller = { accountId: id, sessionId: id, role: 'user' } as const;
  await changePassword(db, { passwords: meanwhile, tokens: keys }, caller, { current: PASSWORD, next: 'the next one' });
  await expect(login(db, passwords, { email: 'c@example.test', password: 'the next one' })).resolves.toMatchObject({ id });
});

it('a password changed while its upgrade waits stays changed', async () => {
  const passwords = createPasswords();
  const id = await imported('d@example.test');
  const kept: ((hash: string) => Promise<unknown>)[] = [];
  await login(db, { ...passwords, upgrade: (_, keep) => void kept.push(keep) }, { email: 'd@example.test', password: PASSWORD });
  const changed = await passwords.hash('another');
  await db.updateTable('accounts').set({ password_hash: changed }).where('id', '=', id).execute();
  await kept[0]!(await passwords.hash(PASSWORD));
  expect(await hashOf(id)).toBe(changed);
});

it('upgrades run one at a time, only so many wait, and one that fails holds up nobody', async () => {
  const later = background(2, 0);
  const seen: string[] = [];
  const released = signal();
  const taken = [
    later(async () => {
      seen.push('first');
      await released.given;
      throw new Error('of no consequence');
    }),
    later(async () => void seen.push('second')),
    later(async () => void seen.push('third')),
    later(async () => void seen.push('never')),
  ];
  expect(taken).toEqual([true, true, true, false]);
  expect(seen).toEqual(['first']);
  released.give();
  await until(
    'the others',
    async () => seen.length,
    (n) => n === 3,
  );
  expect(seen).toEqual(['first', 'second', 'third']);
  expect(later(async () => void seen.push('fourth'))).toBe(true);
});
