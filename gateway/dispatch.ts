// Starts the workflows of new orders, a moment after their claims: who pays within that moment starts it by paying, in one step instead of
// two. What this gateway does not get to, the outbox relay starts after its grace.
import { type Client, WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import type { Claim } from '../services/holds.ts';
import { orderCode } from '../services/orders.ts';
import * as outbox from '../services/outbox.ts';
import { orderFirstStart, WORKFLOWS } from '../workflows/messages.ts';
import type { Db } from './deps.ts';
import type { Log } from './http/log.ts';
import type { Metrics } from './http/metrics.ts';

export type Dispatcher = {
  /** Starts the claim's workflow in a moment, if there is room then; returns at once and never throws. */
  start(claim: Claim, owner: string): void;
  /** This order's workflow is being started by a payment: nothing more to do here. */
  paid(orderId: string): void;
  /** Resolves when every start under way has ended and its outbox row is gone. */
  drain(): Promise<void>;
};

/** More starts at once would take the core from the sale itself. */
const MAX_IN_FLIGHT = 2;
/** Programs pay at once; nobody who types a card number does, and for them this is soon. */
const PAUSE_FOR_PAYMENT_MS = 500;
/** So many new orders within that pause are a rush: the relay starts them then, one after the other. */
const RUSH = 25;
const DELETE_EVERY_MS = 100;
/** After a failed start Temporal is left alone for a moment: while it is away, every try would only wait for its deadline (temporal.ts). */
const AWAY_MS = 1_000;

/** Makes the dispatcher. */
export function createDispatcher(parts: { db: Db; client: Client; log: Log; metrics: Pick<Metrics, 'start'> }): Dispatcher {
  const { db, client, log, metrics } = parts;
  const flying = new Set<Promise<void>>();
  const paused = new Map<string, NodeJS.Timeout>();
  let handedOn: string[] = [];
  let timer: NodeJS.Timeout | undefined;
  let pausedUntil = 0;

  async function forget(): Promise<void> {
    timer = undefined;
    const ids = handedOn;
    handedOn = [];
    // A row that stays is harmless: the relay starts the workflow again, which finds the running one.
    await outbox.done(db, ids).catch((err) => log.warn({ err }, 'outbox rows of started workflows were not deleted'));
  }

  function hand(outboxId: string | null): void {
    if (outboxId) handedOn.push(outboxId);
    timer ??= setTimeout(() => void forget(), DELETE_EVERY_MS);
  }

  async function begin({ order, event, outboxId }: Claim, owner: string): Promise<void> {
    const options = orderFirstStart({ orderId: order.id, code: orderCode(order), event: event.slug, owner });
    try {
      await client.workflow.start(WORKFLOWS.order, options);
    } catch (err) {
      if (err instanceof WorkflowExecutionAlreadyStartedError) return hand(outboxId); // started and ended already
      pausedUntil = Date.now() + AWAY_MS;
      metrics.start('failed');
      log.warn({ err, orderId: order.id }, 'workflow not started here, left to the outbox relay');
      return;
    }
    metrics.start('started');
    hand(outboxId);
  }

  return {
    start(claim, owner) {
      const go = () => {
        paused.delete(claim.order.id);
        if (flying.size >= MAX_IN_FLIGHT || paused.size > RUSH || Date.now() < pausedUntil) return metrics.start('left');
        const flight = begin(claim, owner).finally(() => flying.delete(flight));
        flying.add(flight);
      };
      paused.set(claim.order.id, setTimeout(go, PAUSE_FOR_PAYMENT_MS));
    },
    paid(orderId) {
      clearTimeout(paused.get(orderId));
      paused.delete(orderId);
    },
    async drain() {
      for (const orderId of paused.keys()) this.paid(orderId);
      await Promise.all(flying);
      clearTimeout(timer);
      await forget();
    },
  };
}
