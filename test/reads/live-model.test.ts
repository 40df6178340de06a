// Live seats against a model: writers hold, let lapse, release and sell at random in transactions of every length, and people wait in line
// and leave; screens that stay and screens that wander between two gateways must all show what the database says. MODEL_ROUNDS=500 looks longer.
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../db/connect.ts';
import { createRooms, type Watcher } from '../../gateway/live/rooms.ts';
import { createFeed, type Feed } from '../../gateway/reads/feed.ts';
import { until } from '../support/client.ts';
import { freshDatabase } from '../support/database.ts';
import { blank, framesOf, picture, take } from '../support/live.ts';
import { person, show } from '../support/made.ts';

const SEATS = 30;
const WRITERS = 8;
const WAITERS = 2;
const NOMADS = 12;
const ROUND_MS = 600;
const ROUNDS = Number(process.env.MODEL_ROUNDS ?? 8);

let base: Awaited<ReturnType<typeof freshDatabase>>;
let readers: typeof base.db; // connections of their own, as in the gateway
let feeds: Feed[] = [];
beforeAll(async () => {
  base = await freshDatabase();
  readers = connect({ url: base.url, max: 3 });
});
afterAll(async () => {
  await Promise.all(feeds.map((f) => f.stop()));
  await readers?.destroy();
  await base?.close();
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const some = <T>(list: readonly T[]): T => list[Math.floor(Math.random() * list.length)]!;

/** What the writers of places do to one, each as they do it: the row first, then the change. */
const DEEDS = {
  held: (place: string, order: string) =>
    sql`with u as (update places set order_id = ${order}::uuid, held_until = clock_timestamp() + make_interval(secs => ${Math.random() * 0.25}::float8)
        where id = ${place}::uuid and sold_at is null and (order_id is null or held_until <= clock_timestamp()) returning *)
      insert into place_changes (event_id, place_ids, state, held_until) select event_id, array[id], 'held', held_until from u`,
  free: (place: string) =>
    sql`with u as (update places set order_id = null, held_until = null, sold_at = null where id = ${place}::uuid and order_id is not null returning *)
      insert into place_changes (event_id, place_ids, state) select event_id, array[id], 'free' from u`,
  sold: (place: string, order: string) =>
    sql`with u as (update places set order_id = ${order}::uuid, held_until = null, sold_at = now()
        where id = ${place}::uuid and sold_at is null and (order_id is null or held_until <= clock_timestamp()) returning *)
      insert into place_changes (event_id, place_ids, state) select event_id, array[id], 'sold' from u`,
};

/** Waits for a tier, for any, or no longer. Most of the time nobody waits. */
const turn = (entry: string, offers: string[]) =>
  sql`update waitlist_entries set in_line = ${Math.random() < 0.4}, offer_id = ${some([null, ...offers, ...offers])}::uuid where id = ${entry}::uuid`;

/** Somebody who may wait, but does not yet. */
async function aWaiter(eventId: string): Promise<string> {
  const order = await anOrder(eventId);
  const { rows } = await sql<{ id: string }>`insert into waitlist_entries (order_id, event_id, account_id, in_line)
    select id, event_id, account_id, false from orders where id = ${order}::uuid returning id`.execute(base.db);
  return rows[0]!.id;
}

async function anOrder(eventId: string): Promise<string> {
  const { id } = await person(base.db);
  const { rows } = await sql<{ id: string }>`insert into orders (event_id, account_id, total_minor, currency)
    values (${eventId}::uuid, ${id}::uuid, 0, 'USD') returning id`.execute(base.db);
  return rows[0]!.id;
}

/** A screen without a network: the messages go straight into its picture. */
function screenOn(from?: ReturnType<typeof blank>) {
  const screen = blank(from);
  const watcher: Watcher = {
    send(bytes) {
      for (const text of framesOf(bytes)) take(screen, JSON.parse(text));
    },
  };
  return { screen, watcher };
}

test(
  'no screen misses anything, whether it stays or wanders',
  async () => {
    const section = (name: string) => ({ name, rows: ['1'], seatsPerRow: SEATS / 2, priceMinor: 1000 });
    const event = await show(base.db, { sections: [section('A'), section('B')] });
    const offers = (await base.db.selectFrom('offers').select('id').where('event_id', '=', event.id).execute()).map((o) => o.id);
    const waiters = await Promise.all(Array.from({ length: WAITERS }, () => aWaiter(event.id)));
    const order = await anOrder(event.id);
    const at = { id: event.id, currency: 'USD' };
    const complaints: unknown[] = [];
    const log = { warn: (...a: unknown[]) => complaints.push(a), error: (...a: unknown[]) => complaints.push(a) };
    // The second one looks less often, so that it lags behind and the first one's numbers are ahead of it.
    feeds = [20, 70].map((pollMs) => createFeed({ db: readers, log: log as never }, { pollMs, verifyMs: 500 }));
    const rooms = feeds.map((feed) => createRooms({ feed, db: readers }));
    const staying = rooms.map(() => screenOn());
    for (const [i, { watcher }] of staying.entries()) await rooms[i]!.join(at, watcher);
    const nomads = Array.from({ length: NOMADS }, () => screenOn());
    let resumes = 0;

    async function write(end: number): Promise<void> {
      while (performance.now() < end) {
        const deed = some(['held', 'held', 'held', 'free', 'free', 'sold'] as const);
        const place = some(event.seats);
        await base.db.transaction().execute(async (tx) => {
          await DEEDS[deed](place, order).execute(tx);
          if (Math.random() < 0.3) await pause(Math.random() * 40);
        });
        await pause(Math.random() * 10);
      }
    }
    async function wait(entry: string, end: number): Promise<void> {
      while (performance.now() < end) {
        await base.db.transaction().execute(async (tx) => {
          await turn(entry, offers).execute(tx);
          if (Math.random() < 0.3) await pause(Math.random() * 40);
        });
        await pause(Math.random() * 60);
      }
    }
    async function wander(n: number, end: number): Promise<void> {
      while (performance.now() < end) {
        const { screen } = nomads[n]!;
        const next = screenOn(screen);
        nomads[n] = next;
        const i = Math.floor(Math.random() * 2);
        await rooms[i]!.join(at, next.watcher, screen.seq < 0 ? undefined : screen.seq);
        resumes++;
        await pause(Math.random() * 60);
        rooms[i]!.leave(event.id, next.watcher);
        expect(next.screen.faults).toEqual([]);
        await pause(Math.random() * 60);
      }
    }
    /** Whom it is wrong for, and how. */
    async function differences(): Promise<unknown[]> {
      await Promise.all(feeds.map((feed) => feed.catchUp()));
      const { rows } = await sql<{
        id: string;
        status: string;
      }>`select id, case when sold_at is null then 'held' else 'booked' end as status
        from places p where event_id = ${event.id}::uuid and (sold_at is not null or held_until > clock_timestamp()
          or exists (select from waitlist_entries w where w.event_id = p.event_id and w.in_line and coalesce(w.offer_id, p.offer_id) = p.offer_id))`.execute(
        base.db,
      );
      const truth = picture(new Map(rows.map(({ id, status }) => [id, status])));
      const shown = [
        ...staying.map((s, i) => [`stays at ${i}`, s.screen] as const),
        ...nomads.map((s, i) => [`wanders ${i}`, s.screen] as const),
      ];
      return shown
        .filter(([, screen]) => JSON.stringify(picture(screen.seats)) !== JSON.stringify(truth))
        .map(([who, screen]) => ({ who, shows: picture(screen.seats), truth, heard: screen.messages.slice(-20) }));
    }

    for (let round = 0; round < ROUNDS; round++) {
      const end = performance.now() + ROUND_MS;
      const wandering = nomads.map((_, n) => wander(n, end));
      const waiting = waiters.map((entry) => wait(entry, end));
      await Promise.all([...Array.from({ length: WRITERS }, () => write(end)), ...waiting, ...wandering]);
      for (const [n, { screen }] of nomads.entries()) {
        nomads[n] = screenOn(screen);
        await rooms[n % 2]!.join(at, nomads[n]!.watcher, screen.seq);
      }
      await until('every screen shows what the database says', differences, (wrong) => wrong.length === 0, 30_000);
      for (const { screen } of [...staying, ...nomads]) expect(screen.faults).toEqual([]);
      for (const [n, { watcher }] of nomads.entries()) rooms[n % 2]!.leave(event.id, watcher);
    }
    // Boards are compared with the database all the time here, and nothing ever had to be mended.
    expect(complaints).toEqual([]);
    for (const { screen } of staying) expect(screen.messages.filter((m) => m.type === 'snapshot')).toHaveLength(1);
    expect(resumes).toBeGreaterThan(NOMADS * ROUNDS);
    for (const [i, { watcher }] of staying.entries()) rooms[i]!.leave(event.id, watcher);
  },
  240_000 + ROUNDS * 2_000,
);
