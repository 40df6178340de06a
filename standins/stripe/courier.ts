// Delivers webhooks: signed anew at each attempt, several at once, again and again with growing pauses until a 2xx.
import Stripe from 'stripe';
import type { Scene } from './scene.ts';
import type { Delivery } from './store.ts';

export interface CourierOptions {
  scene: Scene;
  url: string;
  secret: string;
  /** First pause after a failure, doubled up to `maxMs`. Stripe's own run from minutes to hours, over three days; here it never gives up. */
  retry: { firstMs: number; maxMs: number };
  log: (line: string) => void;
}
export interface Courier {
  /** Something may be due: after a commit, or a changed switch. */
  wake(): void;
  /** Everything not yet delivered is due now, and nothing is held any longer. */
  hurry(): void;
  resend(event: string): boolean;
  close(): Promise<void>;
}

const atOnce = 8;
const quietMs = 1500;
const patienceMs = 20_000;
/** A receiver that is not there at all is looked for this often, by one delivery for all: a restarted app hears within two seconds. */
const lookMs = 2000;

export function startCourier({ scene, url, secret, retry, log }: CourierOptions): Courier {
  const { store, faults, outbox } = scene;
  /** Every pending delivery is in exactly one of these, so that ten thousand of them cost nothing while they wait. */
  const ready = new Set<string>();
  const waiting = new Map<string, NodeJS.Timeout>();
  const held = new Set<string>();
  const followers = new Map<string, string>();
  const flying = new Map<string, Promise<void>>();

  const stop = new AbortController();
  let quiet: NodeJS.Timeout | undefined;
  let away = false;
  let look: NodeJS.Timeout | undefined;

  const place = (delivery: Delivery): void => {
    if (delivery.status !== 'pending') return;
    const leader = delivery.after === null ? undefined : store.deliveries.get(delivery.after);
    const pause = delivery.next_at - Date.now();
    if (delivery.held) {
      held.add(delivery.id);
      clearTimeout(quiet);
      quiet = setTimeout(release, quietMs);
    } else if (leader?.attempts === 0) followers.set(leader.id, delivery.id);
    else if (pause <= 0) ready.add(delivery.id);
    else
      waiting.set(
        delivery.id,
        setTimeout(() => goOn(delivery.id), Math.min(pause, 2 ** 30)),
      );
  };
  const goOn = (id: string): void => {
    waiting.delete(id);
    ready.add(id);
    pump();
  };
  /** Last first, and each waits for the one before it: the reversal is what a receiver sees, not what happens to win a race. */
  const release = (): void => {
    clearTimeout(quiet);
    const reversed = [...held].reverse();
    held.clear();
    reversed.forEach((id, index) => {
      const delivery = { ...store.deliveries.get(id)!, held: false, after: reversed[index - 1] ?? null };
      store.put('deliveries', delivery);
      place(delivery);
    });
    store.commit();
    pump();
  };

  const send = async (delivery: Delivery): Promise<{ status: number | null; problem: string | null }> => {
    const payload = JSON.stringify(store.events.get(delivery.event), null, 2);
    const answer = await fetch(url, {
      method: 'POST',
      body: payload,
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'stripe-signature': Stripe.webhooks.generateTestHeaderString({ payload, secret }),
        'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      },
      redirect: 'manual',
      signal: AbortSignal.any([stop.signal, AbortSignal.timeout(patienceMs)]),
    }).catch((error: Error) => ({ problem: String((error.cause as Error | undefined)?.message || error.message) }));
    if ('problem' in answer) return { status: null, problem: answer.problem };
    // The status is the answer; what follows it is read only to let the connection go.
    await answer.arrayBuffer().catch(() => {});
    return { status: answer.status, problem: null };
  };

  const attempt = async (id: string): Promise<void> => {
    const before = store.deliveries.get(id)!;
    const { status, problem } = await send(before);
    // Cut off by our own end: not an answer, so the next start tries again as if this had not been.
    if (stop.signal.aborted) return;
    const good = status !== null && status >= 200 && status < 300;
    const attempts = before.attempts + 1;
    const received = before.received + (good ? 1 : 0);
    const done = received >= before.copies;
    const pause = good || status === null ? 0 : Math.min(retry.maxMs, retry.firstMs * 2 ** Math.min(attempts - received - 1, 20));
    const after: Delivery = {
      ...before,
      attempts,
      received,
      status: done ? 'delivered' : 'pending',
      next_at: Date.now() + pause,
      last_status: status,
      last_error: problem,
      delivered_at: done ? Date.now() : null,
    };
    store.put('deliveries', after);
    store.commit();
    flying.delete(id);
    receiverIs(status !== null, problem);
    if (status !== null && !good) log(`webhook ${id} answered ${status}, attempt ${attempts}, again in ${pause} ms`);
    place(after);
    const follower = followers.get(id);
    if (follower !== undefined) {
      followers.delete(id);
      place(store.deliveries.get(follower)!);
    }
    pump();
  };
  const receiverIs = (there: boolean, problem: string | null): void => {
    if (there && away) log('the webhook receiver is back');
    if (!there && !away) log(`the webhook receiver does not answer (${problem}); looking again every ${Math.min(lookMs, retry.maxMs)} ms`);
    away = !there;
    clearTimeout(look);
    look = there ? undefined : setTimeout(() => pump(true), Math.min(lookMs, retry.maxMs));
  };

  const pump = (looking = false): void => {
    if (stop.signal.aborted) return;
    for (const id of ready) {
      if (flying.size >= atOnce || (away && !looking)) return;
      ready.delete(id);
      flying.set(id, attempt(id));
      if (looking) return;
    }
  };

  for (const delivery of store.deliveries.values()) place(delivery);

  return {
    wake() {
      for (const delivery of outbox.splice(0)) place(delivery);
      if (held.size > 0 && !faults.reorderWebhooks) release();
      pump();
    },
    hurry() {
      for (const delivery of outbox.splice(0)) place(delivery);
      release();
      for (const [id, timer] of waiting) {
        clearTimeout(timer);
        ready.add(id);
      }
      waiting.clear();
      pump();
    },
    resend(event) {
      const before = store.deliveries.get(event);
      if (!before || before.status === 'pending') return false;
      const delivery: Delivery = {
        ...before,
        status: 'pending',
        held: false,
        after: null,
        copies: before.received + 1,
        next_at: Date.now(),
      };
      store.put('deliveries', delivery);
      store.commit();
      place(delivery);
      pump();
      return true;
    },
    async close() {
      stop.abort();
      for (const timer of [quiet, look, ...waiting.values()]) clearTimeout(timer);
      await Promise.allSettled(flying.values());
    },
  };
}
