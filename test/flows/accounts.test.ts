// EasyTicket's accounts on the real stack: signed up, verified by the mail that arrives, signed in; and the seeded ones sign in.
import { randomBytes } from 'node:crypto';
import { describe, expect, inject, test } from 'vitest';
import { call, mailsTo, until } from '../support/client.ts';

const { gatewayUrl: url, mailUrl } = inject('stack');
const password = 'SecurePass123!';
const logIn = (email: string, of = password) => call(url, 'POST', '/api/auth/login/', { body: { email, password: of } });

describe('an account', () => {
  test('is verified by the link of the mail that arrives, and its owner told of a second sign-up', async () => {
    const email = `john-${randomBytes(6).toString('hex')}@example.test`;
    const body = { email, password, password_confirm: password, user_type: 'organizer', first_name: 'John', last_name: 'Doe' };
    expect((await call(url, 'POST', '/api/auth/signup/', { body })).status).toBe(201);
    const arrived = (count: number) =>
      until(
        `${count} mail(s) to ${email}`,
        () => mailsTo(mailUrl, email),
        (mails) => mails.length === count,
      );
    const [mail] = await arrived(1);
    const link = new URL(/http\S+#\S+/.exec(mail!.text)![0]);
    const page = await fetch(link);
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect((await logIn(email)).body.code).toBe('email_not_verified');
    expect((await call(url, 'POST', link.pathname, { body: { token: link.hash.slice(1) } })).status).toBe(200);
    expect((await logIn(email)).body.user).toMatchObject({ email, user_type: 'organizer', is_email_verified: true });

    expect((await call(url, 'POST', '/api/auth/signup/', { body })).status).toBe(201);
    expect((await arrived(2)).map(({ subject }) => subject)).toContain('You already have an account');
  });

  test.each([
    ['test@evently.com', 'consumer', false],
    ['organizer@billetter.test', 'organizer', false],
    ['admin@billetter.test', 'organizer', true],
  ])('%s of the demo signs in', async (email, user_type, is_staff) => {
    const { status, body } = await logIn(email, 'TestPass123!');
    expect([status, body.user]).toEqual([200, expect.objectContaining({ user_type, is_staff, is_email_verified: true })]);
  });
});
