// The stream of changes and the boards made from it, on a real Postgres: commits out of order, long transactions, rebuilt houses, drift.
import { gunzipSync } from 'node:zlib';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEventPages } from '../../gateway/evently/eventPages.ts';
import { createSeatMaps } from '../../gateway/evently/seatMap.ts';
import { takesGzip } from '../../gateway/http/answers/conditional.ts';
import { gzip, piece } from '../../gateway/http/answers/gzip.ts';
import { createCache } from '../../gateway/http/answers/lru.ts';
import { createRooms } from '../../gateway/live/rooms.ts';
import { createDetails } from '../../gateway/reads/details.ts';
import { createFeed, type Feed, type FeedOptions, type News } from '../../gateway/reads/feed.ts';
import { batched, gate } from '../../gateway/reads/gate.ts';
import { createListing } from '../../gateway/reads/listing.ts';
import { missedSince } from '../../gateway/reads/missed.ts';
import { changedSince, parseSnapshot, prune, readChanges, sees } from '../../services/inventory/placeChanges.ts';
import { replan } from '../../services/inventory/seatPlans.ts';
import { until } from '../support/client.ts';
import { freshDatabase } from '../support/database.ts';
import { blank, framesOf, take } from '../support/live.ts';
import { person, show } from '../support/made.ts';
import { signal } from '../support/signal.ts';

let base: Awaited<ReturnType<typeof freshDatabase>>;
const feeds: Feed[] = [];
const warnings: unknown[] = [];
beforeAll(async () => {
  base = await freshDatabase();
});
afterAll(async () => {
  await Promise.all(feeds.map((f) => f.stop()));
  await base?.close();
});

function feedOf(options?: FeedOptions): Feed {
  const log = { warn: (...a: unknown[]) => warnings.push(a), error: (...a: unknown[]) => warnings.push(a) };
  const feed = createFeed({ db: base.db, log: log as never }, options);
  feeds.push(feed);
  return feed;
}

/** The number to resume from once it is past every change: what else the server does (autovacuum, other tests' transactions) may hold it back. */
async function numberOf(feed: Feed): Promise<number> {
  const [number] = await until(
    'a number past every change',
    async () => {
      await feed.catchUp();
      const { rows } = await sql<{ top: number }>`select coalesce(max(xid::text::bigint), 0) as top from place_changes`.execute(base.db);
      return [feed.watermark(), rows[0]!.top] as const;
    },
    ([watermark, top]) => watermark > top,
  );
  return number;
}

/** Marks a place as its writers do: the row's lock first, then the change. */
const mark = (db: typeof base.db, placeId: string, state: 'free' | 'sold') =>
  sql`with u as (update places set sold_at = null where id = ${placeId}::uuid returning id, event_id)
    insert into place_changes (event_id, place_ids, state) select event_id, array[id], ${state}::place_state from u`.execute(db);

/** Holds a place as a claim does, until `seconds` from now; the past will do. */
async function hold(event: { id: string }, placeId: string, seconds: number): Promise<void> {
  const { id } = await person(base.db);
  const order = await sql<{ id: string }>`insert into orders (event_id, account_id, total_minor, currency)
    values (${event.id}::uuid, ${id}::uuid, 0, 'USD') returning id`.execute(base.db);
  await sql`with held as (update places
      set order_id = ${order.rows[0]!.id}::uuid, held_until = now() + make_interval(secs => ${seconds}::int) where id = ${placeId}::uuid returning *)
    insert into place_changes (event_id, place_ids, state, held_until) select event_id, array[id], 'held', held_until from held`.execute(
    base.db,
  );
}

/** Writes down that a hold is over, as the worker does. */
const release = (placeId: string) =>
  sql`with u as (update places set order_id = null, held_until = null where id = ${placeId}::uuid returning id, event_id)
    insert into place_changes (event_id, place_ids, state) select event_id, array[id], 'free' from u`.execute(base.db);

describe('the stream', () => {
  it('a snapshot sees what was over when it was made', () => {
    const snapshot = parseSnapshot('10:15:10,12');
    expect([9, 10, 11, 12, 14, 15].map((xid) => sees(snapshot, xid))).toEqual([true, false, true, false, true, false]);
    expect(parseSnapshot('7:7:')).toEqual({ xmin: 7, xmax: 7, running: [] });
  });

  it('loses no change that commits after a later one, waits for nobody, and is resumed from before it', async () => {
    const event = await show(base.db, { seats: 4 });
    const feed = feedOf();
    await mark(base.db, event.seats[3]!, 'free'); // older than all that follows: no number is too old
    await numberOf(feed);
    const board = await feed.board({ id: event.id, currency: 'USD' });
    const news: News[] = [];
    const stop = feed.listen(event.id, (n) => void news.push(n));
    const [written, released] = [signal(), signal()];
    // A long transaction takes the lower seq...
    const late = base.db.transaction().execute(async (tx) => {
      await mark(tx, event.seats[0]!, 'sold');
      written.give();
      await released.given;
    });
    await written.given;
    await mark(base.db, event.seats[1]!, 'sold'); // ... and this one is there first
    await feed.catchUp();
    expect([board.available, board.status(1)]).toEqual([3, 'booked']);
    const meanwhile = feed.watermark();
    expect(await changedSince(base.db, event.id, meanwhile)).toEqual([event.seats[1]]); // told again: the other one is still under way
    released.give();
    await late;
    const number = await numberOf(feed);
    expect([board.available, board.status(0)]).toEqual([2, 'booked']);
    expect(new Set(await changedSince(base.db, event.id, meanwhile))).toEqual(new Set(event.seats.slice(0, 2)));
    expect(number).toBeGreaterThan(meanwhile);
    expect(news.flatMap((n) => n.changes.map((c) => c.available))).toEqual([3, 2]);
    stop();
  });

  it('the number to resume from never passes what is under way, even if that began after all that has ended', async () => {
    const event = await show(base.db, { seats: 3 });
    const feed = feedOf();
    await mark(base.db, event.seats[2]!, 'free');
    await numberOf(feed);
    const first = await open(); // takes its number first, writes last and is over first
    const second = await open();
    await mark(second.tx, event.seats[0]!, 'sold');
    await mark(first.tx, event.seats[1]!, 'sold');
    await first.commit();
    await feed.catchUp();
    const number = feed.watermark();
    await second.commit();
    expect(new Set(await changedSince(base.db, event.id, number))).toContain(event.seats[0]);

    async function open() {
      const committed = signal();
      let over!: Promise<void>;
      const tx = await new Promise<typeof base.db>((resolve) => {
        over = base.db.transaction().execute(async (tx) => {
          await sql`select pg_current_xact_id()`.execute(tx);
          resolve(tx);
          await committed.given;
        });
      });
      return {
        tx,
        commit() {
          committed.give();
          return over;
        },
      };
    }
  });

  it('old changes are deleted from below; what they would have told can no longer be resumed from', async () => {
    const event = await show(base.db, { seats: 3 });
    const feed = feedOf();
    const at = () => numberOf(feed);
    const before = await at();
    await mark(base.db, event.seats[0]!, 'sold');
    await mark(base.db, event.seats[1]!, 'sold');
    const between = await at();
    await sql`update place_changes set at = at - interval '11 minutes'`.execute(base.db);
    await mark(base.db, event.seats[2]!, 'sold');
    expect(await prune(base.db)).toBeGreaterThan(0);
    expect(await changedSince(base.db, event.id, between)).toEqual([event.seats[2]]);
    expect(await changedSince(base.db, event.id, before)).toBeUndefined();
    expect(await prune(base.db, 0)).toBeGreaterThan(0);
    expect(await prune(base.db, 0)).toBe(0); // the newest stays, as proof of where things are
    expect(await changedSince(base.db, event.id, await at())).toEqual([]);
  });

  it('rows that a restored dump brought from another server are told to nobody and deleted', async () => {
    const event = await show(base.db, { seats: 1 });
    const { snapshot } = await readChanges(base.db, undefined, []);
    await sql`insert into place_changes (xid, event_id, place_ids, state)
      values ('9000000000', ${event.id}::uuid, array[${event.seats[0]!}]::uuid[], 'sold')`.execute(base.db);
    await mark(base.db, event.seats[0]!, 'free');
    expect((await readChanges(base.db, snapshot, [event.id])).changes).toMatchObject([{ state: 'free' }]);
    await prune(base.db);
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from place_changes where xid >= '9000000000'`.execute(base.db);
    expect(rows[0]!.n).toBe(0);
  });

  it('nothing past a transaction under way is deleted', async () => {
    const event = await show(base.db, { seats: 2 });
    await base.db.transaction().execute(async (tx) => {
      await mark(tx, event.seats[0]!, 'sold');
      await mark(base.db, event.seats[1]!, 'sold');
      await mark(base.db, event.seats[1]!, 'free');
      await prune(base.db, 0);
      const { rows } = await sql<{ n: number }>`select count(*)::int as n from place_changes where xid > pg_current_xact_id()`.execute(tx);
      expect(rows[0]!.n).toBe(2);
    });
  });
});

describe('what was missed', () => {
  /** Does something in the moment after the database has answered and before the answer is heard. */
  const afterTheAnswer = (act: () => Promise<unknown>) => ({
    transformQuery: ({ node }: { node: never }) => node,
    async transformResult({ result }: { result: never }) {
      await act();
      return result;
    },
  });

  /** A reader knew of a hold; the clock ended it, and the number is older than this gateway's board. */
  async function away() {
    const event = await show(base.db, { seats: 3 });
    await hold(event, event.seats[0]!, -1);
    const elsewhere = feedOf();
    const after = await numberOf(elsewhere);
    await hold(event, event.seats[1]!, 3600);
    const feed = feedOf();
    await feed.catchUp();
    const board = await feed.board({ id: event.id, currency: 'USD' });
    expect(board.changedSince(after)).toBeUndefined(); // so the database is asked
    return { event, after, feed, board };
  }

  it('has a hold that ended and was released while the database was asked', async () => {
    const { event, after, feed, board } = await away();
    const db = base.db.withPlugin(
      afterTheAnswer(async () => {
        await release(event.seats[0]!);
        await feed.catchUp();
        expect([...board.lapsedPlaces]).toEqual([]);
      }) as never,
    );
    const missed = await missedSince({ feed, db }, board, after);
    expect([...missed!].map((place) => board.ids[place]).sort()).toEqual(event.seats.slice(0, 2).sort());
  });

  it('is not kept as the answer of a board that went on while the database was asked', async () => {
    const { event, after, feed, board } = await away();
    const maps = createSeatMaps();
    const filter = { status: 'all', since: after } as const;
    const ask = async (missed: () => Promise<Set<number> | undefined>) => {
      const { data } = JSON.parse(String((await maps.since(board, filter, {}, feed.watermark(), missed))!.body));
      return data.sections.flatMap((s: any) => s.rows.flatMap((r: any) => r.seats.map((seat: any) => seat.id))).sort();
    };
    const missed = () => missedSince({ feed, db: base.db }, board, after);
    const first = await ask(async () => {
      const places = await missed();
      await mark(base.db, event.seats[2]!, 'sold');
      await feed.catchUp();
      return places;
    });
    expect(first).toEqual(event.seats.slice(0, 2).sort());
    const all = [...event.seats].sort();
    expect(await ask(missed)).toEqual(all);
    expect(await ask(() => Promise.reject(new Error('asked again although nothing has changed')))).toEqual(all);
  });

  it('newcomers share one snapshot while it sells, and hear what came after it', async () => {
    const event = await show(base.db, { seats: 4 });
    const rooms = createRooms({ feed: feedOf(), db: base.db });
    const join = async () => {
      const told: Buffer[] = [];
      const watcher = { send: (bytes: Buffer) => void told.push(bytes) };
      await rooms.join({ id: event.id, currency: 'USD' }, watcher);
      const screen = blank();
      for (const text of framesOf(Buffer.concat(told))) take(screen, JSON.parse(text));
      return { told, screen, leave: () => rooms.leave(event.id, watcher) };
    };
    const first = await join();
    expect(first.screen).toMatchObject({ available: 4, faults: [] });
    await mark(base.db, event.seats[0]!, 'sold');
    await mark(base.db, event.seats[1]!, 'sold');
    await mark(base.db, event.seats[1]!, 'free');
    await hold(event, event.seats[3]!, 3600);
    const second = await join();
    expect(second.told[0]).toBe(first.told[0]);
    expect(second.screen).toMatchObject({ available: 2, faults: [] });
    expect(second.screen.seq).toBeGreaterThanOrEqual(first.screen.seq);
    expect([...second.screen.seats].sort()).toEqual(
      [
        [event.seats[0], 'booked'],
        [event.seats[3], 'held'],
      ].sort(),
    );
    await release(event.seats[3]!);
    await mark(base.db, event.seats[0]!, 'free');
    const third = await join();
    expect([third.told.length, third.told[0] === first.told[0], third.screen.available]).toEqual([1, true, 4]);
    for (const { leave } of [first, second, third]) leave();
  });

  it('is told to a screen together with what changes while it is found out', async () => {
    const { event, after, feed } = await away();
    const db = base.db.withPlugin(
      afterTheAnswer(async () => {
        await release(event.seats[0]!);
        await mark(base.db, event.seats[2]!, 'sold');
        await feed.catchUp();
      }) as never,
    );
    const told: Buffer[] = [];
    const watcher = { send: (bytes: Buffer) => void told.push(bytes) };
    const rooms = createRooms({ feed, db });
    await rooms.join({ id: event.id, currency: 'USD' }, watcher, after);
    rooms.leave(event.id, watcher);
    const states = [
      ...Buffer.concat(told)
        .toString()
        .matchAll(/"seat_id":"([^"]+)","status":"([a-z]+)"/g),
    ].map(([, id, status]) => [id, status]);
    expect(new Map(states as [string, string][])).toEqual(
      new Map([
        [event.seats[0], 'available'],
        [event.seats[1], 'held'],
        [event.seats[2], 'booked'],
      ]),
    );
  });
});

describe('boards', () => {
  it('two gateways show the same under the same tag; a state that returns has its tag again', async () => {
    const event = await show(base.db, { seats: 3 });
    const [a, b] = await Promise.all(
      [feedOf(), feedOf()].map(async (f) => ({ feed: f, board: await f.board({ id: event.id, currency: 'USD' }) })),
    );
    const free = a!.board.etag;
    await mark(base.db, event.seats[2]!, 'sold');
    await Promise.all([a!.feed.catchUp(), b!.feed.catchUp()]);
    expect(a!.board.etag).not.toBe(free);
    expect(b!.board.etag).toBe(a!.board.etag);
    await mark(base.db, event.seats[2]!, 'free');
    await a!.feed.catchUp();
    expect(a!.board.etag).toBe(free);
  });

  it('seats that are planned anew are read anew, and its watchers told', async () => {
    const event = await show(base.db, { seats: 2 });
    const feed = feedOf({ pollMs: 20 });
    const at = { id: event.id, currency: 'USD' };
    await feed.board(at);
    const news: News[] = [];
    const stop = feed.listen(event.id, (n) => void news.push(n));
    const larger = [{ name: 'Floor', rows: ['A'], seatsPerRow: 3, priceMinor: 5_000 }];
    await base.db.transaction().execute((tx) => replan(tx, at, larger));
    await feed.catchUp();
    expect((await feed.board(at)).available).toBe(3);
    expect(news).toMatchObject([{ replaced: true }]);
    stop();
  });

  it('drift is found and mended', async () => {
    const event = await show(base.db, { seats: 2 });
    const feed = feedOf({ pollMs: 20, verifyMs: 100 });
    const at = { id: event.id, currency: 'USD' };
    await feed.board(at);
    const stop = feed.listen(event.id, () => {});
    await sql`update places set order_id = null, sold_at = null where event_id = ${event.id}::uuid`.execute(base.db);
    const orderless = sql`insert into orders (event_id, account_id, total_minor, currency)
      select ${event.id}::uuid, id, 0, 'USD' from accounts limit 1 returning id`;
    await person(base.db);
    const { rows } = await sql<{ id: string }>`${orderless}`.execute(base.db);
    await sql`update places set order_id = ${rows[0]!.id}::uuid, sold_at = now() where id = ${event.seats[0]!}::uuid`.execute(base.db); // tells nobody
    await until(
      'mended',
      async () => (await feed.board(at)).available,
      (n) => n === 1,
    );
    expect(JSON.stringify(warnings)).toContain('drifted');
    stop();
  });
});

describe('listing', () => {
  it('counts follow every change, pages every event', async () => {
    const event = await show(base.db, { seats: 3 });
    const feed = feedOf();
    const listing = createListing({ feed, db: base.db });
    const filter = { venueId: event.venueId, page: 1, perPage: 10 };
    const shown = async () => (await listing.page(filter)).rows.map((r) => [r.name, r.available]);
    const [[name]] = (await shown()) as [[string, number]];
    expect(await shown()).toEqual([[name, 3]]);
    await hold(event, event.seats[0]!, 3600);
    await until('held', shown, (rows) => rows[0]![1] === 2);
    await sql`with cut as (update places set held_until = now() + interval '1 second' where id = ${event.seats[0]!}::uuid returning *)
      insert into place_changes (event_id, place_ids, state, held_until) select event_id, array[id], 'held', held_until from cut`.execute(
      base.db,
    );
    await until('over', shown, (rows) => rows[0]![1] === 3); // nobody writes that
    await sql`update events set name = 'Another name' where id = ${event.id}::uuid`.execute(base.db);
    expect(await shown()).toEqual([['Another name', 3]]);
  });
});

describe('lists on the wire', () => {
  it('a page that was read while an event changed is not what the next reader gets', async () => {
    const event = await show(base.db, { seats: 1 });
    const feed = feedOf();
    let wait: Promise<void> | undefined;
    const slow = base.db.withPlugin({
      transformQuery: ({ node }) => node,
      async transformResult({ result }) {
        const waiting = result.rows.some((row) => row.id === event.id && 'min_price_minor' in row) ? wait : undefined;
        if (waiting) wait = undefined;
        await waiting;
        return result;
      },
    });
    const pages = createEventPages({ listing: createListing({ feed, db: slow }), details: createDetails({ feed, db: base.db }) });
    const names = async (venueId: string) => {
      const { body } = await pages.list({ page: 1, perPage: 20, venueId }, {});
      return JSON.parse(String(body)).data.map((e: { name: string }) => e.name);
    };
    const held = signal();
    wait = held.given;
    const old = names(event.venueId);
    await until(
      'the page is being read',
      async () => wait === undefined,
      (reading) => reading,
    );
    await sql`update events set name = 'Renamed' where id = ${event.id}::uuid`.execute(base.db);
    await names((await show(base.db)).venueId); // somebody else's call brings the change in
    held.give();
    await old;
    expect(await names(event.venueId)).toEqual(['Renamed']);
  });
});

describe('parts', () => {
  it('a cache stays within its bytes and its number, forgets what nobody asked for the longest, and always has the last', () => {
    const cache = createCache<number>(3, 100);
    const held = () => ['a', 'b', 'c', 'd', 'e'].filter((key) => cache.get(key) !== undefined).join('');
    for (const key of ['a', 'b', 'c', 'd']) cache.set(key, 1, 20);
    expect(held()).toBe('bcd');
    cache.get('b');
    cache.set('a', 2, 50);
    expect(held()).toBe('abd');
    cache.set('e', 1, 500);
    expect(held()).toBe('e');
    cache.clear();
    cache.set('a', 1, 100);
    expect(held()).toBe('a');
  });

  it('gzip is for who takes it; what is said of it by name outweighs *', () => {
    const takes = (text?: string) => takesGzip({ 'accept-encoding': text });
    for (const text of ['gzip', 'br, GZIP;q=0.5', '*', 'identity;q=0, *;q=0.1', 'gzip;q=1, *;q=0']) expect(takes(text), text).toBe(true);
    for (const text of [undefined, '', 'br', 'gzip;q=0', 'gzip; q=0.000', '*;q=0', 'gzip;q=0, *', 'x-gzip'])
      expect(takes(text), text).toBe(false);
  });

  it('pieces joined are one gzip stream', async () => {
    const texts = [
      '',
      'a',
      '{"x":1}',
      'seat'.repeat(1000),
      'é'.repeat(50_000),
      ...Array.from({ length: 300 }, (_, i) => `row ${i} `.repeat(i)),
    ];
    const pieces = texts.map(piece);
    expect(gunzipSync(await gzip(pieces)).toString()).toBe(texts.join(''));
    expect(gunzipSync(await gzip([pieces[3]!, pieces[1]!, pieces[3]!])).toString()).toBe(texts[3]! + texts[1]! + texts[3]!);
  });

  it('a batch has all who asked during the one before, each once, and was read after they asked', async () => {
    const loads: string[][] = [];
    let value = 0;
    const find = batched(async (keys) => {
      loads.push(keys);
      const read = ++value;
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (keys.includes('away')) throw new Error('away');
      return new Map(keys.filter((key) => key !== 'none').map((key) => [key, `${key}${read}`]));
    });
    expect(await Promise.all(['a', 'b', 'b', 'none', 'c'].map(find))).toEqual(['a1', 'b2', 'b2', undefined, 'c2']);
    expect(loads).toEqual([['a'], ['b', 'none', 'c']]);
    await expect(find('away')).rejects.toThrow('away');
    expect(await find('a')).toBe('a4');
  });

  it('a gate runs once for all who wait, and never answers with a run that began before the question', async () => {
    let runs = 0;
    let fail = false;
    const enter = gate(async () => {
      runs++;
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (fail) throw new Error('away');
    });
    await Promise.all([enter(), enter(), enter()]);
    expect(runs).toBe(2);
    fail = true;
    await expect(enter()).rejects.toThrow('away');
    fail = false;
    await enter();
    expect(runs).toBe(4);
  });
});
