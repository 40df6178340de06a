// Sends notifications: again and again, with growing pauses, until a 2xx.
import type { Faults } from './faults.ts';
import type { Notice, Store } from './store.ts';
import type { Payment } from './wire.ts';

export type Courier = {
  /** Tells the shop of the payment as it is now. */
  tell(payment: Payment): void;
  /** A switch was changed: what was held may go. */
  wake(): void;
  close(): Promise<void>;
};

/** The pause after the first failure, which doubles up to the longest. */
export type Retry = { firstMs: number; mostMs: number };

const PATIENCE_MS = 20_000;

/** What was pending when the process ended is sent again when it begins. */
export function startCourier(store: Store, faults: Faults, retry: Retry, log: (line: string) => void): Courier {
  const stop = new AbortController();
  const timers = new Set<NodeJS.Timeout>();
  const flying = new Set<Promise<void>>();
  const held: string[] = [];
  let last = store.notices.size;

  function later(ms: number, id: string): void {
    const timer = setTimeout(() => {
      timers.delete(timer);
      const flight = send(id).finally(() => flying.delete(flight));
      flying.add(flight);
    }, ms);
    timers.add(timer);
  }

  async function send(id: string): Promise<void> {
    const notice = store.notices.get(id)!;
    const { status, answer } = await post(notice);
    if (stop.signal.aborted) return; // cut off by our own end: the next start sends it
    const attempts = notice.attempts + 1;
    const good = status >= 200 && status < 300;
    store.keep({ notice: { ...notice, attempts, state: good ? 'delivered' : 'pending', lastAnswer: answer } });
    if (good) return;
    const pause = Math.min(retry.mostMs, retry.firstMs * 2 ** Math.min(attempts - 1, 20));
    log(`notification ${id} was answered ${answer}, again in ${pause} ms`);
    later(pause, id);
  }

  async function post({ paymentId, says, at }: Notice): Promise<{ status: number; answer: string }> {
    const payment = store.payments.get(paymentId)!;
    const data = { orderId: payment.orderId, amount: payment.amount, currency: payment.currency };
    try {
      const response = await fetch(payment.notificationURL, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ paymentId, status: says, teamSlug: payment.teamSlug, timestamp: at, data }),
        redirect: 'manual',
        signal: AbortSignal.any([stop.signal, AbortSignal.timeout(PATIENCE_MS)]),
      });
      await response.arrayBuffer().catch(() => {});
      return { status: response.status, answer: String(response.status) };
    } catch (error) {
      return { status: 0, answer: String((error as Error).cause ?? error) };
    }
  }

  function write(payment: Payment): void {
    const lost = faults.lose > 0;
    if (lost) faults.lose--;
    const id = `ntf_${++last}`;
    const says = faults.says || payment.status;
    const state = lost ? ('lost' as const) : ('pending' as const);
    store.keep({
      notice: { id, paymentId: payment.id, status: payment.status, says, at: payment.updatedAt, state, attempts: 0, lastAnswer: null },
    });
    if (lost) return;
    if (faults.reverse) held.push(id);
    else later(faults.delayMs, id);
  }

  for (const notice of store.notices.values()) if (notice.state === 'pending') later(0, notice.id);

  return {
    tell(payment) {
      write(payment);
      if (faults.duplicate === 0) return;
      faults.duplicate--;
      write(payment);
    },
    wake() {
      if (faults.reverse) return;
      // So far apart that no race decides which of them arrives first.
      for (const [turn, id] of held.splice(0).reverse().entries()) later(faults.delayMs + turn * 200, id);
    },
    async close() {
      stop.abort();
      for (const timer of timers) clearTimeout(timer);
      await Promise.allSettled(flying);
    },
  };
}
