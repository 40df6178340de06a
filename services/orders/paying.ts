// Paying an order in one step: the provider decides, and what it said is recorded, settled and looked at in one transaction.
import type { Kysely } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { keepForPaid } from '../inventory/places.ts';
import { ask, type Charge, type ChargeOutcome, record } from '../payments/payments.ts';
import type { Providers } from '../payments/provider.ts';
import { despiteDeadlocks } from '../shared/deadlocks.ts';
import type { TicketKeys } from '../tickets/keys.ts';
import { type OrderFacts, readFacts } from './facts.ts';
import { lock } from './orders.ts';
import { settleLocked } from './settlement.ts';

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

  const facts = await despiteDeadlocks(() =>
    db.transaction().execute(async (tx) => {
      const order = await lock(tx, charge.orderId);
      await record(tx, charge, asked, { settles });
      const settlement = settles && (await settleLocked(tx, order, ticketKeys));
      // Money that waits for the provider of an external event keeps its places meanwhile.
      if (settlement === 'unchanged' && order.provider_undecided) await keepForPaid(tx, charge.orderId);
      return readFacts(tx, charge.orderId);
    }),
  );
  return { charged: asked.outcome, facts };
}
