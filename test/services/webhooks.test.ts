// Deliveries to webhooks against real rows and a real receiver; the workflow's clock is played by the test.
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';
import { LETTERS } from '../../services/delivery/letters/index.ts';
import * as endpoints from '../../services/delivery/webhookEndpoints.ts';
import { pauseAfter } from '../../services/delivery/webhookPatience.ts';
import { createPost } from '../../services/delivery/webhookPost.ts';
import { secretBox } from '../../services/delivery/webhookSecrets.ts';
import { tryOnce, type WebhookRound, type Webhooks } from '../../services/delivery/webhooks.ts';
import * as log from '../../services/outbox/webhookLog.ts';
import * as deliveries from '../../services/outbox/webhooks.ts';
import { verify } from '../../services/reports/verify.ts';
import { freshDatabase, lockWaits } from '../support/database.ts';
import { deliveriesOf, isSignedWith, keeping, openReceiver, organizer, type Receiver } from '../support/hooks.ts';
import { signal } from '../support/signal.ts';

const HOUR = 3_600_000;
let db: Kysely<DB>;
let close: () => Promise<void>;
let receiver: Receiver;
const webhooks: Webhooks = { box: keeping.box, post: createPost(keeping.reach), perMinute: 500 };

beforeAll(async () => {
  ({ db, close } = await freshDatabase());
});
afterAll(async () => {
  receiver?.close();
  await close?.();
});
beforeEach(async () => {
  receiver?.close();
  receiver = await openReceiver();
});

/** An organizer with one endpoint and one delivery to it. */
async function announced(n = 1) {
  const world = await organizer(db);
  const endpoint = await world.endpoint(receiver.url);
  await world.announce(n);
  const ids = (await deliveriesOf(db, endpoint.id)).map((d) => d.id);
  return { ...world, account: world.owner.id, hook: endpoint, ids, id: ids[0]! };
}

const attempt = (id: string, at = new Date(), with_ = webhooks) => tryOnce(db, with_, id, at);

/** Tries for as long as the delivery waits, as the workflow does, in no time. */
async function runOut(id: string, at = new Date(), with_ = webhooks): Promise<{ rounds: WebhookRound[]; at: Date }> {
  const rounds: WebhookRound[] = [];
  for (let clock = at; ; ) {
    const round = await attempt(id, clock, with_);
    rounds.push(round);
    if (round.waitMs === null) return { rounds, at: clock };
    clock = new Date(Math.max(clock.getTime(), Date.now()) + round.waitMs); // a timer begins when the try has ended
  }
}

const mailsTo = (email: string) =>
  db.selectFrom('mails').select(['kind', 'data']).where('recipient', '=', email).where('kind', '=', 'webhook-disabled').execute();

describe('a delivery', () => {
  test('is signed as the standard says: its library takes it, under the announcement s id, with the seed s body', async () => {
    const { hook, id } = await announced();
    expect(await attempt(id)).toMatchObject({ state: 'delivered', waitMs: null, status: 204 });
    const [got] = receiver.got;
    const [row] = await deliveriesOf(db, hook.id);
    expect(got).toMatchObject({ id: row!.announcement_id });
    expect(isSignedWith(hook.secret, got!)).toBe(true);
    expect(isSignedWith(`whsec_${Buffer.alloc(32).toString('base64')}`, got!)).toBe(false);
    expect(got!.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'Billetter-Webhooks/1' });
    expect(JSON.parse(got!.body)).toEqual({
      event: 'registration.created',
      timestamp: '2026-11-26T10:30:00Z',
      data: { registrationId: 'reg-1', participantId: 'participant-1', eventId: 'hackathon-2025', ticketType: 'standard' },
    });
    expect(row!.tries).toEqual([{ at: expect.any(String), status: 204, error: null, ms: expect.any(Number) }]);
    expect(await attempt(id)).toEqual({ state: 'delivered', waitMs: null });
    expect(receiver.got).toHaveLength(1);
  });

  test('is tried again with growing pauses, the same id and body each time, and then succeeds', async () => {
    const { account, hook, id } = await announced();
    receiver.answer = (response) => void response.writeHead(receiver.got.length < 4 ? 500 : 200).end();
    const began = Date.now();
    const { rounds, at } = await runOut(id);
    expect(rounds.map((r) => r.state)).toEqual(['waiting', 'waiting', 'waiting', 'delivered']);
    expect(at.getTime() - began).toBeGreaterThan(35 * 60_000);
    expect(new Set(receiver.got.map(({ body, id }) => body + id)).size).toBe(1);
    const [row] = await deliveriesOf(db, hook.id);
    expect((row!.tries as { status: number }[]).map((t) => t.status)).toEqual([500, 500, 500, 200]);
    expect((await endpoints.find(db, account, hook.id)).failing_since).toBeNull();
  });

  test('pauses: ten tries in a little over three days; Retry-After makes them longer, never shorter, a day at most', () => {
    const pauses = Array.from({ length: 10 }, (_, i) => pauseAfter(i + 1, null, 0));
    expect(pauses.at(-1)).toBeNull();
    const hours = pauses.reduce<number>((sum, ms) => sum + (ms ?? 0), 0) / HOUR;
    expect(hours).toBeGreaterThan(72);
    expect(hours).toBeLessThan(80);
    expect([pauseAfter(1, 60_000, 0), pauseAfter(2, 1_000, 0), pauseAfter(1, 1e12, 0)]).toEqual([60_000, 300_000, 24 * HOUR]);
    expect(pauseAfter(1, 60_000, 1)).toBe(72_000);
  });

  test('429 with Retry-After: not tried before', async () => {
    const { id } = await announced();
    receiver.answer = (response) => void response.writeHead(429, { 'retry-after': '90' }).end();
    const at = new Date();
    const { waitMs } = await attempt(id, at);
    expect(waitMs).toBeGreaterThanOrEqual(90_000);
    expect(await attempt(id, new Date(at.getTime() + 60_000))).toMatchObject({ state: 'waiting' });
    expect(receiver.got).toHaveLength(1);
    receiver.answer = (response) => void response.end();
    expect(await attempt(id, new Date(at.getTime() + waitMs! + 10_000))).toMatchObject({ state: 'delivered' });
  });

  test('of an endpoint that is gone: nothing to do', async () => {
    const { account, hook, id } = await announced();
    await endpoints.remove(db, account, hook.id);
    expect(await attempt(id)).toEqual({ state: 'gone', waitMs: null });
  });

  test('a secret that cannot be read is a failed try, and nothing is sent unsigned', async () => {
    const { id } = await announced();
    const other = { ...webhooks, box: secretBox('another setting altogether, of 40 letters') };
    expect(await attempt(id, new Date(), other)).toMatchObject({ state: 'waiting', error: 'not signed: its secret cannot be read' });
    expect(receiver.got).toEqual([]);
  });
});

describe('secrets', () => {
  test('are closed in the row, for their endpoint alone; a changed text does not open', async () => {
    const { hook } = await announced();
    const { secret: closed } = await db
      .selectFrom('webhook_endpoints')
      .select('secret')
      .where('id', '=', hook.id)
      .executeTakeFirstOrThrow();
    expect(closed).not.toContain(hook.secret.slice(6));
    expect(keeping.box.open(closed, hook.id)).toBe(hook.secret);
    expect(() => keeping.box.open(closed, crypto.randomUUID())).toThrow();
    expect(() => keeping.box.open(`${closed.slice(0, -2)}AA`, hook.id)).toThrow();
    expect(() => keeping.box.open('v2.x', hook.id)).toThrow('not a closed secret');
  });

  test('rotated with an overlap: both sign until the old one ends, then the new one alone', async () => {
    const { account, hook, ids } = await announced(3);
    const second = await endpoints.rotate(db, keeping, account, hook.id, 3600);
    expect(second.former_until!.getTime()).toBeGreaterThan(Date.now());
    await attempt(ids[0]!);
    expect([hook.secret, second.secret].map((secret) => isSignedWith(secret, receiver.got[0]!))).toEqual([true, true]);

    await sql`update webhook_endpoints set former_until = now() where id = ${hook.id}::uuid`.execute(db);
    await attempt(ids[1]!);
    expect([hook.secret, second.secret].map((secret) => isSignedWith(secret, receiver.got[1]!))).toEqual([false, true]);

    const third = await endpoints.rotate(db, keeping, account, hook.id, 0);
    expect(third.former_until).toBeNull();
    await attempt(ids[2]!);
    expect([second.secret, third.secret].map((secret) => isSignedWith(secret, receiver.got[2]!))).toEqual([false, true]);
  });
});

describe('an endpoint', () => {
  test('that answers 410 is disabled at once: what waits is given up, its owner has one mail, nothing more is written', async () => {
    const { account, owner, hook, ids, announce } = await announced(3);
    receiver.answer = (response) => void response.writeHead(410).end();
    expect(await attempt(ids[0]!)).toMatchObject({ state: 'failed', status: 410 });
    expect(await attempt(ids[1]!)).toEqual({ state: 'failed', waitMs: null });
    expect(await endpoints.find(db, account, hook.id)).toMatchObject({ disabled_because: 'gone' });
    expect(await mailsTo(owner.email)).toEqual([{ kind: 'webhook-disabled', data: expect.objectContaining({ because: 'gone', lost: 3 }) }]);
    const letter = LETTERS['webhook-disabled'].write((await mailsTo(owner.email))[0]!.data as never, { tokenOf: () => '' });
    expect((await letter).text).toContain(`your webhook ${receiver.url} gets nothing from us`);
    expect((await letter).text).toContain('It answered 410 Gone');
    await announce();
    expect(await deliveriesOf(db, hook.id)).toHaveLength(3);
    expect(receiver.got).toHaveLength(1);
  });

  test('none of whose tries of three days succeeded is disabled, with a mail', async () => {
    const { account, owner, hook, id } = await announced();
    receiver.answer = (response) => void response.writeHead(500).end();
    const began = Date.now();
    const { rounds, at } = await runOut(id);
    expect(rounds).toHaveLength(10);
    expect(rounds.at(-1)).toMatchObject({ state: 'failed' });
    expect(at.getTime() - began).toBeGreaterThan(72 * HOUR);
    expect(await endpoints.find(db, account, hook.id)).toMatchObject({ disabled_because: 'failing' });
    expect(await mailsTo(owner.email)).toHaveLength(1);
  });

  test('that took anything else meanwhile is not: that one delivery is given up', async () => {
    const { account, owner, hook, ids } = await announced(2);
    receiver.answer = (response, { body }) => void response.writeHead(body.includes('reg-1"') ? 500 : 200).end();
    const poison = (await deliveriesOf(db, hook.id)).find((d) => JSON.stringify(d.payload).includes('reg-1"'))!.id;
    const first = await attempt(poison);
    await attempt(ids.find((id) => id !== poison)!, new Date(Date.now() + HOUR));
    await runOut(poison, new Date(Date.now() + first.waitMs!));
    expect(await endpoints.find(db, account, hook.id)).toMatchObject({ disabled_at: null });
    expect(await mailsTo(owner.email)).toEqual([]);
    expect((await log.find(db, hook.id, poison)).state).toBe('failed');
  });

  test('that was disabled, resumed: new ones are delivered, what was given up is replayed under its id', async () => {
    const { account, hook, ids, announce } = await announced(2);
    receiver.answer = (response) => void response.writeHead(410).end();
    await attempt(ids[0]!);
    await expect(endpoints.replayDeliveries(db, account, hook.id, { id: ids[0]! })).rejects.toMatchObject({ code: 'invalid' });
    await expect(endpoints.sendTest(db, account, hook.id)).rejects.toMatchObject({ code: 'invalid' });
    expect(await endpoints.resume(db, account, hook.id)).toMatchObject({ disabled_at: null, disabled_because: null });
    receiver.answer = (response) => void response.end();
    await announce();
    const range = { from: new Date(Date.now() - HOUR), until: new Date(Date.now() + HOUR), state: 'failed' as const };
    expect(await endpoints.replayDeliveries(db, account, hook.id, range)).toBe(2);
    for (const { id } of await deliveriesOf(db, hook.id)) expect(await attempt(id)).toMatchObject({ state: 'delivered' });
    expect(receiver.counts().size).toBe(3);
    expect(Math.max(...receiver.counts().values())).toBe(2);
  });

  test('paused: deliveries are held back, new ones too, and handed on when it is resumed', async () => {
    const { account, hook, id, announce } = await announced();
    await deliveries.take(db, 100);
    await endpoints.pause(db, account, hook.id);
    expect(await attempt(id)).toEqual({ state: 'held', waitMs: null });
    await deliveries.handedOn(db, [id]);
    await announce();
    expect((await deliveries.take(db, 100)).filter((d) => d.endpoint === hook.id)).toEqual([]);
    await expect(endpoints.sendTest(db, account, hook.id)).rejects.toMatchObject({ code: 'invalid' });
    await endpoints.resume(db, account, hook.id);
    const handed = (await deliveries.take(db, 100)).filter((d) => d.endpoint === hook.id);
    expect(handed.map((d) => d.again).sort()).toEqual([false, true]);
    for (const d of handed) expect(await attempt(d.id)).toMatchObject({ state: 'delivered' });
  });

  test('belongs to its account: strangers find none of it, and nothing that is no id is looked for', async () => {
    const { hook, id } = await announced();
    const stranger = (await organizer(db)).owner.id;
    const range = { from: new Date(0), until: new Date(), state: undefined };
    for (const asked of [hook.id, 'no-id', crypto.randomUUID()])
      for (const act of [
        () => endpoints.find(db, stranger, asked),
        () => endpoints.update(db, keeping, stranger, asked, { description: 'x' }),
        () => endpoints.remove(db, stranger, asked),
        () => endpoints.rotate(db, keeping, stranger, asked, 0),
        () => endpoints.pause(db, stranger, asked),
        () => endpoints.resume(db, stranger, asked),
        () => endpoints.sendTest(db, stranger, asked),
        () => endpoints.replayDeliveries(db, stranger, asked, { id }),
        () => endpoints.replayDeliveries(db, stranger, asked, range),
      ])
        await expect(act()).rejects.toMatchObject({ code: 'not_found' });
    expect(await endpoints.list(db, stranger)).toEqual([]);
  });

  test('is refused with a URL that must not be called, without events, and beyond twenty', async () => {
    const { endpoint, owner } = await organizer(db);
    await expect(endpoint('http://10.0.0.1/')).rejects.toMatchObject({ code: 'invalid', details: { fields: { url: expect.any(String) } } });
    await expect(endpoint(receiver.url, [])).rejects.toMatchObject({
      code: 'invalid',
      details: { fields: { events: expect.any(String) } },
    });
    const made = await Promise.allSettled(Array.from({ length: 22 }, () => endpoint(receiver.url)));
    expect(made.filter((m) => m.status === 'fulfilled')).toHaveLength(20);
    const { id } = (await endpoints.list(db, owner.id))[0]!;
    await expect(endpoints.update(db, keeping, owner.id, id, { url: 'ftp://x/' })).rejects.toMatchObject({ code: 'invalid' });
    expect(await endpoints.update(db, keeping, owner.id, id, { events: ['waitlist.added', 'waitlist.added'] })).toMatchObject({
      events: ['waitlist.added'],
      url: receiver.url,
    });
  });

  test('gets a test event on request, whatever it listens to', async () => {
    const { owner, endpoint } = await organizer(db);
    const hook = await endpoint(receiver.url, ['capacity.reached']);
    const id = await endpoints.sendTest(db, owner.id, hook.id);
    await attempt(id);
    expect(JSON.parse(receiver.got[0]!.body)).toMatchObject({ event: 'webhook.test', data: { participantId: 'test-participant-001' } });
    expect(isSignedWith(hook.secret, receiver.got[0]!)).toBe(true);
  });
});

describe('room', () => {
  test('more than an owner s 500 a minute are delayed, not lost: no minute has more, spread over those that come', async () => {
    const { ids } = await announced(30);
    const at = new Date(Date.now() + HOUR);
    const few = { ...webhooks, perMinute: 10 };
    const waits: number[] = [];
    for (const id of ids) {
      const round = await attempt(id, at, few);
      waits.push(round.state === 'delivered' ? 0 : round.waitMs!);
    }
    expect(waits.filter((ms) => ms === 0)).toHaveLength(10);
    expect(waits.slice(10)).toEqual(Array.from({ length: 20 }, (_, i) => 60_000 + i * 6_000));
    for (const [i, id] of ids.entries())
      if (waits[i]) expect(await attempt(id, new Date(at.getTime() + waits[i]!), few)).toMatchObject({ state: 'delivered' });
    expect(receiver.counts().size).toBe(30);
  });

  test('another owner has a minute of their own', async () => {
    const few = { ...webhooks, perMinute: 1 };
    const [one, other] = [await announced(2), await announced(1)];
    const states = [];
    for (const id of [...one.ids, other.id]) states.push((await attempt(id, new Date(), few)).state);
    expect(states).toEqual(['delivered', 'waiting', 'delivered']);
  });

  test('eight tries at once to an endpoint; while it fails, one', async () => {
    const { ids, hook, account } = await announced(20);
    const released = signal();
    receiver.answer = async (response) => {
      await released.given;
      response.writeHead(500).end();
    };
    const at = new Date(Date.now() + HOUR);
    const running = ids.map((id) => attempt(id, at));
    await Promise.race([Promise.all(running), untilOpen(8)]);
    released.give();
    const rounds = await Promise.all(running);
    expect([receiver.mostOpen, receiver.got.length]).toEqual([8, 8]);
    expect(rounds.filter((r) => r.status === undefined)).toHaveLength(12);
    expect((await endpoints.find(db, account, hook.id)).failing_since).not.toBeNull();
    expect((await deliveries.countTroubled(db)).waiting).toBeGreaterThanOrEqual(20);
    expect((await deliveries.countTroubled(db)).failing).toBeGreaterThanOrEqual(1);

    receiver.mostOpen = 0;
    receiver.answer = (response) => void setTimeout(() => response.writeHead(500).end(), 50);
    const later = new Date(at.getTime() + HOUR);
    await Promise.all(ids.map((id) => attempt(id, later)));
    expect(receiver.mostOpen).toBe(1);
  });

  test('a race for the last room is decided by the endpoint s lock: without it the count would be of the past', async () => {
    const { ids, hook } = await announced(2);
    await sql`update webhook_endpoints set failing_since = now() where id = ${hook.id}::uuid`.execute(db);
    receiver.answer = (response) => void setTimeout(() => response.end(), 300);
    // One try has begun and has not been committed while the other counts: only the lock makes it wait.
    let beginBoth: Promise<unknown> | undefined;
    await db.transaction().execute(async (tx) => {
      await sql`select from webhook_endpoints where id = ${hook.id}::uuid for no key update`.execute(tx);
      beginBoth = Promise.all(ids.map((id) => attempt(id, new Date(Date.now() + HOUR))));
      await lockWaits(db, 2);
    });
    await beginBoth;
    expect([receiver.got.length, receiver.mostOpen]).toEqual([1, 1]);
  });

  test('of an endpoint with thousands waiting as many are handed on as it has room for; another s come beside them', async () => {
    const [busy, other] = [await announced(100), await announced(1)];
    const handed = async (hook: { id: string }) => (await deliveries.take(db, 1000)).filter((d) => d.endpoint === hook.id).map((d) => d.id);
    const first = await deliveries.take(db, 1000);
    const mine = first.filter((d) => d.endpoint === busy.hook.id).map((d) => d.id);
    expect(mine).toHaveLength(8);
    expect(first.filter((d) => d.endpoint === other.hook.id)).toHaveLength(1);
    await deliveries.handedOn(
      db,
      first.map((d) => d.id),
    );
    expect(await handed(busy.hook)).toEqual([]);
    // Tried, delivered or not: there is room for the next. While the endpoint fails there is hardly any.
    for (const id of mine.slice(0, 3)) await attempt(id);
    const next = await handed(busy.hook);
    expect(next).toHaveLength(3);
    await deliveries.handedOn(db, next);
    receiver.answer = (response) => void response.writeHead(500).end();
    for (const id of [...mine, ...next]) await attempt(id);
    expect(await handed(busy.hook)).toHaveLength(2);
  });

  test('announcing waits for no try that begins', async () => {
    const { hook, announce } = await announced();
    await db.transaction().execute(async (tx) => {
      await sql`select from webhook_endpoints where id = ${hook.id}::uuid for no key update`.execute(tx);
      await announce();
    });
    expect(await deliveriesOf(db, hook.id)).toHaveLength(2);
  });

  async function untilOpen(n: number): Promise<void> {
    while (receiver.open < n) await new Promise((resolve) => setTimeout(resolve, 5));
  }
});

describe('the log', () => {
  test('is read in pages, newest first, each delivery once, also of one moment; by state', async () => {
    const { hook, ids } = await announced(25);
    await attempt(ids[3]!);
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await log.list(db, hook.id, { limit: 10, ...(after && { after }) });
      seen.push(...page.deliveries.map((d) => d.id));
      after = page.next ?? undefined;
    } while (after);
    expect([...seen].sort()).toEqual([...ids].sort());
    expect((await log.list(db, hook.id, { limit: 10, state: 'delivered' })).deliveries).toMatchObject([
      { id: ids[3], state: 'delivered', next_try_at: null, tries: [{ status: 204 }] },
    ]);
    expect((await log.list(db, hook.id, { limit: 100, state: 'waiting' })).deliveries).toHaveLength(24);
    for (const cursor of ['x', '2026-99-99T00:00:00.000000Z_x', `2026-99-99T00:00:00.000000Z_${ids[0]}`])
      await expect(log.list(db, hook.id, { limit: 10, after: cursor })).rejects.toMatchObject({ code: 'not_found' });
    await expect(log.find(db, hook.id, 'x')).rejects.toMatchObject({ code: 'not_found' });
  });

  test('a delivery replayed by hand goes out again under the same id; of another endpoint there is none', async () => {
    const { account, hook, id } = await announced();
    await attempt(id);
    await deliveries.handedOn(db, [id]);
    expect(await endpoints.replayDeliveries(db, account, hook.id, { id })).toBe(1);
    await attempt(id);
    expect([...receiver.counts().values()]).toEqual([2]);
    expect(await log.find(db, hook.id, id)).toMatchObject({ state: 'delivered', tries: [{ status: 204 }, { status: 204 }] });
    const other = await announced();
    await expect(endpoints.replayDeliveries(db, other.account, other.hook.id, { id })).rejects.toMatchObject({ code: 'not_found' });
  });

  test('more than 10,000 at once are refused, and none of them is replayed', async () => {
    const { account, hook, announce } = await announced();
    await announce(10_001);
    await sql`update webhook_deliveries set delivered_at = now(), hand_at = null where endpoint_id = ${hook.id}::uuid`.execute(db);
    const range = { from: new Date(0), until: new Date(Date.now() + HOUR), state: undefined };
    await expect(endpoints.replayDeliveries(db, account, hook.id, range)).rejects.toMatchObject({ code: 'limit_exceeded' });
    expect((await log.list(db, hook.id, { limit: 1, state: 'waiting' })).deliveries).toEqual([]);
    await endpoints.remove(db, account, hook.id);
  });

  test('what has ended is pruned after thirty days, what waits is not', async () => {
    const { hook, ids } = await announced(2);
    await attempt(ids[0]!);
    await sql`update webhook_deliveries set created_at = now() - interval '31 days' where endpoint_id = ${hook.id}::uuid`.execute(db);
    await deliveries.prune(db);
    expect((await deliveriesOf(db, hook.id)).map((d) => d.id)).toEqual([ids[1]]);
  });
});

describe('the net', () => {
  const found = async (hook: string) => {
    for await (const outcome of verify({ db }, { only: ['deliveries/webhooks'], grace: 60 }))
      return outcome.findings.filter((f) => f.about.includes(hook)).map((f) => f.subject);
    return [];
  };
  const late = (hook: string) =>
    sql`update webhook_deliveries set next_try_at = now() - interval '2 minutes', created_at = now() - interval '3 minutes' where endpoint_id = ${hook}::uuid`.execute(
      db,
    );

  test('finds a delivery that is due and nobody sees to, and the sweep hands it on again, once', async () => {
    const { hook, id } = await announced();
    await deliveries.take(db, 1000);
    await deliveries.handedOn(db, [id]);
    await sql`update webhook_deliveries set handed_at = now() - interval '1 hour' where id = ${id}::uuid`.execute(db);
    expect(await found(hook.id)).toEqual([]);
    await late(hook.id);
    expect(await found(hook.id)).toEqual([id]);
    expect(await deliveries.sweep(db)).toBe(1);
    expect(await found(hook.id)).toEqual([]);
    const [handed] = (await deliveries.take(db, 1000)).filter((d) => d.id === id);
    expect(handed).toMatchObject({ again: true });
    await deliveries.handedOn(db, [id]);
    expect(await deliveries.sweep(db)).toBe(0);
    await attempt(id);
    expect(await found(hook.id)).toEqual([]);
  });

  test('finds one that no relay takes; not one that its paused endpoint holds back, which the sweep leaves alone too', async () => {
    const { account, hook, id } = await announced();
    await sql`update webhook_deliveries set hand_at = now() - interval '2 minutes' where id = ${id}::uuid`.execute(db);
    await late(hook.id);
    expect(await found(hook.id)).toEqual([id]);
    await endpoints.pause(db, account, hook.id);
    await deliveries.take(db, 1000);
    await deliveries.handedOn(db, [id]);
    await sql`update webhook_deliveries set handed_at = now() - interval '1 hour' where id = ${id}::uuid`.execute(db);
    expect([await found(hook.id), await deliveries.sweep(db)]).toEqual([[], 0]);
  });

  test('leaves those alone that wait in line behind others of their endpoint', async () => {
    const { hook } = await announced(20);
    await sql`update webhook_deliveries set hand_at = now() - interval '2 minutes' where endpoint_id = ${hook.id}::uuid`.execute(db);
    expect(await found(hook.id)).toHaveLength(20);
    await deliveries.take(db, 1000);
    expect(await found(hook.id)).toEqual([]);
  });

  test('one that was announced while its endpoint was being resumed is handed on by the sweep within seconds', async () => {
    const { account, hook } = await announced(0);
    await endpoints.pause(db, account, hook.id);
    await sql`insert into webhook_deliveries (endpoint_id, announcement_id, event, payload, next_try_at)
      values (${hook.id}::uuid, gen_random_uuid(), 'registration.created', '{}', now() - interval '3 seconds')`.execute(db);
    await sql`update webhook_endpoints set paused_at = null where id = ${hook.id}::uuid`.execute(db);
    expect(await deliveries.sweep(db)).toBe(1);
  });
});

test('a receiver that is not there, or hangs up in the middle, is a failed try', async () => {
  const { id, ids } = await announced(2);
  receiver.answer = (_, __, request) => void request.socket.destroy();
  expect(await attempt(id)).toMatchObject({ state: 'waiting', error: 'ECONNRESET' });
  receiver.close();
  expect(await attempt(ids[1]!)).toMatchObject({ state: 'waiting', error: 'ECONNREFUSED' });
  receiver = await openReceiver();
});
