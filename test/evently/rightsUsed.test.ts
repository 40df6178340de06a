// A right is asked for again when it is used: holds that nobody could shorten, events cancelled under a hold, presses under way.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serve } from '../../services/events/eventNotices.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import { readFacts } from '../../services/orders/facts.ts';
import { settle } from '../../services/orders/settlement.ts';
import { shortenHolds } from '../../services/orders/shorten.ts';
import * as texts from '../../services/outbox/texts.ts';
import * as attempts from '../../services/payments/attempts.ts';
import * as payments from '../../services/payments/payments.ts';
import { stripeProvider } from '../../services/payments/stripe.ts';
import { startStripeStandin } from '../../standins/stripe/standin.ts';
import { wish } from '../support/claims.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { capture, person, show } from '../support/made.ts';
import { book } from '../support/sold.ts';

const SECRET = 'whsec_test';
let standin: Awaited<ReturnType<typeof startStripeStandin>>;
let world: World;
let buyer: { id: string; token: string };
let organizer: { id: string; token: string };
beforeAll(async () => {
  standin = await startStripeStandin({ port: 0, webhookUrl: 'http://127.0.0.1:9/', webhookSecret: SECRET });
  const providers = { stripe: stripeProvider({ secretKey: 'sk_test_x', webhookSecret: SECRET, standinUrl: standin.url, timeoutMs: 5000 }) };
  world = await startWorld({ overrides: { providers, pay: (press) => pay(press) } });
  buyer = await person(world.db);
  organizer = await person(world.db, 'organizer');
});
afterAll(async () => {
  await world?.stop();
  await standin?.close();
});

const settled = (id: string) => settle(world.db, id, world.gateway.ticketKeys);

/** What the workflow does with a press, without the engine: the receipt, the charge, the settling. */
async function pay(press: Parameters<World['gateway']['pay']>[0]) {
  const attempt = randomUUID();
  if (!(await attempts.receive(world.db, { ...press, id: attempt }))) return { outcome: 'refused' } as const;
  await payments.charge(world.db, world.gateway.providers, { orderId: press.orderId, attempt });
  await settled(press.orderId);
  return { outcome: 'unknown' } as const;
}

async function event(seats = 2) {
  const made = await show(world.db, { seats, startsInMs: 3 * 3_600_000 });
  await sql`update events set organizer_id = ${organizer.id}::uuid where id = ${made.id}::uuid`.execute(world.db);
  return made;
}
const put = async (id: string, body: object) => {
  const answer = await world.call('PUT', `/api/v1/admin/events/${id}`, { token: organizer.token, body });
  if (answer.status !== 200) throw new Error(answer.text);
};
const begins = (id: string) => sql`update events set starts_at = now() - interval '1 second' where id = ${id}::uuid`.execute(world.db);
const order = (id: string) => world.db.selectFrom('orders').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const start = async (id: string) =>
  (await world.db.selectFrom('events').select('starts_at').where('id', '=', id).executeTakeFirstOrThrow()).starts_at;
const asked = (id: string) => world.db.selectFrom('payments').select('id').where('order_id', '=', id).execute();
const confirm = (id: string) =>
  world.call('POST', `/api/v1/bookings/${id}/confirm`, { token: buyer.token, body: { payment_details: { token: 'tok_visa' } } });
const open = (id: string) => world.call('POST', `/api/v1/payments/initiate/${id}`, { token: buyer.token });
const said = (answer: Awaited<ReturnType<typeof open>>) => [answer.status, answer.body.error?.code];

/** A hold whose claim read the old start, and was written after the event had been moved to two minutes ahead. */
async function unseen() {
  const made = await event();
  const id = await world.db.transaction().execute(async (tx) => {
    const held = await claim(tx, wish(buyer.id, made.id, { places: [made.seats[0]!] }));
    await put(made.id, { start_time: new Date(Math.ceil(Date.now() / 1000 + 120) * 1000).toISOString() });
    return held.id;
  });
  expect((await order(id)).expires_at!.getTime()).toBeGreaterThan((await start(made.id)).getTime());
  return { id, event: made };
}

describe('a hold that was claimed while its event was moved', () => {
  it('is no longer than the sale all the same: 410 after the start, no payment is opened, none is made', async () => {
    const { id, event: made } = await unseen();
    expect((await readFacts(world.db, id)).expiresAt).toBe((await start(made.id)).toISOString());
    await begins(made.id);
    expect(said(await open(id))).toEqual([410, 'BOOKING_EXPIRED']);
    expect(said(await confirm(id))).toEqual([410, 'BOOKING_EXPIRED']);
    expect(await asked(id)).toEqual([]);
    const into = claim(world.db, { ...wish(buyer.id, made.id, { places: [made.seats[1]!] }), into: id });
    await expect(into).rejects.toMatchObject({ code: 'order_expired' });
  });

  it('can be paid until then', async () => {
    const { id } = await unseen();
    expect((await confirm(id)).status).toBe(200);
  });

  it('buys nothing with money captured after the start, on a page that was opened before', async () => {
    const { id, event: made } = await unseen();
    await sql`update events set starts_at = now() - interval '5 minutes' where id = ${made.id}::uuid`.execute(world.db);
    await capture(world.db, id);
    expect(await settled(id)).toBe('refund-due');
  });

  it('is shortened by the round that tells of the move, and its buyer hears of it', async () => {
    const { id, event: made } = await unseen();
    await serve(world.db, made.id);
    await serve(world.db, made.id);
    expect((await order(id)).expires_at).toEqual(await start(made.id));
    const mails = await world.db.selectFrom('mails').select('kind').where('order_id', '=', id).execute();
    expect(mails.map((mail) => mail.kind)).toEqual(['hold-shortened']);
  });
});

describe('a hold whose event is cancelled, before the notice has reached it', () => {
  it('409 for paying and for opening the payment: nothing is charged to be sent back', async () => {
    const made = await event();
    const held = await book(world, buyer.token, made.id, [made.seats[0]!]);
    await put(made.id, { status: 'cancelled' });
    expect((await order(held)).status).toBe('pending');
    expect((await open(held)).status).toBe(409);
    expect((await confirm(held)).status).toBe(409);
    expect(await asked(held)).toEqual([]);
  });

  it('nor is a press charged that came before and is begun after', async () => {
    const made = await event();
    const held = await book(world, buyer.token, made.id, [made.seats[0]!]);
    const attempt = randomUUID();
    await attempts.receive(world.db, { id: attempt, orderId: held, accountId: buyer.id, method: 'tok_visa', waitedMs: 0 });
    await put(made.id, { status: 'cancelled' });
    const outcome = await payments.charge(world.db, world.gateway.providers, { orderId: held, attempt });
    expect([outcome, await asked(held)]).toEqual([{ outcome: 'not-payable' }, []]);
  });
});

describe('moving the start', () => {
  it.each([
    ['a press that is being decided is decided as of its moment, however long its hold still was', true, 'succeeded', 'confirmed'],
    ['without a press the hold is over', false, 'expired', 'unchanged'],
  ])('%s', async (_name, before, outcome, became) => {
    const made = await event();
    const held = await book(world, buyer.token, made.id, [made.seats[0]!]);
    const attempt = randomUUID();
    const press = () => attempts.receive(world.db, { id: attempt, orderId: held, accountId: buyer.id, method: 'tok_visa', waitedMs: 0 });
    if (before) await press();
    await begins(made.id);
    await world.db.transaction().execute((tx) => shortenHolds(tx, made.id));
    if (!before) expect(await press()).toBeUndefined();
    expect(await payments.charge(world.db, world.gateway.providers, { orderId: held, attempt })).toEqual({ outcome });
    expect(await settled(held)).toBe(became);
  });

  it('shortens more holds than one statement takes, and tells each buyer once, however often it is repeated', async () => {
    const made = await event(502);
    for (const seat of made.seats) await claim(world.db, wish(buyer.id, made.id, { places: [seat] }, { holdSeconds: 600 }));
    await sql`update events set starts_at = now() + interval '1 minute' where id = ${made.id}::uuid`.execute(world.db);
    const shorten = () => world.db.transaction().execute((tx) => shortenHolds(tx, made.id));
    expect([await shorten(), await shorten()]).toEqual([502, 0]);
    const { rows } = await sql<{
      mails: number;
      ends: number;
    }>`select count(distinct m.order_id)::int as mails, count(distinct o.expires_at)::int as ends
      from orders o join mails m on m.order_id = o.id and m.kind = 'hold-shortened' where o.event_id = ${made.id}::uuid`.execute(world.db);
    expect(rows).toEqual([{ mails: 502, ends: 1 }]);
  });

  it('is told by text to whoever was offered the place by text, with the new time', async () => {
    const made = await event();
    const offered = await book(world, buyer.token, made.id, [made.seats[0]!]);
    await sql`update accounts set phone = '+4520123456' where id = ${buyer.id}::uuid`.execute(world.db);
    await world.db.transaction().execute((tx) => texts.enqueue(tx, 'waitlist-offer', offered, 'A place is held for you.'));
    await sql`update events set starts_at = '2030-05-04T18:30:00Z', ends_at = '2030-05-04T22:00:00Z' where id = ${made.id}::uuid`.execute(
      world.db,
    );
    await sql`update orders set expires_at = '2030-05-04T19:00:00Z' where id = ${offered}::uuid`.execute(world.db);
    await world.db.transaction().execute((tx) => shortenHolds(tx, made.id));
    const sent = await world.db.selectFrom('texts').select(['kind', 'recipient', 'body']).where('order_id', '=', offered).execute();
    expect(sent.filter((text) => text.kind === 'hold-shortened')).toEqual([
      { kind: 'hold-shortened', recipient: '+4520123456', body: expect.stringContaining('4 May 2030, 18:30') },
    ]);
  });
});
