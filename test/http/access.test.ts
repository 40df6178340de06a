// Every route as every kind of caller: who is let in is what the route states, and no path has two owners.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Route } from '../../gateway/http/route.ts';
import { make, SCOPES, type Scope } from '../../services/accounts/apiKeys.ts';
import { STATED as DOOR } from '../door/stated.ts';
import { STATED as EASYTICKET } from '../easyticket/stated.ts';
import { STATED as EVENTLY } from '../evently/stated.ts';
import { STATED as HACKLOAD } from '../hackload/stated.ts';
import { STATED as REGISTRATIONS } from '../registrations/stated.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { authorization } from '../support/hackload.ts';
import { person, show } from '../support/made.ts';
import { token } from '../support/token.ts';
import { STATED as TICKET_API } from '../ticket-api/stated.ts';

let world: World;
let callers: Record<
  'anonymous' | 'user' | 'other' | 'organizer' | 'admin' | 'expired' | 'garbage' | 'refresh' | 'foreign',
  string | undefined
>;
/** Keys of the organizer, each for one scope. */
let keys: Record<Scope, string>;
let booking: string;
/** Of those who have accounts. */
let addresses: Map<string, string>;

beforeAll(async () => {
  world = await startWorld();
  const [user, other, organizer, admin] = await Promise.all([
    person(world.db),
    person(world.db),
    person(world.db, 'organizer'),
    person(world.db, 'admin'),
  ]);
  addresses = new Map(Object.entries({ user, other, organizer, admin }).map(([kind, { email }]) => [kind, email]));
  await world.db
    .updateTable('accounts')
    .set({ password_hash: await world.gateway.passwords.hash(PASSWORD), email_verified_at: new Date() })
    .where('email', 'in', [...addresses.values()])
    .execute();
  callers = {
    anonymous: undefined,
    user: user.token,
    other: other.token,
    organizer: organizer.token,
    admin: admin.token,
    expired: await token({ accountId: user.id }, { seconds: -10 }),
    garbage: 'eyJhbGciOiJub25lIn0.e30.',
    refresh: await token({ accountId: user.id }, { typ: 'rt+jwt' }),
    foreign: await token({ accountId: user.id }, { secret: 'somebody elses secret, long enough for HS256' }),
  };
  const made = SCOPES.map(async (scope) => [scope, (await make(world.db, organizer.id, { name: scope, scopes: [scope] })).token]);
  keys = Object.fromEntries(await Promise.all(made));
  const { id, seats } = await show(world.db);
  const booked = await world.call('POST', '/api/v1/bookings', { token: user.token, body: { event_id: id, seat_ids: [seats[0]] } });
  booking = booked.body.data.booking.id;
});
afterAll(() => world?.stop());

const every = () => world.apis.flatMap((api) => api.routes.map((r) => ({ api, route: r })));
const address = (r: Route) => r.path.replace(':id', booking).replace(/:\w+/g, randomUUID());
const PASSWORD = 'what they sign in with';

/** Calls as this caller: with the token, or to an API of passwords with the password of whoever has an account. */
function ask(r: Route, kind: keyof typeof callers) {
  const email = ofBasic(r) ? addresses.get(kind) : undefined;
  const by = email ? { headers: { authorization: authorization(email, PASSWORD) } } : { token: callers[kind] };
  return world.call(r.method.toUpperCase(), address(r), by);
}

const ofBasic = (r: Route) => world.apis.some(({ name, routes }) => name === 'hackload' && routes.includes(r));

/** The routes that belong to no API folder; the others are written down beside their API's tests. */
const HOUSE = {
  'post /api/webhooks/stripe/': 'signature none',
  'get /healthz': 'public none',
  'get /readyz': 'public none',
  'get /metrics': 'public none',
  'get /': 'public public',
  'get /assets/:name': 'public public',
  ...Object.fromEntries(
    ['schema', 'docs', 'redoc'].flatMap((kind) =>
      ['', 'evently/', 'easyticket/', 'ticket-api/', 'hackload/', 'registrations/', 'door/'].map((api) => [
        `get /api/${kind}/${api}`,
        'public public',
      ]),
    ),
  ),
};

/** How an API says that a caller is not let in: the codes of its refusals, for a token that is not valid, one that is over, and a role. */
const SAYS: Record<string, { code: (body: any) => string; missing: string; invalid: string; late: string; role: string }> = {
  evently: {
    code: (body) => body.error.code,
    missing: 'AUTH_INVALID_CREDENTIALS',
    invalid: 'AUTH_INVALID_CREDENTIALS',
    late: 'AUTH_TOKEN_EXPIRED',
    role: 'AUTH_UNAUTHORIZED',
  },
  // Its seed has one text for a refusal, and no codes.
  'ticket-api': { code: () => '', missing: '', invalid: '', late: '', role: '' },
  easyticket: {
    code: (body) => body.code,
    missing: 'not_authenticated',
    invalid: 'token_not_valid',
    late: 'token_not_valid',
    role: 'permission_denied',
  },
  hackload: { code: (body) => body.error, missing: 'unauthorized', invalid: 'unauthorized', late: 'unauthorized', role: 'forbidden' },
  registrations: {
    code: ({ error }) => [error.code, error.details.reason].filter(Boolean).join(' '),
    missing: 'UNAUTHORIZED missing',
    invalid: 'UNAUTHORIZED invalid',
    late: 'UNAUTHORIZED ended',
    role: 'FORBIDDEN',
  },
  door: {
    code: (body) => body.error,
    missing: 'unauthenticated',
    invalid: 'unauthenticated',
    late: 'unauthenticated',
    role: 'forbidden',
  },
};

describe('access', () => {
  it('every route states who may call it and how often', () => {
    expect(
      Object.fromEntries(
        every().map(({ route: r }) => [
          `${r.method} ${r.path}`,
          `${[r.access, r.scope].filter(Boolean).join(' ')} ${r.limit === 'none' ? 'none' : r.limit.name}`,
        ]),
      ),
    ).toEqual({ ...EVENTLY, ...EASYTICKET, ...TICKET_API, ...HACKLOAD, ...REGISTRATIONS, ...DOOR, ...HOUSE });
  });

  it('401 for anonymous, garbage, foreign, expired and refresh tokens wherever a sign-in is needed', async () => {
    const signed = every().filter(({ route: r }) => ['user', 'organizer', 'admin'].includes(r.access));
    expect(signed.length).toBeGreaterThan(7);
    for (const { api, route: r } of signed) {
      const says = SAYS[api.name]!;
      for (const kind of ['anonymous', 'garbage', 'foreign', 'refresh'] as const) {
        const answer = await ask(r, kind);
        const code = kind === 'anonymous' ? says.missing : says.invalid;
        expect([answer.status, says.code(answer.body)], `${kind} ${r.method} ${r.path}`).toEqual([401, code]);
        expect(answer.headers.get('www-authenticate')).toBe(ofBasic(r) ? 'Basic realm="Billetter", charset="UTF-8"' : 'Bearer');
      }
      const late = await ask(r, 'expired');
      expect([late.status, says.code(late.body)], r.path).toEqual([401, says.late]);
    }
  });

  it('403 for a role below the one the route asks, and not for it or above', async () => {
    const rank = { user: 0, other: 0, organizer: 1, admin: 2 };
    for (const { api, route: r } of every().filter(({ route: x }) => x.access === 'organizer' || x.access === 'admin'))
      for (const kind of ['user', 'other', 'organizer', 'admin'] as const) {
        const answer = await ask(r, kind);
        if (rank[kind] < rank[r.access as 'organizer' | 'admin'])
          expect([answer.status, SAYS[api.name]!.code(answer.body)], `${kind} ${r.path}`).toEqual([403, SAYS[api.name]!.role]);
        else expect([401, 403], `${kind} ${r.path}`).not.toContain(answer.status);
      }
  });

  it('keys for the routes that are for keys, and nobody else: 401 for whoever is signed in, 403 for a key without the scope', async () => {
    const keyed = every().filter(({ route: x }) => x.access === 'key');
    expect(keyed.length).toBeGreaterThan(5);
    for (const { api, route: r } of keyed) {
      for (const kind of Object.keys(callers) as (keyof typeof callers)[]) {
        const answer = await ask(r, kind);
        const { code, missing, invalid } = SAYS[api.name]!;
        expect([answer.status, code(answer.body)], `${kind} ${r.path}`).toEqual([401, kind === 'anonymous' ? missing : invalid]);
        expect(answer.headers.get('www-authenticate')).toBe('Bearer');
      }
      for (const scope of SCOPES) {
        const answer = await world.call(r.method.toUpperCase(), address(r), { token: keys[scope] });
        if (scope === r.scope) expect([401, 403], `${scope} ${r.path}`).not.toContain(answer.status);
        else expect([answer.status, SAYS[api.name]!.code(answer.body)], `${scope} ${r.path}`).toEqual([403, SAYS[api.name]!.role]);
      }
    }
  });

  it('401 or 403 for a key where a person has to sign in', async () => {
    for (const { route: r } of every().filter(({ route: x }) => ['user', 'organizer', 'admin', 'link'].includes(x.access)))
      expect([401, 403], r.path).toContain((await world.call(r.method.toUpperCase(), address(r), { token: keys.events })).status);
  });

  it("403 for everybody else's booking, whatever their role; 404 for one that is not", async () => {
    const own = every().filter(({ api, route: r }) => api.name === 'evently' && r.access === 'user' && r.path.includes(':id'));
    expect(own.length).toBeGreaterThan(5);
    for (const { route: r } of own)
      for (const kind of ['other', 'organizer', 'admin'] as const) {
        const body = r.body ? { payment_details: { token: 'tok_visa' } } : undefined;
        const theirs = await world.call(r.method.toUpperCase(), address(r), { token: callers[kind], body });
        expect([theirs.status, theirs.body.error.code], `${kind} ${r.method} ${r.path}`).toEqual([403, 'AUTH_UNAUTHORIZED']);
        for (const id of [randomUUID(), '17', 'null', '%F0%9F%8E%AB', "'; drop table orders --"]) {
          const path = r.path.replace(':id', encodeURIComponent(decodeURIComponent(id))).replace(/:\w+/g, randomUUID());
          const nobodys = await world.call(r.method.toUpperCase(), path, { token: callers[kind], body });
          expect([nobodys.status, nobodys.body.error.code], `${id} ${r.path}`).toEqual([404, 'BOOKING_NOT_FOUND']);
        }
      }
  });

  it('never 401, 403 or 5xx for anonymous callers on public routes', async () => {
    for (const { route: r } of every().filter(({ route: x }) => x.access === 'public'))
      for (const kind of ['anonymous', 'garbage', 'expired'] as const) {
        const answer = await ask(r, kind);
        expect([401, 403], `${kind} ${r.path}`).not.toContain(answer.status);
        expect(answer.status, `${kind} ${r.path}`).toBeLessThan(500);
      }
  });

  it('a link opens its page and status to its holder, and JSON to the owner only', async () => {
    const path = `/api/v1/payments/initiate/${booking}`;
    expect((await world.call('GET', path)).status).toBe(401);
    expect((await world.call('GET', path, { token: callers.other })).status).toBe(403);
    expect((await world.call('GET', path, { headers: { accept: 'text/html' } })).headers.get('content-type')).toContain('text/html');
    const status = await world.call('GET', `/api/v1/payments/status/${booking}`);
    expect([status.status, Object.keys(status.body.data)]).toEqual([200, ['status', 'expires_at']]);
  });

  it('400 for a callback without a true signature', async () => {
    for (const { route: r } of every().filter(({ route: x }) => x.access === 'signature')) {
      expect((await world.call('POST', r.path, { body: { type: 'payment_intent.succeeded' } })).status).toBe(400);
      expect((await world.call('POST', r.path, { raw: '{}', headers: { 'stripe-signature': 't=1,v1=00' } })).status).toBe(400);
    }
  });
});

describe('paths', () => {
  it('no path has two owners', () => {
    // Two paths meet where some address fits both: segment by segment the same, or any that is not empty.
    const meet = (a: string[], b: string[]) =>
      a.length === b.length && a.every((s, i) => s === b[i] || (s.startsWith(':') && b[i] !== '') || (b[i]!.startsWith(':') && s !== ''));
    expect(meet(['api', 'events', ''], ['api', 'events', ':id'])).toBe(false);
    expect(meet(['api', 'events', 'x'], ['api', ':id', 'x'])).toBe(true);
    const all = every();
    for (const [i, { api, route: r }] of all.entries())
      for (const { api: other, route: s } of all.slice(i + 1)) {
        if (api === other && (r.method !== s.method || r.path !== s.path)) continue;
        expect(meet(r.path.split('/'), s.path.split('/')), `${api.name} ${r.path}, ${other.name} ${s.path}`).toBe(false);
      }
  });

  it('404 with a trailing slash added or taken away: the two spellings may have different owners', async () => {
    const paths = new Set(every().map(({ route: r }) => `${r.method} ${r.path}`));
    for (const { route: r } of every().filter(({ route: x }) => x.path !== '/')) {
      const other = r.path.endsWith('/') ? r.path.slice(0, -1) : `${r.path}/`;
      if (paths.has(`${r.method} ${other}`)) continue;
      const answer = await world.call(r.method.toUpperCase(), other.replace(':id', booking).replace(/:\w+/g, randomUUID()), {
        token: callers.admin,
      });
      expect(answer.status, `${r.method} ${other}`).toBe(404);
    }
  });

  it('404 and 405 in the format of the API the path belongs to', async () => {
    const missing = await world.call('GET', '/api/v1/nothing');
    expect([missing.status, missing.body.success, missing.body.error.code]).toEqual([404, false, 'NOT_FOUND']);
    const wrong = await world.call('PATCH', '/api/v1/bookings');
    expect([wrong.status, wrong.body.error.code, wrong.headers.get('allow')]).toEqual([405, 'METHOD_NOT_ALLOWED', 'POST']);
    expect((await world.call('GET', '/elsewhere')).body).toEqual({ error: 'not_found', message: 'There is nothing at /elsewhere.' });
  });

  it('401 where a sound token writes for an account that is gone', async () => {
    const { id, venueId, seats } = await show(world.db, { seats: 1 });
    const [user, organizer, admin] = await Promise.all(
      (['user', 'organizer', 'admin'] as const).map((role) => token({ accountId: randomUUID(), role })),
    );
    const plan = { sections: [{ name: 'A', rows: 1, seats_per_row: 1, price: 1 }] };
    const times = { start_time: '2098-01-01T00:00:00Z', end_time: '2098-01-02T00:00:00Z' };
    const book = { token: user, body: { event_id: id, seat_ids: seats } };
    const answers = [
      await world.call('POST', '/api/v1/bookings', book),
      await world.call('POST', '/api/v1/bookings', { ...book, headers: { 'idempotency-key': 'gone' } }),
      await world.call('POST', '/api/v1/admin/events', {
        token: organizer,
        body: { name: 'X', venue_id: venueId, ...times, seat_configuration: plan },
      }),
    ];
    await world.call('POST', '/api/v1/bookings', { ...book, token: callers.user });
    answers.push(await world.call('POST', '/api/v1/waitlist/join', { token: user, body: { event_id: id } }));
    answers.push(await world.call('PUT', `/api/v1/admin/events/${id}`, { token: admin, body: { status: 'cancelled' } }));
    for (const { status, body } of answers) expect([status, body.error?.code]).toEqual([401, 'AUTH_INVALID_CREDENTIALS']);
  });
});
