// The claim: the one statement that takes places for an order. What becomes of claimed places is in inventory/places.ts.
import type { Kysely, Transaction } from 'kysely';
import { meaning } from '../../../db/sqlstate.ts';
import type { DB } from '../../../db/tables.ts';
import { accountOf } from '../../accounts/actor.ts';
import { DomainError, invalidField } from '../../shared/errors.ts';
import type { PlacedOrder } from '../placed.ts';
import { isPlain, type PlainRow, plainStatement } from './plain.ts';
import { refusal, taken } from './refusals.ts';
import type { ClaimRequest, Wanted } from './request.ts';
import { shaped } from './shapes.ts';
import { type ClaimRow, claimStatement } from './statement.ts';

export type { ClaimRequest, Terms, Want } from './request.ts';

/** An event's currency is part of what its orders refer to: this says that it changed while the claim was under way. */
const CURRENCY_CHANGED = 'orders_event_currency';

/**
 * Claims places for an order in ONE statement and one round trip (the common case in a plain one, which leaves the rest to the whole): lock the wanted free places (SKIP LOCKED, so nobody waits
 * and nothing deadlocks), and only if every one was got write the order, its items, the holds and the outbox row.
 * Two claims of one place cannot both succeed: the row lock decides, and a row changed meanwhile is checked again by Postgres.
 * Named places that were free but locked get a second statement that waits for the lock: often it is not a rival but the worker
 * releasing an ended hold, and who clicks a seat the moment it is shown as free must not be refused for that.
 *
 * @returns the order (pending, hold running) with its event and the places claimed now.
 * @throws DomainError event_not_found | blocked | event_not_on_sale | invalid | places_unavailable | sold_out | limit_exceeded,
 *   and with `into` also order_not_found | forbidden | order_not_payable | order_expired. Nothing is written then.
 */
export async function claim(db: Kysely<DB> | Transaction<DB>, request: ClaimRequest): Promise<PlacedOrder> {
  const w = check(request);
  const twice = <R>(run: () => Promise<R>): Promise<R> =>
    run().catch((error) => {
      if (error.constraint !== CURRENCY_CHANGED || db.isTransaction) throw error;
      return run();
    });

  if (isPlain(w)) {
    const plain = await twice(() => runPlain(db, w));
    if (plain.id) return placed(plain);
    if (plain.gone) throw taken({ wanted: w.count, places: plain.gone });
  }

  let row = await twice(() => run(db, w));
  if (row.saw?.busy && !row.blocked) row = await runWaiting(db, w).catch(lostTheWait(row));
  if (!row.id) throw refusal(w, row);
  return placed(row);
}

const runPlain = shaped(plainStatement);
const run = shaped((w) => claimStatement(w));
const runWaiting = shaped((w) => claimStatement(w, 'wait'));

function check(request: ClaimRequest): Wanted {
  const { want, terms } = request;
  const places = typeof want === 'object' && 'places' in want ? want.places : [];
  const offers = typeof want === 'object' && 'offers' in want ? want.offers : [];
  const count = places.length + offers.reduce((sum, o) => sum + o.quantity, 0);
  if (new Set(places).size !== places.length) throw invalidField('places', 'The same seat is named twice.');
  if (new Set(offers.map((o) => o.offerId)).size !== offers.length) throw invalidField('offers', 'The same offer is named twice.');
  if (count > terms.maxPlaces)
    throw new DomainError('limit_exceeded', `At most ${terms.maxPlaces} places fit into one order.`, {
      max: terms.maxPlaces,
      wanted: count,
    });
  if (request.into && terms.feeBasisPoints) throw new RangeError('an order that grows has its fee from pricing.price');
  const accountId = accountOf(request.actor);
  if (!accountId) throw new DomainError('forbidden', 'Only an account buys.');
  return { ...request, accountId, places, offers, count };
}

/** Two who wait for each other's rows are told so by Postgres; the claim is then refused as it was at first. */
const lostTheWait = (first: ClaimRow) => (error: unknown) => {
  if (meaning(error) === 'conflict') return first;
  throw error;
};

const placed = (row: ClaimRow | PlainRow): PlacedOrder => ({
  id: row.id!,
  number: row.number,
  status: row.status,
  total_minor: row.total_minor,
  currency: row.currency,
  code_prefix: row.code_prefix,
  created_at: row.created_at,
  expires_at: row.expires_at,
  event: { id: row.event_id!, number: row.event_number, slug: row.slug, name: row.name, starts_at: row.starts_at, external: row.external },
  places: row.places,
});
