// `npm run keys`: an organizer's keys made, listed, rotated and revoked from a shell; and the key of the local stack's seed.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TEST_KEY } from '../../deploy/local/hackathon.ts';
import { seed } from '../../deploy/local/seed.ts';
import { SCOPES, verify } from '../../services/accounts/apiKeys.ts';
import { tokenKeys } from '../../services/accounts/verified.ts';
import { figures } from '../../services/inventory/offers.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person } from '../support/made.ts';

const run = promisify(execFile);
let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

const keys = async (...args: string[]): Promise<string> => {
  const env = { ...process.env, DATABASE_URL: world.databaseUrl };
  return (await run('npx', ['tsx', 'deploy/keys.ts', ...args], { env })).stdout;
};
const tokens = () => tokenKeys(world.gateway.config.auth);

describe('the command', () => {
  it('makes a key that works, lists it without its secret, rotates and revokes it', async () => {
    const { id: accountId, email } = await person(world.db, 'organizer');
    const said = await keys('make', email.toUpperCase(), 'my app', '--scopes', 'all', '--until', '2099-01-01');
    const token = /^bk_live_\S+/.exec(said)![0];
    const caller = await verify(world.db, tokens(), token);
    expect(caller).toMatchObject({ accountId, role: 'organizer', scopes: [...SCOPES] });

    const list = await keys('list', email);
    expect(list).toMatch(new RegExp(`^${caller.keyId}  ${token.slice(0, 16)}…  until 2099-01-01T00:00 .* my app$`, 'm'));
    expect(list).not.toContain(token.slice(16));

    const next = /^bk_live_\S+/.exec(await keys('rotate', email, caller.keyId, '--overlap', '3600'))![0];
    await expect(verify(world.db, tokens(), token)).resolves.toMatchObject({ keyId: caller.keyId });
    await expect(verify(world.db, tokens(), next)).resolves.toMatchObject({ accountId });
    await keys('revoke', email, caller.keyId);
    await expect(verify(world.db, tokens(), token)).rejects.toMatchObject({ code: 'token_expired' });
  });

  it('says what is wrong, in one line, and makes nothing', async () => {
    const [organizer, user] = [await person(world.db, 'organizer'), await person(world.db)];
    const wrong: [string[], RegExp, number][] = [
      [[], /keys: say what/, 64],
      [['make', organizer.email, 'x'], /keys: say what/, 64],
      [['make', organizer.email, 'x', '--scopes', 'everything'], /keys: say what/, 64],
      [['make', organizer.email, 'x', '--scopes', 'all', '--until', 'soon'], /soon is no date/, 64],
      [['make', organizer.email, 'x', '--scopes', 'all', '--until', '2020-01-01'], /must end in the future/, 1],
      [['make', user.email, 'x', '--scopes', 'all'], /is no organizer/, 1],
      [['list', 'nobody@example.test'], /there is no account of nobody@example.test/, 1],
      [['revoke', organizer.email, '17'], /There is no such key/, 1],
      [['list', organizer.email, '--all'], /keys: say what/, 64],
    ];
    for (const [args, text, code] of wrong) {
      const error = await keys(...args).catch((thrown) => thrown);
      expect([error.code, error.stderr], args.join(' ')).toEqual([code, expect.stringMatching(text)]);
    }
    expect(await keys('list', organizer.email)).toBe('no keys\n');
  });
});

describe('the seed', () => {
  it('has a key of the organizer and an event with three types over 500 places; again it changes nothing', async () => {
    const count = async () => {
      const { rows } = await sql<{ keys: number; events: number; offers: number; places: number }>`
        select (select count(*)::int from api_keys where prefix = ${TEST_KEY.slice(0, 16)}) as keys,
          count(distinct e.id)::int as events, count(distinct o.id)::int as offers, count(p.id)::int as places
        from events e join offers o on o.event_id = e.id left join places p on p.offer_id = o.id where e.slug = 'test-hackathon-2025'`.execute(
        world.db,
      );
      return rows[0];
    };
    for (let i = 0; i < 2; i++) {
      await seed(world.db);
      expect(await count()).toEqual({ keys: 1, events: 1, offers: 4, places: 500 });
    }
    const { accountId } = await verify(world.db, tokens(), TEST_KEY);
    const { email } = await world.db.selectFrom('accounts').select('email').where('id', '=', accountId).executeTakeFirstOrThrow();
    expect(email).toBe('organizer@billetter.test');

    const { data } = (await world.call('GET', '/api/v1/events')).body;
    expect(data.slice(0, 2).map(({ name }: { name: string }) => name)).toEqual(['Summer Music Festival', 'Test Hackathon 2025']);
    const { rows } = await sql<{ type: string }>`select name || ' ' || price_minor || ' ' || f.left as type
      from offers o join ${figures(sql`(select id from offers where pool_id is not null)`)} f using (id) order by tier_number`.execute(
      world.db,
    );
    expect(rows.map(({ type }) => type)).toEqual(['standard 0 500', 'premium 4900 500', 'team 0 500']);
  });

  it('is moved on with the demo event, which stays before it', async () => {
    await seed(world.db, new Date(Date.now() + 60 * 86_400_000));
    const { rows } = await sql<{ slug: string; weeks: number }>`
      select slug::text as slug, floor(extract(epoch from starts_at - now()) / 604800)::int as weeks from events order by starts_at`.execute(
      world.db,
    );
    expect(rows.slice(0, 2).map(({ slug }) => slug)).toEqual(['summer-music-festival', 'test-hackathon-2025']);
    expect(rows[1]!.weeks).toBeGreaterThan(10);
  });

  it('is refused in production, where everybody knows it', async () => {
    await expect(verify(world.db, tokens(), TEST_KEY, { liveOnly: true })).rejects.toMatchObject({ code: 'token_invalid' });
  });
});
