// The operators' list of messages that will never arrive: all of them, once each, also those given up in the same moment.
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorld, type World } from '../support/gateway.ts';
import { person } from '../support/made.ts';

let world: World;
let admin: string;
beforeAll(async () => {
  world = await startWorld();
  admin = (await person(world.db, 'admin')).token;
});
afterAll(() => world?.stop());

const list = (query: string, token = admin) => world.call('GET', `/api/v1/admin/undelivered${query}`, { token });

test('page by page: every refused mail and text once, the newest first; what is under way is not listed', async () => {
  await sql`insert into mails (kind, recipient, refused_at, refusal)
    select 'waitlist-cancelled', 'm' || n || '@x.test', now() + interval '1 hour', '550 no such box' from generate_series(1, 5) n`.execute(
    world.db,
  );
  await sql`insert into texts (kind, recipient, body, failed_at, refusal)
    values ('waitlist-offer', '+4511111111', 'x', now() + interval '2 hours', 'Twilio 21211: no')`.execute(world.db);
  await sql`insert into mails (kind, recipient) values ('waitlist-cancelled', 'owed@x.test')`.execute(world.db);

  const seen: { id: string; channel: string; recipient: string; reason: string }[] = [];
  for (let after = ''; seen.length < 6; after = `&after=${seen.at(-1)!.id}`) {
    const { status, body } = await list(`?limit=2${after}`);
    expect([status, body.data.length]).toEqual([200, 2]);
    seen.push(...body.data);
  }
  expect(seen[0]).toMatchObject({ channel: 'text', recipient: '+4511111111', reason: 'Twilio 21211: no', booking_id: null });
  const mails = seen.slice(1).map((m) => m.recipient);
  expect(mails.sort()).toEqual(['m1@x.test', 'm2@x.test', 'm3@x.test', 'm4@x.test', 'm5@x.test']);
  const rest = await list(`?after=${seen.at(-1)!.id}`);
  expect(rest.body.data.map((m: { recipient: string }) => m.recipient)).not.toContain('owed@x.test');
});

test('403 for everybody else', async () => {
  expect((await list('', (await person(world.db, 'organizer')).token)).status).toBe(403);
});
