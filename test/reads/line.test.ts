// A free place that somebody waits for is held: for screens, seat maps, details and lists alike, until nobody waits for it any more.
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createDetails } from '../../gateway/reads/details.ts';
import { createFeed, type Feed, type News } from '../../gateway/reads/feed.ts';
import { createListing } from '../../gateway/reads/listing.ts';
import { missedSince } from '../../gateway/reads/missed.ts';
import { block, unblock } from '../../services/accounts/blocks.ts';
import * as eventList from '../../services/events/eventList.ts';
import * as events from '../../services/events/events.ts';
import * as ticketList from '../../services/events/ticketList.ts';
import { changedSince } from '../../services/inventory/placeChanges.ts';
import { cancel } from '../../services/orders/cancel.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import * as orders from '../../services/orders/orders.ts';
import * as waitlist from '../../services/waitlist/waitlist.ts';
import { serve } from '../../services/waitlist/waitlistOffers.ts';
import { as, wish } from '../support/claims.ts';
import { until } from '../support/client.ts';
import { freshDatabase } from '../support/database.ts';
import { person, show } from '../support/made.ts';
import { OFFER_TERMS } from '../support/offerTerms.ts';

let base: Awaited<ReturnType<typeof freshDatabase>>;
const feeds: Feed[] = [];
const complaints: unknown[] = [];
beforeAll(async () => {
  base = await freshDatabase();
});
afterAll(async () => {
  await Promise.all(feeds.map((f) => f.stop()));
  await base?.close();
});

function feedOf(pollMs = 20): Feed {
  const log = { warn: (...a: unknown[]) => complaints.push(a), error: (...a: unknown[]) => complaints.push(a) };
  const feed = createFeed({ db: base.db, log: log as never }, { pollMs, verifyMs: 100 });
  feeds.push(feed);
  return feed;
}

const section = (name: string, seats: number) => ({ name, rows: ['1'], seatsPerRow: seats, priceMinor: 1000 });

/** Two tiers that are all held: A by one order of two places, B by another of one. A screen follows, from the start. */
async function heldShow({ pollMs = 20 } = {}) {
  const event = await show(base.db, { sections: [section('A', 2), section('B', 1)] });
  const holder = await person(base.db);
  const { rows } = await sql<{ id: string; name: string }>`select p.id, o.name from places p join offers o on o.id = p.offer_id
    where p.event_id = ${event.id}::uuid`.execute(base.db);
  const seats = (tier: string) => rows.filter((row) => row.name === tier).map((row) => row.id);
  const ordered = {
    A: await claim(base.db, wish(holder.id, event.id, { places: seats('A') })),
    B: await claim(base.db, wish(holder.id, event.id, { places: seats('B') })),
  };

  const feed = feedOf(pollMs);
  await feed.catchUp();
  const board = await feed.board({ id: event.id, currency: 'USD' });
  const told: string[] = [];
  const stop = feed.listen(event.id, ({ changes, replaced }: News) => {
    if (replaced) told.push('replaced');
    for (const { id, status, available } of changes) told.push(`${seats('A').includes(id) ? 'A' : 'B'} ${status} ${available}`);
  });

  const join = async (tier?: string, quantity = 1) => {
    const { id } = await person(base.db);
    const notify = { email: false, sms: false };
    const { entry } = await waitlist.join(base.db, {
      accountId: id,
      eventId: event.id,
      quantity,
      tier,
      notify,
      maxPlaces: 5,
      smsAvailable: false,
    });
    return { account: id, entry: entry.id, order: entry.order_id };
  };
  /** The hold's time is over, and no worker has noticed: the clock alone says so. */
  const lapse = (orderId: string) =>
    sql`with o as (update orders set expires_at = now() + interval '0.1 second' where id = ${orderId}::uuid),
      p as (update places set held_until = now() + interval '0.1 second' where order_id = ${orderId}::uuid returning *)
      insert into place_changes (event_id, place_ids, state, held_until) select event_id, array_agg(id), 'held', max(held_until) from p group by event_id`
      .execute(base.db)
      .then(() => sql`select pg_sleep(0.2)`.execute(base.db));

  /** The order of B's place is cancelled. */
  const giveBack = () => cancel(base.db, ordered.B.id, as(holder.id), { reason: 'test' });

  /** What is available of A and B as every reader counts it, on its own; each must say the same. */
  const available = async (): Promise<[number, number]> => {
    await feed.catchUp();
    const ofBoard = ['A', 'B'].map((tier) => board.offers.find((o) => o.tier === tier)!.available) as [number, number];
    const sum = ofBoard[0] + ofBoard[1];
    const fresh = feedOf(); // has no board, and counts
    await fresh.catchUp();
    const read = async (by: Feed) => {
      const filter = { venueId: event.venueId, page: 1, perPage: 10 };
      const shown = await createDetails({ feed: by, db: base.db }).find(event.id, (found) => found.show());
      const listed = await createListing({ feed: by, db: base.db }).page(filter);
      return { total: shown.event.available, tiers: shown.tiers.map((t) => t.available), listed: listed.rows.map((r) => r.available) };
    };
    const same = { total: sum, tiers: ofBoard, listed: [sum] };
    expect(await read(feed)).toEqual(same);
    expect(await read(fresh)).toEqual(same);
    expect((await fresh.board({ id: event.id, currency: 'USD' })).etag).toBe(board.etag);
    expect((await events.find(base.db, event.id))!.available).toBe(sum);
    const { total } = await eventList.list(base.db, { venueId: event.venueId, available: true, page: 1, perPage: 1 });
    expect(total).toBe(sum > 0 ? 1 : 0);
    const types = await ticketList.types(base.db, undefined, { event: event.id }, { page: 1, perPage: 2 });
    expect(Object.fromEntries(types.rows.map((type) => [type.name, type.left]))).toEqual({ A: ofBoard[0], B: ofBoard[1] });
    expect(board.available).toBe(sum);
    return ofBoard;
  };
  return { event, ordered, giveBack, feed, board, told, stop, join, lapse, available };
}

test('by the clock: a hold that ends is no news while somebody waits; the offer ends, the line is empty, and the place is available', async () => {
  const { event, ordered, told, stop, join, lapse, available } = await heldShow();
  const waiter = await join('B');
  await lapse(ordered.B.id);
  expect(await available()).toEqual([0, 0]);
  await orders.expire(base.db, ordered.B.id, new Date()); // a worker writes it down
  expect(await available()).toEqual([0, 0]);

  expect(await serve(base.db, event.id, OFFER_TERMS)).toMatchObject({ offered: 1 });
  expect(await available()).toEqual([0, 0]);
  expect(told).toEqual([]);
  await lapse(waiter.order);
  expect(await available()).toEqual([0, 1]);
  expect(told).toEqual(['B available 1']);
  stop();
});

test('by release: what is given back while somebody waits goes from hand to hand as held, and is available once all have left', async () => {
  const { event, giveBack, told, stop, join, available } = await heldShow();
  const [first, second] = [await join('B'), await join('B')];
  await giveBack();
  expect(await available()).toEqual([0, 0]);
  expect(await serve(base.db, event.id, OFFER_TERMS)).toMatchObject({ offered: 1 });
  await waitlist.leave(base.db, first.entry, first.account); // declines
  expect(await available()).toEqual([0, 0]);
  await waitlist.leave(base.db, second.entry, second.account); // had no offer yet
  expect(await available()).toEqual([0, 1]);
  expect(told).toEqual(['B available 1']);
  stop();
});

test('by a block: what is free is held for nobody who may not have it, and for him again once that is over', async () => {
  const { giveBack, told, stop, join, available } = await heldShow();
  const [waiter, admin] = [await join('B'), await person(base.db, 'admin')];
  const { number } = await base.db.selectFrom('accounts').select('number').where('id', '=', waiter.account).executeTakeFirstOrThrow();
  const by = { accountId: admin.id, admin: true };
  await giveBack();
  expect(await available()).toEqual([0, 0]);
  await block(base.db, by, { number });
  expect(await available()).toEqual([0, 1]);
  await unblock(base.db, by, number);
  expect(await available()).toEqual([0, 0]);
  expect(told).toEqual(['B available 1', 'B held 0']);
  stop();
});

test('freed, offered to the last in line, and read in one look: never available', async () => {
  const { event, giveBack, feed, told, stop, join, available } = await heldShow({ pollMs: 60_000 });
  await join('B');
  await feed.catchUp();
  await giveBack();
  expect(await serve(base.db, event.id, OFFER_TERMS)).toMatchObject({ offered: 1 });
  expect(await available()).toEqual([0, 0]);
  expect(told).toEqual([]);
  stop();
});

test('the first who joins holds what is free and too little; who waits for any tier holds those of all', async () => {
  const { event, ordered, board, told, stop, join, lapse, available } = await heldShow();
  await lapse(ordered.B.id);
  await lapse(ordered.A.id);
  expect(await available()).toEqual([2, 1]);
  await claim(base.db, wish((await person(base.db)).id, event.id, { offers: [{ offerId: board.offers[0]!.id, quantity: 1 }] }));
  expect(await available()).toEqual([1, 1]);
  told.length = 0;

  const both = await join('A', 2); // one is free
  expect(await available()).toEqual([0, 1]);
  const three = await join(undefined, 3).catch((err) => err.code);
  expect(three).toBe('limit_exceeded'); // no tier sells three
  const any = await join(undefined, 2);
  expect(await available()).toEqual([0, 0]);
  expect(told).toEqual(['A held 1', 'B held 0']);
  await expect(claim(base.db, wish(any.account, event.id, { offers: [{ offerId: board.offers[1]!.id, quantity: 1 }] }))).rejects.toThrow();
  await waitlist.leave(base.db, any.entry, any.account);
  expect(await available()).toEqual([0, 1]);
  await waitlist.leave(base.db, both.entry, both.account);
  expect(await available()).toEqual([1, 1]);
  expect(told.slice(2)).toEqual(['B available 1', 'A available 2']);
  stop();
});

test('a client that was away while the line began or ended gets the places it held, or a snapshot from a gateway that cannot tell', async () => {
  const { event, ordered, feed, board, stop, join, lapse, available } = await heldShow();
  const waiter = await join('B');
  await lapse(ordered.B.id);
  await orders.expire(base.db, ordered.B.id, new Date());
  const after = await until(
    'a number past every change',
    async () => {
      await feed.catchUp();
      const { rows } = await sql<{ top: number }>`select max(xid::text::bigint) as top from place_changes`.execute(base.db);
      return { watermark: feed.watermark(), top: rows[0]!.top };
    },
    ({ watermark, top }) => watermark > top,
  );
  expect(await changedSince(base.db, event.id, after.watermark)).toEqual([]);
  await waitlist.leave(base.db, waiter.entry, waiter.account);
  expect(await available()).toEqual([0, 1]);

  const missed = await missedSince({ feed, db: base.db }, board, after.watermark);
  expect([...missed!].map((place) => `${board.rowAt(place).offer.tier} ${board.status(place)}`)).toEqual(['B available']);
  const late = feedOf();
  await late.catchUp();
  const lateBoard = await late.board({ id: event.id, currency: 'USD' });
  expect(lateBoard.changedSince(after.watermark)).toBeUndefined();
  expect(await missedSince({ feed: late, db: base.db }, lateBoard, after.watermark)).toBeUndefined();
  stop();
});

test('every way into and out of the line is told: written, wished otherwise, deleted', async () => {
  const { event, ordered, feed, board, stop, join, lapse, available } = await heldShow();
  await lapse(ordered.A.id);
  await lapse(ordered.B.id);
  await claim(base.db, wish((await person(base.db)).id, event.id, { offers: [{ offerId: board.offers[0]!.id, quantity: 1 }] }));
  const { entry } = await join('A', 2);
  expect(await available()).toEqual([0, 1]);
  await sql`update waitlist_entries set offer_id = null where id = ${entry}::uuid`.execute(base.db);
  expect(await available()).toEqual([0, 0]);
  const { etag } = board;
  await sql`update waitlist_entries set notify_sms = true where id = ${entry}::uuid`.execute(base.db);
  expect(await available()).toEqual([0, 0]);
  expect(board.etag).toBe(etag);
  await sql`delete from waitlist_entries where id = ${entry}::uuid`.execute(base.db);
  expect(await available()).toEqual([1, 1]);
  await feed.catchUp();
  stop();
  expect(complaints).toEqual([]);
});

test('what came and went between two looks of one gateway is told to whoever comes from another that saw the half of it', async () => {
  const event = await show(base.db, { sections: [section('A', 3)] });
  const at = { id: event.id, currency: 'USD' };
  const [slow, quick] = [feedOf(60_000), feedOf(60_000)];
  const boards = [];
  for (const feed of [slow, quick]) {
    await feed.catchUp();
    boards.push(await feed.board(at));
  }
  const { id } = await person(base.db);
  const entry = await sql<{ id: string }>`with o as (
      insert into orders (event_id, account_id, status, total_minor, currency) values (${event.id}::uuid, ${id}::uuid, 'waiting', 0, 'USD') returning id)
    insert into waitlist_entries (event_id, account_id, order_id) select ${event.id}::uuid, ${id}::uuid, id from o returning id`.execute(
    base.db,
  );
  await quick.catchUp();
  expect([boards[0]!.available, boards[1]!.available]).toEqual([3, 0]);
  const seen = quick.watermark();

  await sql`update waitlist_entries set in_line = false where id = ${entry.rows[0]!.id}::uuid`.execute(base.db);
  await slow.catchUp();
  expect(boards[0]!.available).toBe(3);
  const missed = await missedSince({ feed: slow, db: base.db }, boards[0]!, seen);
  expect([...missed!].sort()).toEqual([0, 1, 2]);
});
