// Callbacks of providers: each is recorded once, and acted upon in the same transaction.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Kysely, sql, type Transaction } from 'kysely';
import { prepared } from '../../db/prepared.ts';
import type { DB } from '../../db/tables.ts';
import { despiteDeadlocks } from '../shared/deadlocks.ts';
import { DomainError } from '../shared/errors.ts';
import type { ProviderEvent, ProviderPayment } from './provider.ts';
import * as refunds from './refunds.ts';
import { applyProviderState, contradict, hearing, type Saying, sayingOf } from './states.ts';

type Outcome = 'recorded' | 'ignored' | 'mismatch';

/**
 * A callback often comes before the answer of the call that caused it is on record: three of four did. Whoever made the call is about to write
 * the same, so the callback waits so long for that, ms, and is then told in one statement in place of a transaction for which the other
 * would have to wait. Past it the callback counts: whoever made the call may have died.
 */
const PATIENCE_MS = [150, 600];

/** Runs a step at the database when it is its turn. */
type Turn = <T>(step: () => Promise<T>) => Promise<T>;

/**
 * Takes in a verified callback: recorded once (its id is the key), acted upon in the same transaction, the workflow told through the outbox.
 * `turn`: it waits for its turn at the database, but keeps no turn while it waits for anything else.
 * @throws DomainError payment_mismatch when it contradicts the payment it names; that is on record then too.
 */
export async function receive(
  db: Kysely<DB>,
  provider: string,
  event: ProviderEvent,
  turn: Turn = (step) => step(),
): Promise<{ outcome: 'recorded' | 'duplicate' | 'ignored' }> {
  // Half of what a provider sends is of no concern to us: on record all the same, in one statement.
  if (!event.payment && !event.refund && !event.returned)
    return { outcome: (await turn(() => note(db, provider, event, 'ignored'))) ? 'ignored' : 'duplicate' };

  const old = event.payment && (await awaitKnown(db, provider, event, event.payment, turn));
  if (old) return { outcome: old };

  const outcome = await turn(() => despiteDeadlocks(() => db.transaction().execute((tx) => takeIn(tx, provider, event))));
  if (outcome === 'mismatch')
    throw new DomainError('payment_mismatch', 'Amount, currency or order of this callback do not fit the payment it names.', {
      event: event.id,
    });
  return { outcome };
}

/** Notes an event that tells of a payment what is on record already, or is in a moment. Undefined: it is news, and not noted. */
async function awaitKnown(
  db: Kysely<DB>,
  provider: string,
  { id: event, type, payload }: ProviderEvent,
  told: ProviderPayment,
  turn: Turn,
): Promise<'recorded' | 'duplicate' | undefined> {
  const asked = { ...sayingOf(provider, told), event, type, payload: JSON.stringify(payload) };
  for (const patience of [...PATIENCE_MS, undefined]) {
    const [heard] = await turn(() => notedKnown(db, asked));
    if (heard?.known) return heard.noted ? 'recorded' : 'duplicate';
    if (!heard?.in_hand || patience === undefined) return undefined;
    await sleep(patience);
  }
  return undefined;
}

/** The order of a provider's payment; undefined: none of ours. */
export async function orderOf(db: Kysely<DB>, provider: string, paymentRef: string): Promise<string | undefined> {
  const query = db.selectFrom('payments').select('order_id').where('provider', '=', provider).where('provider_ref', '=', paymentRef);
  return (await query.executeTakeFirst())?.order_id;
}

async function takeIn(tx: Transaction<DB>, provider: string, event: ProviderEvent): Promise<Outcome | 'duplicate'> {
  if (!(await note(tx, provider, event, 'recorded'))) {
    const known = await tx
      .selectFrom('payment_events')
      .select('outcome')
      .where('provider', '=', provider)
      .where('event_id', '=', event.id)
      .executeTakeFirst();
    return known?.outcome === 'mismatch' ? 'mismatch' : 'duplicate';
  }

  const outcome = await act(tx, provider, event);
  if (outcome !== 'recorded')
    await tx.updateTable('payment_events').set({ outcome }).where('provider', '=', provider).where('event_id', '=', event.id).execute();
  return outcome;
}

/** Notes the event; false if it was noted before. */
async function note(db: Kysely<DB>, provider: string, { id, type, payload }: ProviderEvent, outcome: Outcome): Promise<boolean> {
  return (await noted(db, { provider, id, type, outcome, payload: JSON.stringify(payload) })).length === 1;
}

const noted = prepared<{ provider: string; id: string; type: string; outcome: Outcome; payload: string }>()(
  (p) => sql`insert into payment_events (provider, event_id, type, outcome, payload)
    values (${p.provider}, ${p.id}, ${p.type}, ${p.outcome}, ${p.payload}) on conflict do nothing returning event_id`,
);

type Heard = { known: boolean; in_hand: boolean; noted: boolean };

/** Notes an event that tells of a payment what is on record already (`known`), in one statement. No row: none of ours. */
const notedKnown = prepared<Saying & { event: string; type: string; payload: string }>()(
  (p) => sql<Heard>`with ${hearing(p)},
    noted as (
      insert into payment_events (provider, event_id, type, outcome, payload)
      select ${p.provider}::text, ${p.event}::text, ${p.type}::text, 'recorded', ${p.payload}::jsonb from heard where known
      on conflict do nothing returning event_id
    )
    select known, in_hand, exists (select from noted) as noted from heard`,
);

async function act(tx: Transaction<DB>, provider: string, event: ProviderEvent): Promise<Outcome> {
  if (event.payment) return applyProviderState(tx, provider, event.payment, { announce: true });
  if (event.refund) return refunds.record(tx, provider, event.refund, { announce: true });
  return compareReturned(tx, provider, event.returned!);
}

/** More has gone back than we know of: somebody refunded at the provider, and the workflow asks by which refunds. */
async function compareReturned(
  tx: Transaction<DB>,
  provider: string,
  told: NonNullable<ProviderEvent['returned']>,
): Promise<'recorded' | 'ignored'> {
  const { rows } = await sql<{ id: string; order_id: string; known: number }>`
    select y.id, y.order_id, ${refunds.returned} as known from payments y
    where y.provider = ${provider} and y.provider_ref = ${told.paymentRef} for update of y`.execute(tx);
  const payment = rows[0];
  if (!payment) return 'ignored';

  if (told.totalMinor > payment.known) await contradict(tx, payment, told.paymentRef, { announce: true });
  return 'recorded';
}
