// EasyTicket's accounts: signed up and verified by mail, signed in with tokens and cookies, signed out; nothing tells who has an account.
import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { prune, tokenOf } from '../../services/accounts/tokens.ts';
import { deliver, type Mailer, smtpMailer } from '../../services/delivery/mailer.ts';
import { type Catcher, startMailCatcher } from '../../standins/mail/catcher.ts';
import { lockWaits } from '../support/database.ts';
import { type Answer, startWorld, type World } from '../support/gateway.ts';
import { person } from '../support/made.ts';

const PASSWORD = 'SecurePass123!';
const lines: string[] = [];

let world: World;
let catcher: Catcher;
let mailer: Mailer;
beforeAll(async () => {
  world = await startWorld({ logLines: lines });
  catcher = await startMailCatcher({ smtpPort: 0, httpPort: 0 });
  mailer = smtpMailer({ ...world.gateway.config.mail, smtpUrl: catcher.smtpUrl });
});
afterAll(async () => {
  mailer?.close();
  await catcher?.stop();
  await world?.stop();
});

const fresh = () => `John.${randomBytes(6).toString('hex')}@example.test`;
const post = (path: string, body?: unknown, o: { token?: string; headers?: Record<string, string> } = {}) =>
  world.call('POST', `/api/auth/${path}/`, { body, ...o });
const signUp = (email: string, more: object = {}) =>
  post('signup', {
    ...{ email, password: PASSWORD, password_confirm: PASSWORD, user_type: 'consumer', first_name: 'John', last_name: 'Doe' },
    ...{ phone_number: '+1 234 567 8901', ...more },
  });
const logIn = (email: string, password = PASSWORD) => post('login', { email, password });
const verify = (token: string) => post('verify-email', { token });

/** Sends what waits for the address, and returns all of its letters, oldest first. */
async function letters(email: string) {
  const waiting = await world.db
    .selectFrom('mails')
    .select('id')
    .where('recipient', '=', email)
    .where('sent_at', 'is', null)
    .orderBy('created_at')
    .execute();
  for (const { id } of waiting) expect(await deliver(world.db, mailer, id)).toBe('sent');
  return [...(await catcher.store.list(email))].sort((a, b) => a.date.localeCompare(b.date));
}
const linkIn = (letter: { text: string }) => /http\S+#\S+/.exec(letter.text)![0];
const tokenIn = (letter: { text: string }) => linkIn(letter).split('#')[1]!;

/** A verified account of its own. */
async function member(more: object = {}) {
  const email = fresh();
  await signUp(email, more);
  const [letter] = await letters(email);
  expect((await verify(tokenIn(letter!))).status).toBe(200);
  return email;
}

/** The mails of an address may be asked for again: time has passed. */
const wait = (email: string, span: string) =>
  sql`update accounts set mailed_at = mailed_at - ${span}::interval where email = ${email}`.execute(world.db);

const cookiesOf = (answer: Answer) => {
  const set = answer.headers.getSetCookie();
  return { set, header: set.map((one) => one.split(';')[0]).join('; ') };
};

describe('signing up', () => {
  it('makes an account that can sign in once its address is verified, and says so only to who knows the password', async () => {
    const email = fresh();
    const made = await signUp(email);
    expect(made.status).toBe(201);
    expect(made.body.user).toEqual({ id: expect.any(String), email, user_type: 'consumer' });

    const early = await logIn(email);
    expect([early.status, early.body.error, early.body.code]).toEqual([
      400,
      'Email not verified. Please check your email.',
      'email_not_verified',
    ]);
    const wrong = await logIn(email, 'another password');
    expect([wrong.status, wrong.body.error]).toEqual([400, 'Invalid email or password.']);
    const elsewhere = await world.call('POST', '/api/v1/auth/login', { body: { email, password: PASSWORD } });
    expect([elsewhere.status, elsewhere.body.error.details.reason]).toEqual([401, 'email_not_verified']);

    const [letter] = await letters(email);
    const done = await verify(tokenIn(letter!));
    expect(done.body).toEqual({
      message: 'Email verified successfully. You can now login.',
      user: { id: made.body.user.id, email },
    });
    const again = await verify(tokenIn(letter!));
    expect([again.status, again.body.message]).toEqual([200, 'Email is already verified. You can login.']);

    const inside = await logIn(email.toLowerCase());
    expect(inside.body.user).toMatchObject({ email, first_name: 'John', last_name: 'Doe', phone_number: '+12345678901', is_staff: false });
    expect(Date.parse(inside.body.user.last_login)).toBeGreaterThan(Date.now() - 60_000);
  });

  it('answers the same for addresses that are free, waiting and verified; mails tell their owners', async () => {
    const [free, waiting, verified] = [fresh(), fresh(), await member()];
    await signUp(waiting);
    const seen = [];
    for (const email of [free, waiting, verified]) {
      const { status, body, headers } = await signUp(email, {
        first_name: 'Mallory',
        password: 'wicked one',
        password_confirm: 'wicked one',
      });
      expect(body.user.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
      const names = [...headers.keys()].filter((name) => name !== 'x-request-id' && name !== 'date');
      seen.push([status, JSON.stringify(body).replace(body.user.id, 'id').replace(email, 'address'), names]);
    }
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);

    const ids = await world.db.selectFrom('accounts').select('id').where('email', 'in', [waiting, verified]).execute();
    const told = [(await signUp(waiting)).body.user.id, (await signUp(verified)).body.user.id];
    expect(told.filter((id) => ids.some((known) => known.id === id))).toEqual([]);

    const mine = await letters(verified);
    expect(mine.map((letter) => letter.subject)).toEqual(['Please confirm your e-mail address', 'You already have an account']);
    expect(mine[1]!.text).not.toContain('#');
    expect((await logIn(verified)).status).toBe(200);
    expect((await logIn(verified, 'wicked one')).status).toBe(400);
    // Nothing that somebody wrote who signed up reaches the owner of the address.
    for (const letter of [...mine, ...(await letters(waiting))]) expect(letter.text + letter.html).not.toContain('Mallory');
  });

  it('each mail stands for its own sign-up: a stranger who signs up with the address does not set the password', async () => {
    const email = fresh();
    await signUp(email, { password: 'strangers password', password_confirm: 'strangers password', first_name: 'Early' });
    await signUp(email);
    await signUp(email, {
      password: 'strangers password',
      password_confirm: 'strangers password',
      first_name: 'Late',
      user_type: 'organizer',
    });
    // Without a proof nothing of the account is changed: not even who signed up first can be locked out.
    expect([(await logIn(email, 'strangers password')).body.code, (await logIn(email)).body.code]).toEqual([
      'email_not_verified',
      'invalid_credentials',
    ]);
    const [early, mine, late] = await letters(email);
    expect((await verify(tokenIn(mine!))).status).toBe(200);
    expect((await verify(tokenIn(early!))).body.message).toContain('already');
    expect((await verify(tokenIn(late!))).body.message).toContain('already');
    expect((await logIn(email, 'strangers password')).status).toBe(400);
    expect((await logIn(email)).body.user).toMatchObject({ first_name: 'John', user_type: 'consumer' });
  });

  it('of the links of two sign-ups that are used at once one counts', async () => {
    const email = fresh();
    await signUp(email, { first_name: 'One' });
    await signUp(email, { first_name: 'Two', password: 'other password', password_confirm: 'other password' });
    const tokens = (await letters(email)).map(tokenIn);
    // Both have read what they need when the account is let go.
    const used = await world.db.transaction().execute(async (tx) => {
      await sql`select from accounts where email = ${email} for update`.execute(tx);
      const both = tokens.map(verify);
      await lockWaits(world.db, 2);
      return { both };
    });
    const messages = (await Promise.all(used.both)).map(({ body }) => body.message);
    const winner = messages.findIndex((message) => message.includes('successfully'));
    expect(messages.filter((message) => message.includes('already'))).toHaveLength(1);
    const { status, body } = await logIn(email, [PASSWORD, 'other password'][winner]);
    expect([status, body.user.first_name]).toEqual([200, ['One', 'Two'][winner]]);
  });

  it('a link asked for again stands for the last sign-up', async () => {
    const email = fresh();
    await signUp(email, { password: 'strangers password', password_confirm: 'strangers password' });
    await signUp(email);
    await wait(email, '61 seconds');
    await post('resend-verification', { email });
    await verify(tokenIn((await letters(email))[2]!));
    expect((await logIn(email)).status).toBe(200);
  });

  it('an account that another way made, and nobody proved, is its owner’s who signs up and proves the address', async () => {
    const { email, id } = await person(world.db, 'organizer');
    await post('resend-verification', { email });
    await signUp(email);
    const [first, second] = await letters(email);
    expect(first!.subject).toBe(second!.subject);
    expect((await verify(tokenIn(second!))).body.user).toEqual({ id, email });
    expect((await logIn(email)).status).toBe(200);
  });

  it('twice at once makes one account', async () => {
    const email = fresh();
    const made = await Promise.all([signUp(email), signUp(email), signUp(email)]);
    expect(made.map(({ status }) => status)).toEqual([201, 201, 201]);
    const accounts = await world.db.selectFrom('accounts').select('id').where('email', '=', email).execute();
    expect(accounts).toHaveLength(1);
    expect(made.filter(({ body }) => body.user.id === accounts[0]!.id)).toHaveLength(1);
  });

  it.each([
    ['a short password', { password: 'short', password_confirm: 'short' }, 'password'],
    ['another password the second time', { password_confirm: 'SecurePass123?' }, 'password_confirm'],
    ['a role nobody can give himself', { user_type: 'admin' }, 'user_type'],
    ['no name', { first_name: ' ' }, 'first_name'],
    ['an address that is none', { email: 'john' }, 'email'],
    ['a number that is none', { phone_number: '12' }, 'phone_number'],
  ])('400 for %s', async (_, more, field) => {
    const { status, body } = await signUp(fresh(), more);
    expect([status, Object.keys(body.field_errors)]).toEqual([400, [field]]);
  });

  it('nobody becomes an admin by other fields, and an admin that was made one is not taken back by a stranger', async () => {
    const email = await member({ role: 'admin', is_staff: true, user_type: 'organizer' });
    expect((await logIn(email)).body.user).toMatchObject({ user_type: 'organizer', is_staff: false });
    const waiting = fresh();
    await signUp(waiting);
    await world.db.updateTable('accounts').set({ role: 'admin' }).where('email', '=', waiting).execute();
    await signUp(waiting, { password: 'strangers password', password_confirm: 'strangers password' });
    const [letter] = await letters(waiting);
    await verify(tokenIn(letter!));
    expect((await logIn(waiting)).body.user.is_staff).toBe(true);
  });
});

describe('the token of a mail', () => {
  it('stands nowhere but in the mail: not in the database, not in the log', async () => {
    const email = fresh();
    await signUp(email);
    const row = await world.db.selectFrom('mails').select(['data']).where('recipient', '=', email).executeTakeFirstOrThrow();
    const [letter] = await letters(email);
    const token = tokenIn(letter!);
    expect(token).toMatch(/^[\w-]{43}$/);
    expect(tokenOf(world.gateway.config.mail.tokenSecret, (row.data as { seed: string }).seed)).toBe(token);
    await verify(token);

    const { rows } = await sql<{ text: string }>`select coalesce(string_agg(t::text, ' '), '') as text from (
      select to_jsonb(m) as t from mails m union all select to_jsonb(a) from account_tokens a union all select to_jsonb(o) from outbox o) all_rows`.execute(
      world.db,
    );
    expect(rows[0]!.text).toContain(email);
    expect(rows[0]!.text).not.toContain(token);
    expect(lines.join('\n')).not.toContain(token);
    expect(lines.join('\n')).not.toContain(PASSWORD);
  });

  it('a link that is opened spends nothing; the page posts what stands behind its #', async () => {
    const email = fresh();
    await signUp(email);
    const [letter] = await letters(email);
    const link = new URL(linkIn(letter!));
    expect(`${link.origin}${link.pathname}`).toBe(`${world.gateway.config.http.publicUrl}/api/auth/verify-email/`);
    for (const method of ['GET', 'HEAD', 'GET']) {
      const page = await fetch(world.url + link.pathname, { method });
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      expect(page.headers.get('content-security-policy')).toMatch(/default-src 'none'.*script-src 'sha256-[^']+'; connect-src 'self'/);
    }
    expect((await logIn(email)).body.code).toBe('email_not_verified');
    // As the page's script does it, in the browser of the same site.
    const pressed = await post(
      'verify-email',
      { token: link.hash.slice(1) },
      { headers: { origin: link.origin, 'content-type': 'application/json' } },
    );
    expect(pressed.body.message).toBe('Email verified successfully. You can now login.');
  });

  it('400 for a token nobody knows, and for one that has expired; a verified account is told so as long as its token is kept', async () => {
    const email = fresh();
    await signUp(email);
    const [letter] = await letters(email);
    const token = tokenIn(letter!);
    const age = (span: string) =>
      sql`update account_tokens set expires_at = expires_at - ${span}::interval where account_id = (select id from accounts where email = ${email})`.execute(
        world.db,
      );
    await age('3 days');
    for (const one of [token, `${token}x`, 'verification-token-from-email']) {
      const { status, body } = await verify(one);
      expect([status, body.code, Object.keys(body.field_errors)]).toEqual([400, 'invalid', ['token']]);
    }
    expect((await verify('')).status).toBe(400);

    await wait(email, '2 minutes');
    await post('resend-verification', { email });
    const sent = await letters(email);
    expect((await verify(tokenIn(sent[1]!))).status).toBe(200);
    expect((await verify(token)).body.message).toContain('already');
    await age('5 days');
    await prune(world.db);
    expect((await verify(token)).status).toBe(400);
  });
});

describe('resending', () => {
  it('answers the same whoever has an account; only an address that waits gets a mail, once a minute and ten a day', async () => {
    const [waiting, verified] = [fresh(), await member()];
    await signUp(waiting);
    const answers = [];
    for (const email of [waiting, verified, fresh(), 'no address']) {
      const { status, body } = await post('resend-verification', { email });
      answers.push([status, body]);
    }
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]![0]).toBe(200);
    expect(await letters(waiting)).toHaveLength(1); // asked for within the minute
    expect(await letters(verified)).toHaveLength(1);

    await wait(waiting, '61 seconds');
    await Promise.all([1, 2, 3].map(() => post('resend-verification', { email: waiting.toUpperCase() })));
    expect(await letters(waiting)).toHaveLength(2);
    for (let i = 0; i < 12; i++) {
      await wait(waiting, '61 seconds');
      await post('resend-verification', { email: waiting });
    }
    expect(await letters(waiting)).toHaveLength(10);
  });

  it('who has an account is told so once an hour', async () => {
    const email = await member();
    for (let i = 0; i < 3; i++) await signUp(email);
    expect(await letters(email)).toHaveLength(2);
    await wait(email, '61 minutes');
    await signUp(email);
    expect(await letters(email)).toHaveLength(3);
  });
});

describe('signing in', () => {
  it('tokens come in the body and in cookies that scripts cannot read, each for its own paths and time', async () => {
    const email = await member();
    const answer = await logIn(email);
    const { access, refresh } = answer.body.tokens;
    expect(cookiesOf(answer).set).toEqual([
      `access_token=${access}; Path=/; Max-Age=300; HttpOnly; SameSite=Lax`,
      `refresh_token=${refresh}; Path=/api/auth/; Max-Age=604800; HttpOnly; SameSite=Lax`,
    ]);
    expect((await world.call('GET', '/api/auth/profile/', { token: access })).body.email).toBe(email);
    expect((await world.call('GET', '/api/auth/profile/', { headers: { cookie: `access_token=${access}` } })).body.email).toBe(email);
  });

  it('goes on with the refresh token of the body or of the cookie; one that is spent ends the sign-in', async () => {
    const email = await member();
    const first = await logIn(email);
    const next = await post('token/refresh', { refresh: first.body.tokens.refresh });
    expect(Object.keys(next.body).sort()).toEqual(['access', 'refresh']);
    expect(cookiesOf(next).set[0]).toContain(`access_token=${next.body.access}; Path=/; Max-Age=300`);
    const third = await post('token/refresh', undefined, { headers: { cookie: cookiesOf(next).header } });
    expect(third.status).toBe(200);
    // The second is spent, and its successor used.
    await post('token/refresh', { refresh: third.body.refresh });
    for (const refresh of [next.body.refresh, third.body.refresh, 'garbage', first.body.tokens.access]) {
      const { status, body } = await post('token/refresh', { refresh });
      expect([status, body.code]).toEqual([401, 'token_not_valid']);
    }
    const none = await post('token/refresh', {});
    expect([none.status, Object.keys(none.body.field_errors)]).toEqual([400, ['refresh']]);
  });

  it('accounts are one for all APIs, and a sign-in keeps the lifetimes it was opened with', async () => {
    const email = fresh();
    const made = await world.call('POST', '/api/v1/auth/register', { body: { email, password: PASSWORD, full_name: 'Ada King Lovelace' } });
    const inside = await logIn(email);
    expect(inside.body.user).toMatchObject({ first_name: 'Ada', last_name: 'King Lovelace', is_email_verified: true, phone_number: null });
    const renewed = await post('token/refresh', { refresh: made.body.data.refresh_token });
    expect(cookiesOf(renewed).set[0]).toContain('Max-Age=1800');

    const here = await member();
    const there = await world.call('POST', '/api/v1/auth/login', { body: { email: here, password: PASSWORD } });
    expect(there.status).toBe(200);
    const { body } = await world.call('GET', '/api/v1/users/profile', { token: there.body.data.access_token });
    expect([body.data.full_name, body.data.phone]).toEqual(['John Doe', '+12345678901']);
  });
});

describe('signing out', () => {
  it('ends this sign-in and no other, and takes the cookies away', async () => {
    const email = await member();
    const [here, there] = [await logIn(email), await logIn(email)];
    const out = await post('logout', { refresh: here.body.tokens.refresh }, { token: here.body.tokens.access });
    expect([out.status, out.body]).toEqual([200, { message: 'Logout successful' }]);
    expect(cookiesOf(out).set).toEqual([
      'access_token=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax',
      'refresh_token=; Path=/api/auth/; Max-Age=0; HttpOnly; SameSite=Lax',
    ]);
    expect((await world.call('GET', '/api/auth/profile/', { token: here.body.tokens.access })).status).toBe(401);
    expect((await post('token/refresh', { refresh: here.body.tokens.refresh })).status).toBe(401);
    expect((await world.call('GET', '/api/auth/profile/', { token: there.body.tokens.access })).status).toBe(200);
    expect((await post('token/refresh', { refresh: there.body.tokens.refresh })).status).toBe(200);
  });

  it('works by cookies alone, and without a refresh token', async () => {
    const email = await member();
    const [page, program] = [await logIn(email), await logIn(email)];
    const { publicUrl } = world.gateway.config.http;
    const out = await post('logout', undefined, { headers: { cookie: cookiesOf(page).header, origin: publicUrl } });
    expect(out.status).toBe(200);
    expect((await post('token/refresh', { refresh: page.body.tokens.refresh })).status).toBe(401);
    expect((await post('logout', {}, { token: program.body.tokens.access })).status).toBe(200);
    expect((await post('token/refresh', { refresh: program.body.tokens.refresh })).status).toBe(401);
  });

  it('400 for a refresh token of another account or of nobody: nothing is ended', async () => {
    const [mine, theirs] = [await logIn(await member()), await logIn(await member())];
    for (const refresh of [theirs.body.tokens.refresh, mine.body.tokens.access, 'garbage']) {
      const { status, body } = await post('logout', { refresh }, { token: mine.body.tokens.access });
      expect([status, Object.keys(body.field_errors)]).toEqual([400, ['refresh']]);
    }
    for (const one of [mine, theirs]) {
      expect((await world.call('GET', '/api/auth/profile/', { token: one.body.tokens.access })).status).toBe(200);
      expect((await post('token/refresh', { refresh: one.body.tokens.refresh })).status).toBe(200);
    }
  });
});

describe('the profile', () => {
  it('changes what is sent and ignores what is not the caller’s to change', async () => {
    const email = await member();
    const { access: token } = (await logIn(email)).body.tokens;
    const change = (method: string, body: object) => world.call(method, '/api/auth/profile/', { token, body });
    const put = await change('PUT', {
      ...{ first_name: 'Jack', last_name: 'Smith', phone_number: '+1987654321', organization: 'Smith & Sons' },
      ...{ email: 'other@example.test', user_type: 'organizer', is_staff: true, is_email_verified: false, id: 'x' },
    });
    expect(put.body).toMatchObject({
      ...{ first_name: 'Jack', last_name: 'Smith', phone_number: '+1987654321', organization: 'Smith & Sons' },
      ...{ email, user_type: 'consumer', is_staff: false, is_email_verified: true },
    });
    expect((await change('PATCH', { last_name: 'Jones' })).body).toMatchObject({ first_name: 'Jack', last_name: 'Jones' });
    expect((await change('PATCH', { phone_number: null })).body).toMatchObject({ phone_number: null, organization: 'Smith & Sons' });
    expect((await change('PATCH', { first_name: '' })).body.field_errors).toHaveProperty('first_name');

    // Evently knows one name; what it writes is divided again.
    const evently = (body: object) => world.call('PUT', '/api/v1/users/profile', { token, body });
    expect((await evently({})).body.data.full_name).toBe('Jack Jones');
    await evently({ full_name: 'Mary Ann Evans' });
    expect((await world.call('GET', '/api/auth/profile/', { token })).body).toMatchObject({ first_name: 'Mary', last_name: 'Ann Evans' });
    expect((await change('PATCH', { first_name: 'George' })).body).toMatchObject({ first_name: 'George', last_name: 'Ann Evans' });
  });

  it('an admin is staff; a token whose account is gone has no profile', async () => {
    const admin = await person(world.db, 'admin');
    expect((await world.call('GET', '/api/auth/profile/', { token: admin.token })).body).toMatchObject({
      ...{ is_staff: true, user_type: 'organizer', first_name: '', last_name: '', last_login: null, is_email_verified: false },
    });
    await world.db.deleteFrom('accounts').where('id', '=', admin.id).execute();
    expect((await world.call('GET', '/api/auth/profile/', { token: admin.token })).status).toBe(404);
    expect((await world.call('PATCH', '/api/auth/profile/', { token: admin.token, body: { last_name: 'X' } })).status).toBe(404);
  });

  it('a new password ends all other sign-ins; the old one and a slip of the new one are told by field', async () => {
    const email = await member();
    const [here, there] = [await logIn(email), await logIn(email)];
    const change = (old_password: string, new_password: string, new_password_confirm = new_password) =>
      post('change-password', { old_password, new_password, new_password_confirm }, { token: here.body.tokens.access });
    const fields = async (answer: Promise<Answer>) => Object.keys((await answer).body.field_errors);
    expect(await fields(change('wrong', 'NewSecurePass456!'))).toEqual(['old_password']);
    expect(await fields(change(PASSWORD, 'NewSecurePass456!', 'NewSecurePass456?'))).toEqual(['new_password_confirm']);
    expect(await fields(change(PASSWORD, 'short'))).toEqual(['new_password']);
    expect((await change(PASSWORD, 'NewSecurePass456!')).body).toEqual({ message: 'Password changed successfully' });

    expect((await world.call('GET', '/api/auth/profile/', { token: there.body.tokens.access })).status).toBe(401);
    expect((await post('token/refresh', { refresh: there.body.tokens.refresh })).status).toBe(401);
    expect((await post('token/refresh', { refresh: here.body.tokens.refresh })).status).toBe(200);
    expect([(await logIn(email)).status, (await logIn(email, 'NewSecurePass456!')).status]).toEqual([400, 200]);
  });
});
