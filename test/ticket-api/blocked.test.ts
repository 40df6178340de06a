// Blocked users: refused in every API that sells, each in its own words; and the routes by which an organizer, or an admin, blocks.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { make } from '../../services/accounts/apiKeys.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { offersOf, person, show } from '../support/made.ts';

type Person = Awaited<ReturnType<typeof person>>;
type Event = { id: string; number: number; slug: string };

const PATH = '/api/tickets/blocked-users/';
const SAID = 'You cannot book this event.';

let world: World;
let organizer: Person;
let rival: Person;
let admin: Person;
beforeAll(async () => {
  world = await startWorld();
  [organizer, rival, admin] = await Promise.all([person(world.db, 'organizer'), person(world.db, 'organizer'), person(world.db, 'admin')]);
});
afterAll(() => world?.stop());

const block = (by: Person | undefined, body: unknown) => world.call('POST', PATH, { token: by?.token, body });
const unblock = (by: Person | undefined, number: unknown) => world.call('DELETE', `${PATH}${number}/`, { token: by?.token });
const list = (by: Person | undefined, query = '') => world.call('GET', PATH + query, { token: by?.token });
const numberOf = async ({ id }: Person) =>
  (await world.db.selectFrom('accounts').select('number').where('id', '=', id).executeTakeFirstOrThrow()).number;

async function give(eventId: string, to = organizer): Promise<Event> {
  const set = world.db.updateTable('events').set({ organizer_id: to.id }).where('id', '=', eventId);
  return set.returning(['id', 'number', 'slug']).executeTakeFirstOrThrow() as Promise<Event>;
}

/** An organizer's events of each kind: seats with numbers, and tickets by quantity. */
async function stage(by = organizer) {
  const [seated, sold] = [await show(world.db, { seats: 20 }), await offersOf(world.db, 'simple')];
  return { seats: seated.seats, seated: await give(seated.id, by), sold: await give(sold.eventId, by), item: sold.items[0]! };
}
type Stage = Awaited<ReturnType<typeof stage>>;

const seller = {
  'the Ticket API': (who: Person, { sold }: Stage) =>
    world.call('POST', '/api/tickets/', { token: who.token, body: { event_id: sold.number, quantity: 1 } }),
  'Evently, by named seats': (who: Person, { seated, seats }: Stage) =>
    world.call('POST', '/api/v1/bookings', { token: who.token, body: { event_id: seated.id, seat_ids: [seats.pop()] } }),
  'EasyTicket, by offers': (who: Person, { sold, item }: Stage) =>
    world.call('POST', '/api/orders/', { token: who.token, body: { event: sold.id, items: [{ ...item, quantity: 1 }] } }),
} as const;

const SAYS: Record<keyof typeof seller, (s: Stage) => object> = {
  'the Ticket API': () => ({ detail: SAID }),
  'Evently, by named seats': ({ seated }) => ({
    success: false,
    error: { code: 'AUTH_UNAUTHORIZED', message: SAID, details: { event_id: seated.id } },
    timestamp: expect.any(String),
  }),
  'EasyTicket, by offers': () => ({ error: expect.any(String), detail: SAID, code: 'permission_denied' }),
};

const ordersOf = async (who: Person) => {
  const rows = await world.db.selectFrom('orders').select('id').where('account_id', '=', who.id).execute();
  return rows.length;
};

describe('who is blocked', () => {
  it.each(Object.keys(seller) as (keyof typeof seller)[])(
    'gets 403 through %s and nothing is written; another organizer sells, and so does this one once it is over',
    async (api) => {
      const [who, other] = [await person(world.db), await person(world.db)];
      const [ours, theirs] = [await stage(), await stage(rival)];
      expect((await block(organizer, { email: who.email })).status).toBe(201);
      const refused = await seller[api](who, ours);
      expect([refused.status, refused.body]).toEqual([403, SAYS[api](ours)]);
      expect(await ordersOf(who)).toBe(0);
      expect((await seller[api](who, theirs)).status).toBe(201);
      expect((await seller[api](other, ours)).status).toBe(201);
      expect((await unblock(organizer, await numberOf(who))).status).toBe(204);
      expect((await seller[api](who, ours)).status).toBe(201);
    },
  );

  it('by an admin gets 403 of every organizer', async () => {
    const who = await person(world.db);
    const stages = [await stage(), await stage(rival)];
    expect((await block(admin, { email: who.email })).body.all_events).toBe(true);
    for (const at of stages) for (const sell of Object.values(seller)) expect((await sell(who, at)).status).toBe(403);
    expect((await unblock(organizer, await numberOf(who))).status).toBe(404);
    expect((await unblock(admin, await numberOf(who))).status).toBe(204);
    for (const at of stages) for (const sell of Object.values(seller)) expect((await sell(who, at)).status).toBe(201);
  });

  it('registers nobody by a key, where an admin has blocked the organizer', async () => {
    const who = await person(world.db, 'organizer');
    const { slug, id } = (await stage(who)).sold;
    const { token } = await make(world.db, who.id, { name: 'test', scopes: ['registrations:write'] });
    const offer = await world.db.selectFrom('offers').select('name').where('event_id', '=', id).executeTakeFirstOrThrow();
    const register = (participantId: string) =>
      world.call('POST', '/api/billetter/registrations', { token, body: { participantId, eventId: slug, ticketType: offer.name } });
    expect((await register('p-1')).status).toBe(201);
    await block(admin, { email: who.email });
    const refused = await register('p-2');
    expect([refused.status, refused.body.error]).toEqual([403, { code: 'FORBIDDEN', message: SAID, details: {} }]);
  });

  it('does not join a waitlist', async () => {
    const [who, holder] = [await person(world.db), await person(world.db)];
    const { seated, seats } = await stage();
    await world.call('POST', '/api/v1/bookings', { token: holder.token, body: { event_id: seated.id, seat_ids: seats.slice(0, 10) } });
    await world.call('POST', '/api/v1/bookings', { token: holder.token, body: { event_id: seated.id, seat_ids: seats.slice(10) } });
    const join = () => world.call('POST', '/api/v1/waitlist/join', { token: who.token, body: { event_id: seated.id } });
    await block(organizer, { email: who.email });
    const refused = await join();
    expect([refused.status, refused.body.error.message]).toEqual([403, SAID]);
    await unblock(organizer, await numberOf(who));
    expect((await join()).status).toBe(201);
  });

  it('keeps what was booked before: it is shown and can be cancelled', async () => {
    const who = await person(world.db);
    const booked = await seller['Evently, by named seats'](who, await stage());
    await block(organizer, { email: who.email });
    const at = `/api/v1/bookings/${booked.body.data.booking.id}`;
    expect((await world.call('GET', at, { token: who.token })).body.data.booking.status).toBe('pending');
    expect((await world.call('DELETE', at, { token: who.token })).status).toBe(200);
  });
});

describe('the routes', () => {
  it('block by number or address, with a reason; again is the same', async () => {
    const who = await person(world.db);
    const id = await numberOf(who);
    const made = await block(organizer, { user_id: id, reason: ' touting ' });
    expect([made.status, made.body]).toEqual([
      201,
      {
        ...{ user: { id, username: null }, all_events: false, reason: 'touting' },
        ...{ blocked_by: await numberOf(organizer), blocked_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) },
      },
    ]);
    expect((await block(organizer, { email: ` ${who.email.toUpperCase()} ` })).body).toEqual(made.body);
    expect(made.text).not.toContain(who.email);
  });

  it("list one's own, the newest first, in pages; an admin's are every admin's", async () => {
    const [mine, second] = [await person(world.db, 'organizer'), await person(world.db, 'admin')];
    expect((await list(mine)).body).toEqual({ count: 0, next: null, previous: null, results: [] });
    const people = await Promise.all([1, 2, 3].map(() => person(world.db)));
    for (const who of people) await block(mine, { email: who.email });
    const numbers = await Promise.all(people.reverse().map(numberOf));
    const first = (await list(mine, '?page_size=2')).body;
    expect([first.count, first.results.map((row: any) => row.user.id)]).toEqual([3, numbers.slice(0, 2)]);
    const { pathname, search } = new URL(first.next);
    const last = (await world.call('GET', pathname + search, { token: mine.token })).body;
    expect([last.next, last.results.map((row: any) => row.user.id)]).toEqual([null, numbers.slice(2)]);
    expect((await list(rival)).body.results.map((row: any) => row.user.id)).not.toContain(numbers[0]);

    await block(admin, { user_id: numbers[0] });
    expect((await list(second)).body.results[0]).toMatchObject({
      user: { id: numbers[0] },
      all_events: true,
      blocked_by: await numberOf(admin),
    });
    expect((await list(mine)).body.count).toBe(3);
    await unblock(mine, numbers[0]);
    expect((await list(mine)).body.count).toBe(2);
    expect((await unblock(second, numbers[0])).status).toBe(204);
  });

  it('404 for nobody, by number and by address alike, and for who is not blocked', async () => {
    const nobody = { detail: 'There is no such user.' };
    for (const whom of [
      { user_id: 999_999_999 },
      { user_id: Number.MAX_SAFE_INTEGER },
      { email: 'nobody@example.test' },
      { email: 'no address' },
    ]) {
      const answer = await block(organizer, whom);
      expect([answer.status, answer.body]).toEqual([404, nobody]);
    }
    const who = await person(world.db);
    await block(rival, { email: who.email });
    for (const number of [await numberOf(who), 999_999_999, 0, '999999999999999'])
      expect([(await unblock(organizer, number)).status, number]).toEqual([404, number]);
  });

  it('400 for oneself and for an admin, and nobody is blocked', async () => {
    for (const [by, whom] of [
      [organizer, organizer],
      [organizer, admin],
      [admin, admin],
    ] as const)
      for (const body of [{ email: whom.email }, { user_id: await numberOf(whom) }])
        expect([(await block(by, body)).status, (await list(by)).body.results.map((row: any) => row.user.id)]).toEqual([
          400,
          expect.not.arrayContaining([await numberOf(whom)]),
        ]);
  });

  it.each([
    ['nothing', {}],
    ['both', { user_id: 1, email: 'x@example.test' }],
    ['null', { user_id: null }],
    ['a text', { user_id: '1' }],
    ['half a number', { user_id: 1.5 }],
    ['none', { user_id: 0 }],
    ['a number past all', { user_id: 1e300 }],
    ['an empty address', { email: '  ' }],
    ['an address without end', { email: 'x'.repeat(300) }],
    ['a NUL in the address', { email: 'x\u0000@example.test' }],
    ['a NUL in the reason', { user_id: 1, reason: 'x\u0000' }],
    ['half a letter', { user_id: 1, reason: '\ud800' }],
    ['an empty reason', { user_id: 1, reason: ' ' }],
    ['a reason without end', { user_id: 1, reason: 'x'.repeat(501) }],
    ['a list', []],
  ])('400 for %s', async (_, body) => {
    const answer = await block(organizer, body);
    expect([answer.status, typeof answer.body.detail]).toEqual([400, 'string']);
  });

  it.each(['x', '-1', '1.5', '1e3', '%00', '99999999999999999999'])('400 for the number %s in the address', async (number) => {
    expect((await unblock(organizer, number)).status).toBe(400);
  });

  it.each(['?page=0', '?page=x', '?page_size=101', '?other=1'])('400 for %s', async (query) => {
    expect((await list(organizer, query)).status).toBe(400);
  });

  it('401 for nobody, 403 for who organizes nothing', async () => {
    const who = await person(world.db);
    const tried = (by: Person | undefined) => Promise.all([block(by, { user_id: 1 }), unblock(by, 1), list(by)]);
    expect((await tried(undefined)).map(({ status }) => status)).toEqual([401, 401, 401]);
    expect((await tried(who)).map(({ status }) => status)).toEqual([403, 403, 403]);
  });
});
