// `/_standin/...`: the switches, the buyer and the operator as tests play them, and what a test may look into. No part of the gateway.
import type { Bank } from './bank.ts';
import type { Courier } from './courier.ts';
import { calm, changed, type Faults } from './faults.ts';
import type { Store } from './store.ts';
import { Fault, type Status, shown } from './wire.ts';

export type Control = { bank: Bank; store: Store; courier: Courier; faults: Faults };

/** What somebody does to a payment at the gateway itself, and what it becomes. */
const ACTS: Record<string, Status> = {
  pay: 'AUTHORIZED',
  decline: 'FAILED',
  cancel: 'CANCELLED',
  expire: 'EXPIRED',
  refund: 'REFUNDED',
};

/** Answers a call of a test. Throws Fault. */
export function control({ bank, store, courier, faults }: Control, method: string, path: string, wish: Record<string, unknown>): unknown {
  const asked = `${method} /${path}`;
  if (asked === 'GET /health') return { ok: true };
  if (asked === 'GET /payments') return [...store.payments.values()].map(shown);
  if (asked === 'GET /notifications') return [...store.notices.values()];
  if (asked === 'GET /faults') return faults;
  if (asked === 'POST /faults' || asked === 'POST /reset') {
    const after = changed(faults, path === 'reset' ? calm : wish);
    if (typeof after === 'string') throw new Fault(400, '1003', after);
    Object.assign(faults, after);
    courier.wake();
    return faults;
  }
  const to = method === 'POST' && Object.hasOwn(ACTS, path) ? ACTS[path] : undefined;
  if (!to) throw new Fault(404, '1003', `nothing at ${asked}`);
  return shown(bank.move(String(wish.paymentId ?? ''), to));
}
