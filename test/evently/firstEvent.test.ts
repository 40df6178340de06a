// From an empty system to a first event on sale, by what the product offers alone: register, become an organizer, a venue, an event.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorld, type World } from '../support/gateway.ts';
import { person, show } from '../support/made.ts';

const run = promisify(execFile);
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

const HALL = { name: 'Łódź Hall', city: 'Łódź', country: 'Poland', capacity: 500, time_zone: 'Europe/Warsaw' };
const EVENT = {
  name: 'First night',
  start_time: '2031-01-01T18:00:00Z',
  end_time: '2031-01-01T21:00:00Z',
  seat_configuration: { sections: [{ name: 'Floor', rows: 1, seats_per_row: 2, price: 20 }] },
};

describe('on an empty system', () => {
  it('whoever registered is promoted by a command, makes a venue and an event, and sells', async () => {
    const body = { email: 'ann@example.test', password: 'TestPass123!', full_name: 'Ann' };
    await world.call('POST', '/api/v1/auth/register', { body });
    expect(await promote('Ann@example.test ', 'organizer')).toMatch(/ann@example.test is organizer/i);
    const { access_token: token } = (await world.call('POST', '/api/v1/auth/login', { body })).body.data;

    const venue = await world.call('POST', '/api/v1/venues', { token, body: HALL });
    expect([venue.status, venue.body.data]).toMatchObject([201, { ...HALL, address: '', layout_config: {} }]);
    const listed = await world.call('GET', '/api/v1/venues?search=lodz');
    expect(listed.body.data.map((v: { id: string }) => v.id)).toEqual([venue.body.data.id]);

    const event = await world.call('POST', '/api/v1/admin/events', { token, body: { ...EVENT, venue_id: venue.body.data.id } });
    expect([event.status, event.body.data.venue.time_zone]).toEqual([201, 'Europe/Warsaw']);
    const seats = await world.call('GET', `/api/v1/events/${event.body.data.id}/seats`);
    expect(seats.body.data.summary.total_available).toBe(2);
  });

  it('a command that names nobody, or no role, says so', async () => {
    await expect(promote('nobody@example.test', 'organizer')).rejects.toThrow(/there is no account of nobody@example.test/);
    await expect(promote('ann@example.test', 'king')).rejects.toThrow(/organizer\|admin/);
  });
});

async function promote(email: string, role: string): Promise<string> {
  const env = { ...process.env, DATABASE_URL: world.databaseUrl };
  const { stdout } = await run('npx', ['tsx', 'deploy/promote.ts', email, role], { env });
  return stdout;
}

describe('venues', () => {
  it('are refused by field, and are for organizers to make', async () => {
    const [organizer, user] = [await person(world.db, 'organizer'), await person(world.db)];
    const post = (body: object, token = organizer.token) => world.call('POST', '/api/v1/venues', { token, body });
    expect((await post(HALL, user.token)).status).toBe(403);
    const zone = await post({ ...HALL, time_zone: 'Mars/Olympus' });
    expect([zone.status, Object.keys(zone.body.error.details.fields)]).toEqual([400, ['time_zone']]);
    const empty = await post({ ...HALL, name: ' ', capacity: 0 });
    expect([empty.status, Object.keys(empty.body.error.details.fields)]).toEqual([400, ['name', 'capacity']]);
  });
});

describe("a list of one's own events", () => {
  it('has drafts and cancelled ones, nobody else’s; an admin sees all', async () => {
    const [ann, bob, admin] = [await person(world.db, 'organizer'), await person(world.db, 'organizer'), await person(world.db, 'admin')];
    const mine = await show(world.db, { seats: 3 });
    const draft = await show(world.db, { status: 'draft', startsInMs: 2 * 86_400_000 });
    const theirs = await show(world.db);
    await sql`update events set organizer_id = ${ann.id}::uuid where id in (${mine.id}::uuid, ${draft.id}::uuid)`.execute(world.db);
    await sql`update events set organizer_id = ${bob.id}::uuid, status = 'cancelled' where id = ${theirs.id}::uuid`.execute(world.db);
    const list = async (token: string, query = '') =>
      (await world.call('GET', `/api/v1/admin/events${query}`, { token })).body.data.map((e: any) => [e.id, e.status, e.available_seats]);
    expect(await list(ann.token)).toEqual([
      [mine.id, 'upcoming', 3],
      [draft.id, 'draft', 5],
    ]);
    expect(await list(ann.token, '?status=draft')).toEqual([[draft.id, 'draft', 5]]);
    expect(await list(bob.token)).toEqual([[theirs.id, 'cancelled', 0]]);
    const all = (await list(admin.token, '?per_page=100')).map(([id]: [string]) => id);
    expect(all).toEqual(expect.arrayContaining([mine.id, draft.id, theirs.id]));
  });
});
