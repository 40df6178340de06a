// An order that waits is the one that is placed later (G20); before that it is nobody's booking, and it ends without a word.
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';
import * as changes from '../../services/events/eventChanges.ts';
import * as notices from '../../services/events/eventNotices.ts';
import { cancel } from '../../services/orders/cancel.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import * as orders from '../../services/orders/orders.ts';
import { buyerStats } from '../../services/reports/analytics.ts';
import * as waitlist from '../../services/waitlist/waitlist.ts';
import { estimates } from '../../services/waitlist/waitlistEstimate.ts';
import { serve } from '../../services/waitlist/waitlistOffers.ts';
import { as, wish } from '../support/claims.ts';
import { freshDatabase } from '../support/database.ts';
import { person, show } from '../support/made.ts';
import { OFFER_TERMS } from '../support/offerTerms.ts';

let db: Kysely<DB>;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await freshDatabase());
});
afterAll(() => close?.());

/** An event whose only seat `holder` has, and the entry of `me`, who waits for it. */
async function scene() {
  const [event, holder, me] = [await show(db, { seats: 1 }), await person(db), await person(db)];
  const held = await claim(db, wish(holder.id, event.id, { places: event.seats }));
  const notify = { email: true, sms: false };
  const want = { accountId: me.id, eventId: event.id, quantity: 1, notify, maxPlaces: 5, smsAvailable: false };
  const { entry } = await waitlist.join(db, want);
  return { event, me, entry, letGo: () => cancel(db, held.id, as(holder.id), { reason: 'test' }) };
}

const row = (id: string) => db.selectFrom('orders').selectAll().where('id', '=', id).executeTakeFirstOrThrow();
const announced = async (id: string) =>
  (await db.selectFrom('outbox').select('topic').where('subject_id', '=', id).orderBy('topic').execute()).map((r) => r.topic);
const mailsOf = async (id: string) => (await db.selectFrom('mails').select('kind').where('order_id', '=', id).execute()).map((r) => r.kind);
const code = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (error) => error.code,
  );

test('the order is the same before and after the promotion', async () => {
  const { event, me, entry, letGo } = await scene();
  const before = await row(entry.order_id);
  expect(before).toMatchObject({ status: 'waiting', total_minor: 0, expires_at: null });
  expect(await announced(before.id)).toEqual([]);

  await letGo();
  expect((await serve(db, event.id, OFFER_TERMS)).offered).toBe(1);
  const after = await waitlist.findOwn(db, entry.id, me.id);
  expect([after.status, after.order_id]).toEqual(['offered', before.id]);
  const order = (await orders.find(db, before.id))!;
  expect([order.status, order.number, order.total_minor, order.places.map((p) => p.id)]).toEqual([
    'pending',
    before.number,
    5_000,
    event.seats,
  ]);
  expect(order.created_at > before.created_at).toBe(true); // as every booking: when it was placed
  expect(order.expires_at).toEqual(after.offer_expires_at);
  expect(await announced(order.id)).toEqual(['order.changed', 'order.created']);
  expect((await orders.list(db, me.id, { page: 1, perPage: 9 })).rows.map((o) => o.id)).toEqual([order.id]);
});

test('while it waits it is no booking: not found, not listed, not counted, not cancelled as one', async () => {
  const { me, entry } = await scene();
  expect(await orders.find(db, entry.order_id)).toBeUndefined();
  expect(await code(orders.findFor(db, entry.order_id, as(me.id)))).toBe('order_not_found');
  expect(await code(cancel(db, entry.order_id, as(me.id), { reason: 'test' }))).toBe('order_not_found');
  expect(await orders.list(db, me.id, { page: 1, perPage: 9 })).toEqual({ rows: [], total: 0 });
  expect(await buyerStats(db, me.id)).toEqual({ bookings: 0, upcoming: 0, spent: [] });
});

test('only an offer of the waitlist is a claim into it, and only of its own account', async () => {
  const { event, me, entry, letGo } = await scene();
  await letGo();
  const into = (who: string, forWaiter: boolean) =>
    code(claim(db, { ...wish(who, event.id, { places: event.seats }, { forWaiter }), into: entry.order_id }));
  expect(await into(me.id, false)).toBe('order_not_payable');
  expect(await into((await person(db)).id, true)).toBe('forbidden');
  expect((await row(entry.order_id)).status).toBe('waiting');
});

test('left, it is cancelled without a letter, and no offer comes', async () => {
  const { event, me, entry, letGo } = await scene();
  await waitlist.leave(db, entry.id, me.id);
  await letGo();
  expect((await serve(db, event.id, OFFER_TERMS)).offered).toBe(0);
  expect(await row(entry.order_id)).toMatchObject({ status: 'cancelled', expires_at: null, end_reason: 'left the waitlist' });
  expect([await announced(entry.order_id), await mailsOf(entry.order_id)]).toEqual([[], []]);
  expect((await orders.list(db, me.id, { status: 'cancelled', page: 1, perPage: 9 })).total).toBe(0);
});

test('of an event that is cancelled it expires: who waits holds nothing, and is told by the waitlist alone', async () => {
  const { event, me, entry } = await scene();
  const admin = { accountId: (await person(db, 'admin')).id, admin: true };
  await changes.update(db, { event: event.id, by: admin, providers: {}, changes: { status: 'cancelled', reason: 'ill' } });
  expect((await notices.progress(db, event.id))!.left).toBe(1);
  await notices.serve(db, event.id);
  expect((await row(entry.order_id)).status).toBe('waiting');
  await serve(db, event.id, OFFER_TERMS);
  expect(await row(entry.order_id)).toMatchObject({ status: 'expired', end_reason: 'the event is cancelled' });
  expect((await waitlist.findOwn(db, entry.id, me.id)).status).toBe('expired');
  expect([await announced(entry.order_id), await mailsOf(entry.order_id)]).toEqual([[], []]);
  const { rows } = await sql`select from mails where kind = 'waitlist-cancelled' and recipient = ${me.email}`.execute(db);
  expect(rows).toHaveLength(1);
});

test('the estimates of many entries are one statement: of their own lines, of similar events, and none for who does not wait', async () => {
  const scenes = [await scene(), await scene(), await scene()];
  const [moving, similar, left] = scenes as [(typeof scenes)[0], (typeof scenes)[0], (typeof scenes)[0]];
  await sql`update events set venue_id = (select venue_id from events where id = ${moving.event.id}::uuid), starts_at = now() + interval '20 days',
    ends_at = now() + interval '21 days' where id = any(${[moving.event.id, similar.event.id]}::uuid[])`.execute(db);
  await sql`with ended as (insert into orders (event_id, account_id, status, total_minor, currency, expires_at, ended_at)
      select ${moving.event.id}::uuid, ${moving.me.id}::uuid, 'expired', 0, 'USD', now(), now() from generate_series(0, 9) returning id, event_id, account_id)
    insert into waitlist_entries (order_id, event_id, account_id, in_line, created_at, offered_at)
    select id, event_id, account_id, false, now() - interval '10 days', now() - (row_number() over () - 1) * interval '1 day' from ended`.execute(
    db,
  );
  await waitlist.leave(db, left.entry.id, left.me.id);
  const entries = await Promise.all(scenes.map(({ entry, me }) => waitlist.findOwn(db, entry.id, me.id)));
  let statements = 0;
  const counted = db.withPlugin({
    transformQuery: ({ node }) => {
      statements++;
      return node;
    },
    transformResult: async ({ result }) => result,
  });
  const said = await estimates(counted, entries);
  expect(statements).toBe(1);
  expect(entries.map((entry) => said.get(entry.id))).toEqual([
    expect.stringMatching(/^19-3[01] hours$/), // ten in ten days
    expect.stringMatching(/^19-3[01] hours$/),
    null,
  ]);
});
