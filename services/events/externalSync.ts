// The places of an external event, as its provider lists them: made the first time, and kept in step with what others buy there.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import * as external from '../external/events.ts';
import { type EventProvider, PAGE_SIZE } from '../external/provider.ts';
import { countOffers, type Listed, takeList } from '../inventory/elsewhere.ts';
import { plan } from '../inventory/seats.ts';
import { minor } from '../shared/money.ts';

/** The zones of the hall, from its first row on: which share of the rows, in percent, at which price. */
export const ZONES = [
  { name: 'Зона 1', share: 10, price: 40_000 },
  { name: 'Зона 2', share: 15, price: 80_000 },
  { name: 'Зона 3', share: 20, price: 120_000 },
  { name: 'Зона 4', share: 25, price: 160_000 },
  { name: 'Зона 5', share: 30, price: 200_000 },
] as const;

/** What the capacity of an external event is said to be until its places are here. */
export const EXPECTED_PLACES = 100_000;

const IDLE_MS = 60_000;
/** Without a provider there is nobody to ask; a setting may change. */
const NOBODY_MS = 600_000;

/** `waitMs`: when to look again; null: never, the event is over, cancelled, or not external. `changed` places were written. */
export type SyncRound = { waitMs: number | null; places: number; changed: number };

/** Makes a new event external: its zones, which have no places yet, and the announcement that has them read. */
export async function makeExternal(tx: Transaction<DB>, event: { id: string; currency: string }): Promise<void> {
  await plan(
    tx,
    event,
    ZONES.map(({ name, price }) => ({ name, rows: [], seatsPerRow: 0, priceMinor: minor(price, event.currency) })),
  );
  await external.begin(tx, event.id);
}

/**
 * Reads all of the provider's places and writes down what is new. Repeating it is harmless.
 * @throws DomainError unavailable
 */
export async function sync(db: Kysely<DB>, provider: EventProvider | undefined, eventId: string): Promise<SyncRound> {
  const event = await external.find(db, eventId);
  if (!event?.live) return { waitMs: null, places: 0, changed: 0 };
  if (!provider) return { waitMs: NOBODY_MS, places: 0, changed: 0 };

  const rows = event.rows ?? (await measure(provider));
  if (event.rows === null) await external.measured(db, eventId, rows);
  const zones = await zonesOf(db, eventId);
  let [places, changed] = [0, 0];
  for (let page = 1; ; page++) {
    const { now: asOf } = (await external.find(db, eventId))!;
    const list = await provider.places(page);
    const listed: Listed[] = list.map((place) => ({ ...place, offerId: zones[zoneOf(place.row, rows)]! }));
    if (listed.length) changed += await takeList(db, eventId, listed, asOf);
    places += listed.length;
    if (listed.length < PAGE_SIZE) break;
  }
  await finish(db, eventId, places);
  return { waitMs: IDLE_MS, places, changed };
}

/** The number of the last row: its page is found by halving, for the list does not say how long it is. */
async function measure(provider: EventProvider): Promise<number> {
  let [full, empty] = [0, 1];
  while ((await provider.places(empty)).length) [full, empty] = [empty, empty * 2];
  while (empty - full > 1) {
    const middle = Math.floor((full + empty) / 2);
    if ((await provider.places(middle)).length) full = middle;
    else empty = middle;
  }
  const last = full ? await provider.places(full) : [];
  return Math.max(1, ...last.map((place) => place.row));
}

/** Which zone a row is in, from 0. */
export function zoneOf(row: number, rows: number): number {
  let share = 0;
  for (const [i, zone] of ZONES.entries()) {
    share += zone.share;
    if (row * 100 <= share * rows) return i;
  }
  return ZONES.length - 1;
}

async function zonesOf(db: Kysely<DB>, eventId: string): Promise<string[]> {
  const offers = await db.selectFrom('offers').select('id').where('event_id', '=', eventId).orderBy('tier_number').execute();
  return offers.map((offer) => offer.id);
}

async function finish(db: Kysely<DB>, eventId: string, places: number): Promise<void> {
  await countOffers(db, eventId);
  await sql`update events set capacity = ${places} where id = ${eventId}::uuid and capacity <> ${places} and ${places}::int > 0`.execute(
    db,
  );
  await external.synced(db, eventId);
}
