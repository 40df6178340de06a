// Sessions: tokens that are checked in full, refresh tokens that are spent once, sign-ins that tell nothing.

import * as argon2 from '@node-rs/argon2';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createPasswords } from '../../services/accounts/passwords.ts';
import { open, verifyAccess } from '../../services/accounts/sessions.ts';
import { hearEnded, tokenKeys } from '../../services/accounts/verified.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person } from '../support/made.ts';
import { token } from '../support/token.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

let n = 0;
const PASSWORD = 'SecurePass123!';
async function register() {
  const email = `p${++n}@example.test`;
  const answer = await world.call('POST', '/api/v1/auth/register', { body: { email, password: PASSWORD, full_name: 'Ann' } });
  expect(answer.status).toBe(201);
  return { email, ...answer.body.data } as { email: string; access_token: string; refresh_token: string; user: Record<string, unknown> };
}
const refresh = (refresh_token: string) => world.call('POST', '/api/v1/auth/refresh', { body: { refresh_token } });
const age = (seconds: number) => sql`update refresh_tokens set used_at = used_at - make_interval(secs => ${seconds})`.execute(world.db);

describe('register and login', () => {
  it('201 with the user and a bearer pair', async () => {
    const data = await register();
    expect(Object.keys(data.user)).toEqual(['id', 'email', 'full_name', 'role', 'created_at']);
    expect(data).toMatchObject({ token_type: 'bearer', expires_in: 1800, user: { role: 'user', full_name: 'Ann' } });
    expect(data.user.created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it('keeps a phone number in its plain form; 400 for one that no text can be sent to', async () => {
    const sent = (phone: string, email: string) =>
      world.call('POST', '/api/v1/auth/register', { body: { email, password: PASSWORD, full_name: 'Ann', phone } });
    const made = await sent('+45 12 34-56 78', 'phone@example.test');
    const profile = await world.call('GET', '/api/v1/users/profile', { token: made.body.data.access_token });
    expect([made.status, profile.body.data.phone]).toEqual([201, '+4512345678']);
    expect((await sent('hello', 'nophone@example.test')).status).toBe(400);
  });

  it('400 VALIDATION_ERROR for an address that is taken, in any case of letters', async () => {
    const { email } = await register();
    const again = await world.call('POST', '/api/v1/auth/register', {
      body: { email: email.toUpperCase(), password: PASSWORD, full_name: 'B' },
    });
    expect([again.status, again.body.error.code, again.body.error.details]).toEqual([
      400,
      'VALIDATION_ERROR',
      { fields: { email: 'already registered' } },
    ]);
  });

  it('200 for the right password; 401 AUTH_INVALID_CREDENTIALS, word for word the same, for a wrong one and an unknown address', async () => {
    const { email } = await register();
    const login = (e: string, password: string) => world.call('POST', '/api/v1/auth/login', { body: { email: e, password } });
    expect((await login(email, PASSWORD)).status).toBe(200);
    const [wrong, unknown] = [await login(email, 'wrong'), await login('nobody@example.test', 'wrong')];
    expect([wrong.status, wrong.body.error]).toEqual([
      401,
      { code: 'AUTH_INVALID_CREDENTIALS', message: 'Invalid email or password.', details: { reason: 'wrong_email_or_password' } },
    ]);
    expect(unknown.body.error).toEqual(wrong.body.error);
  });

  it('compares what people see: accents composed or apart, any blank, and no blanks around an address', async () => {
    const composed = 'pässwörd-é-2026 x'.normalize('NFC');
    const address = `blanks-${Date.now()}@example.test`;
    const made = await world.call('POST', '/api/v1/auth/register', {
      body: { email: ` ${address}\u00a0`, password: composed, full_name: 'B' },
    });
    expect([made.status, made.body.data.user.email]).toEqual([201, address]);
    const login = async (email: string, password: string) =>
      (await world.call('POST', '/api/v1/auth/login', { body: { email, password } })).status;
    expect(await login(address, composed.normalize('NFD'))).toBe(200);
    expect(await login(address, composed.replace(' ', '\u00a0'))).toBe(200);
    expect(await login(`${address} `, composed)).toBe(200);
    expect(await login(`\t${address.toUpperCase()}\ufeff`, composed)).toBe(200);
    expect(await login(address, composed.toUpperCase())).toBe(401);
    expect(await login(address, `${composed} `)).toBe(401);
  });

  it('a hash made before passwords were prepared still opens, from either form', async () => {
    const apart = 'pässwörd-é-2026'.normalize('NFD');
    const { email } = await register();
    const old = await argon2.hash(apart);
    await world.db.updateTable('accounts').set({ password_hash: old }).where('email', '=', email).execute();
    for (const password of [apart, apart.normalize('NFC')])
      expect((await world.call('POST', '/api/v1/auth/login', { body: { email, password } })).status).toBe(200);
  });

  it('503 rather than a pile when too many sign-ins wait', async () => {
    const passwords = createPasswords({ concurrency: 1, queue: 2 });
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => passwords.hash(PASSWORD)));
    expect(results.filter((r) => r.status === 'rejected').map((r) => r.reason.code)).toEqual(['unavailable', 'unavailable']);
    await expect(passwords.hash(PASSWORD)).resolves.toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });
});

describe('lifetimes', () => {
  const lives = (token: string) => {
    const { exp, iat } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
    return exp - iat;
  };
  it('are those the sign-in was opened with, whichever gateway or API refreshes it', async () => {
    const { tokens, config } = world.gateway;
    const account = { id: (await person(world.db)).id, role: 'user' as const };
    const short = await open(world.db, tokens, account, { accessSeconds: 300, refreshSeconds: 3600 });
    expect([short.expiresIn, lives(short.accessToken), lives(short.refreshToken)]).toEqual([300, 300, 3600]);
    // Evently's own are longer, and its refresh does not lengthen a family of another API.
    expect(config.apis.evently).toMatchObject({ accessSeconds: 1800, refreshSeconds: 604_800 });
    const { data } = (await world.call('POST', '/api/v1/auth/refresh', { body: { refresh_token: short.refreshToken } })).body;
    expect([data.expires_in, lives(data.access_token), lives(data.refresh_token)]).toEqual([300, 300, 3600]);
    const { rows } = await sql<{ seconds: number }>`select round(extract(epoch from expires_at - created_at))::int as seconds
      from refresh_tokens where account_id = ${account.id}::uuid`.execute(world.db);
    expect(rows.map((r) => r.seconds)).toEqual([3600, 3600]);
  });
  it('of Evently are its own', async () => {
    const account = { id: (await person(world.db)).id, role: 'user' as const };
    const pair = await open(world.db, world.gateway.tokens, account, world.gateway.config.apis.evently);
    expect([lives(pair.accessToken), lives(pair.refreshToken)]).toEqual([1800, 604_800]);
  });
});

describe('access tokens', () => {
  const keys = () => tokenKeys({ ...world.gateway.config.auth });
  it('verified in full, and again from memory', async () => {
    const mine = keys();
    const good = await token({ role: 'organizer' });
    expect(await verifyAccess(mine, good)).toMatchObject({ role: 'organizer' });
    expect(mine.seen.size).toBe(1);
    expect(await verifyAccess(mine, good)).toMatchObject({ role: 'organizer' });
    expect(JSON.stringify([...mine.seen])).not.toContain(good);
  });
  it('token_invalid for another kind, issuer, audience, key or algorithm', async () => {
    const bad = [
      { typ: 'rt+jwt' },
      { typ: 'JWT' },
      { issuer: 'x' },
      { audience: 'x' },
      { secret: 'not the secret of this gateway at all' },
      { alg: 'HS512' },
    ];
    for (const o of bad)
      await expect(verifyAccess(keys(), await token({}, o)), JSON.stringify(o)).rejects.toMatchObject({ code: 'token_invalid' });
    for (const text of ['', '.', 'a.b.c', 'x'.repeat(5000)])
      await expect(verifyAccess(keys(), text)).rejects.toMatchObject({ code: 'token_invalid' });
  });
  it('token_expired once its time is over, also when it was known before', async () => {
    const mine = keys();
    const short = await token({}, { seconds: 100 });
    await verifyAccess(mine, short);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 101_000 });
    try {
      await expect(verifyAccess(mine, short)).rejects.toMatchObject({ code: 'token_expired' });
    } finally {
      vi.useRealTimers();
    }
    expect(mine.seen.size).toBe(0);
  });
});

describe('refresh', () => {
  it('200 with a fresh pair; the fresh one works on', async () => {
    const first = await register();
    const second = await refresh(first.refresh_token);
    expect(second.status).toBe(200);
    expect(second.body.data.refresh_token).not.toBe(first.refresh_token);
    expect(second.body.data.access_token).not.toBe(first.access_token);
    expect((await refresh(second.body.data.refresh_token)).status).toBe(200);
  });

  it('200 for a retry within ten seconds: the first answer may have been lost', async () => {
    const { refresh_token } = await register();
    const pairs = await Promise.all([refresh(refresh_token), refresh(refresh_token), refresh(refresh_token)]);
    expect(pairs.map((p) => p.status)).toEqual([200, 200, 200]);
    expect((await refresh(pairs[2]!.body.data.refresh_token)).status).toBe(200);
  });

  it('401 for a retry after the successor was used, and for the whole family: that answer was not lost', async () => {
    const first = await register();
    const [owner, thief] = [await refresh(first.refresh_token), await refresh(first.refresh_token)];
    const next = await refresh(owner.body.data.refresh_token);
    expect((await refresh(first.refresh_token)).status).toBe(401);
    for (const { body } of [thief, next]) expect((await refresh(body.data.refresh_token)).status).toBe(401);
  });

  it('no branches: who took a token in its seconds of grace has the same successor, and one of the two is found out', async () => {
    const first = await register();
    const [owner, thief] = [await refresh(first.refresh_token), await refresh(first.refresh_token)];
    const next = await refresh(owner.body.data.refresh_token);
    await age(11);
    expect((await refresh(thief.body.data.refresh_token)).status).toBe(401);
    expect((await refresh(next.body.data.refresh_token)).status).toBe(401);
  });

  it('401 for a token spent long ago, and then for its whole family', async () => {
    const first = await register();
    const second = await refresh(first.refresh_token);
    await age(11);
    const replay = await refresh(first.refresh_token);
    expect([replay.status, replay.body.error.code]).toEqual([401, 'AUTH_INVALID_CREDENTIALS']);
    expect((await refresh(second.body.data.refresh_token)).status).toBe(401);
  });

  it('a family ends whole, also with the successor that is being made at that moment', async () => {
    for (let i = 0; i < 10; i++) {
      const first = await register();
      const second = await refresh(first.refresh_token);
      await age(11);
      const [third, replay] = await Promise.all([refresh(second.body.data.refresh_token), refresh(first.refresh_token)]);
      expect(replay.status).toBe(401);
      if (third.status === 200) expect((await refresh(third.body.data.refresh_token)).status).toBe(401);
    }
  });

  it('another sign-in of the same account is another family', async () => {
    const first = await register();
    const other = await world.call('POST', '/api/v1/auth/login', { body: { email: first.email, password: PASSWORD } });
    await refresh(first.refresh_token);
    await age(11);
    await refresh(first.refresh_token);
    expect((await refresh(other.body.data.refresh_token)).status).toBe(200);
  });

  it('401 AUTH_TOKEN_EXPIRED for an expired one, 401 for an access token or rubbish', async () => {
    const { access_token } = await register();
    expect((await refresh(await token({}, { typ: 'rt+jwt', seconds: -5 }))).body.error.code).toBe('AUTH_TOKEN_EXPIRED');
    for (const text of [access_token, 'rubbish', await token({}, { typ: 'rt+jwt' })]) {
      const answer = await refresh(text);
      expect([answer.status, answer.body.error.code]).toEqual([401, 'AUTH_INVALID_CREDENTIALS']);
    }
  });
});

describe('logout', () => {
  const profile = (token: string) => world.call('GET', '/api/v1/users/profile', { token });

  it('ends this sign-in at once, refresh and access token alike, and no other of the account', async () => {
    const first = await register();
    const second = await world.call('POST', '/api/v1/auth/login', { body: { email: first.email, password: PASSWORD } });
    expect((await profile(first.access_token)).status).toBe(200);
    const answer = await world.call('POST', '/api/v1/auth/logout', { token: first.access_token });
    expect([answer.status, answer.body.success]).toEqual([200, true]);
    expect((await refresh(first.refresh_token)).status).toBe(401);
    const after = await profile(first.access_token);
    expect([after.status, after.body.error.code, after.body.error.details]).toEqual([
      401,
      'AUTH_INVALID_CREDENTIALS',
      { reason: 'token_invalid' },
    ]);
    expect((await profile(second.body.data.access_token)).status).toBe(200);
    expect((await refresh(second.body.data.refresh_token)).status).toBe(200);
  });

  it('is heard by the other gateways', async () => {
    const { access_token } = await register();
    const other = tokenKeys(world.gateway.config.auth);
    await expect(verifyAccess(other, access_token)).resolves.toBeDefined();
    await world.call('POST', '/api/v1/auth/logout', { token: access_token });
    await hearEnded(world.db, other);
    await expect(verifyAccess(other, access_token)).rejects.toMatchObject({ code: 'token_invalid' });
  });
});

describe('change of password', () => {
  const change = (token: string, current_password: string, new_password: string) =>
    world.call('PUT', '/api/v1/users/password', { token, body: { current_password, new_password } });

  it('ends all other sign-ins and keeps this one; only the new password opens', async () => {
    const mine = await register();
    const other = (await world.call('POST', '/api/v1/auth/login', { body: { email: mine.email, password: PASSWORD } })).body.data;
    expect((await change(mine.access_token, PASSWORD, 'Another1Pass!')).status).toBe(200);
    const login = async (password: string) =>
      (await world.call('POST', '/api/v1/auth/login', { body: { email: mine.email, password } })).status;
    expect([await login(PASSWORD), await login('Another1Pass!')]).toEqual([401, 200]);
    expect((await refresh(other.refresh_token)).status).toBe(401);
    expect((await world.call('GET', '/api/v1/users/profile', { token: other.access_token })).status).toBe(401);
    expect((await world.call('GET', '/api/v1/users/profile', { token: mine.access_token })).status).toBe(200);
    expect((await refresh(mine.refresh_token)).status).toBe(200);
  });

  it('400 naming the field for a wrong current password or a short new one, and nothing ends', async () => {
    const mine = await register();
    const wrong = await change(mine.access_token, 'not it', 'Another1Pass!');
    expect([wrong.status, Object.keys(wrong.body.error.details.fields)]).toEqual([400, ['current_password']]);
    const short = await change(mine.access_token, PASSWORD, 'short');
    expect([short.status, Object.keys(short.body.error.details.fields)]).toEqual([400, ['new_password']]);
    expect((await refresh(mine.refresh_token)).status).toBe(200);
  });

  it('of two changes at once from the same password one is refused', async () => {
    const mine = await register();
    const answers = await Promise.all([
      change(mine.access_token, PASSWORD, 'Another1Pass!'),
      change(mine.access_token, PASSWORD, 'Another2Pass!'),
    ]);
    expect(answers.map((answer) => answer.status).sort()).toEqual([200, 400]);
  });
});
