// An order's money in one step: the provider decides, and what it said is recorded, settled and looked at in one transaction.
import type { Kysely, Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { keepForPaid } from '../inventory/places.ts';
import { ask, type Charge, type ChargeOutcome, record, takeSetAside } from '../payments/payments.ts';
import type { Providers } from '../payments/provider.ts';
import { applyProviderState } from '../payments/states.ts';
import { despiteDeadlocks } from '../shared/deadlocks.ts';
import { within } from '../shared/within.ts';
import type { TicketKeys } from '../tickets/keys.ts';
import { type OrderFacts, readFacts } from './facts.ts';
import { lock } from './orders.ts';
import { settleLocked } from './settlement.ts';

/** A look waits for the provider no longer than this: the queue of the payments has all the time there is. */
const TAKE_MS = 3_000;

export type Paid = { charged: ChargeOutcome; facts: OrderFacts };

/**
 * Decides an attempt, settles what it brought, and reads the facts then. Should the transaction fail, nothing of the provider's answer is on
 * record, and payments.charge, which settles nothing, asks for it again: it is the same answer.
 * @throws DomainError payment_unavailable while the outcome is unknown
 */
export async function pay(db: Kysely<DB>, providers: Providers, ticketKeys: TicketKeys, charge: Charge): Promise<Paid> {
  const asked = await ask(db, providers, charge);
  const { outcome } = asked.outcome;
  const settles = outcome === 'succeeded' || outcome === 'free';

  const facts = await settled(db, charge.orderId, ticketKeys, async (tx) => {
    await record(tx, charge, asked, { settles });
    return settles;
  });
  return { charged: asked.outcome, facts };
}

/** `acted`: money was taken or settled on the way. */
export type Look = { facts: OrderFacts; acted: boolean };

/**
 * The facts of an order, once what needs nobody's patience was done: money that was set aside is taken, and captured money settled. What the
 * provider does not answer soon stays among the facts, for whoever reads them to see to.
 * `providers`: absent where this process may not ask them.
 * @throws DomainError order_not_found
 */
export async function look(db: Kysely<DB>, providers: Providers | undefined, ticketKeys: TicketKeys, orderId: string): Promise<Look> {
  const facts = await readFacts(db, orderId);
  const taken = providers && (await take(db, providers, facts));
  if (!taken && !facts.unsettled) return { facts, acted: false };

  const then = await settled(db, orderId, ticketKeys, async (tx) => {
    const word = taken && (await applyProviderState(tx, taken.provider, taken.told, { announce: false, settles: true }));
    return facts.unsettled || (word === 'recorded' && taken!.told.status === 'succeeded');
  });
  return { facts: then, acted: true };
}

/** What the provider says of the money that it was told to hand over; an order has one open payment at most. Undefined: nothing, or not soon. */
async function take(db: Kysely<DB>, providers: Providers, { status, suspectPayments }: OrderFacts): ReturnType<typeof takeSetAside> {
  if (status !== 'pending') return undefined;
  for (const id of suspectPayments) {
    const asked = takeSetAside(db, providers, id).catch(() => undefined);
    const taken = await within(TAKE_MS, asked, () => undefined);
    if (taken) return taken;
  }
  return undefined;
}

/** Records in the order's transaction, settles where that has brought captured money (`true`), and reads the facts then. */
function settled(
  db: Kysely<DB>,
  orderId: string,
  ticketKeys: TicketKeys,
  recorded: (tx: Transaction<DB>) => Promise<boolean>,
): Promise<OrderFacts> {
  return despiteDeadlocks(() =>
    db.transaction().execute(async (tx) => {
      const order = await lock(tx, orderId);
      const settlement = (await recorded(tx)) && (await settleLocked(tx, order, ticketKeys));
      // Money that waits for the provider of an external event keeps its places meanwhile.
      if (settlement === 'unchanged' && order.provider_undecided) await keepForPaid(tx, orderId);
      return readFacts(tx, orderId);
    }),
  );
}
