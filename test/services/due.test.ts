// What a relay is told to take, against real rows: each lane for itself, and nothing that another relay has or that is not due yet.
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';
import { due } from '../../services/outbox/due.ts';
import * as outbox from '../../services/outbox/outbox.ts';
import * as deliveries from '../../services/outbox/webhooks.ts';
import { createBell } from '../../worker/bell.ts';
import { freshDatabase } from '../support/database.ts';
import { organizer } from '../support/hooks.ts';

const NOTHING = { rest: false, starts: false, webhooks: false };
let db: Kysely<DB>;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ db, close } = await freshDatabase());
});
afterAll(() => close?.());
beforeEach(async () => {
  await sql`truncate outbox, webhook_deliveries cascade`.execute(db);
});

const write = (topic: string, inSeconds = 0) =>
  sql`insert into outbox (topic, subject_id, available_at)
    values (${topic}, gen_random_uuid(), now() + make_interval(secs => ${inSeconds}))`.execute(db);

test('an empty outbox has nothing for any lane', async () => {
  expect(await due(db)).toEqual(NOTHING);
});

test('each lane is told of its own rows, until they are taken', async () => {
  await write('order.created');
  expect(await due(db)).toEqual({ ...NOTHING, starts: true });
  await outbox.take(db, 'starts', 1);
  expect(await due(db)).toEqual(NOTHING);

  for (const topic of ['order.paid', 'order.changed', 'places.freed', 'mail']) {
    await write(topic);
    expect(await due(db), topic).toEqual({ ...NOTHING, rest: true });
    await outbox.take(db, 'rest', 1);
    expect(await due(db)).toEqual(NOTHING);
  }
});

test('what is not due yet is nobody’s', async () => {
  await write('order.created', 2);
  await write('order.changed', 60);
  expect(await due(db)).toEqual(NOTHING);
});

test('deliveries to webhooks are told of until they are taken', async () => {
  const world = await organizer(db);
  await world.endpoint('http://127.0.0.1:9/hook');
  await world.announce(1);
  expect((await due(db)).webhooks).toBe(true);
  expect(await deliveries.take(db, 8)).toHaveLength(1);
  expect((await due(db)).webhooks).toBe(false);
});

test('a bell ends a wait; a ring that nobody waited for is kept for one wait; a pause ends by itself', async () => {
  const bell = createBell();
  let woken = 0;
  const wait = bell.rung().then(() => woken++);
  expect(woken).toBe(0);
  bell.ring();
  await wait;

  bell.ring();
  bell.ring();
  await bell.rung();
  const next = bell.rung().then(() => 'rung');
  expect(await Promise.race([next, Promise.resolve('waiting')])).toBe('waiting');
  bell.ring();
  expect(await next).toBe('rung');
  await bell.rung(1);
});
