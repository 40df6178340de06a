// What happens to payments: the one place that changes a status, and tells the shop of it.
import { randomBytes } from 'node:crypto';
import type { Courier } from './courier.ts';
import type { Store } from './store.ts';
import { Fault, type Payment, type Status, TRANSITIONS } from './wire.ts';

export type Bank = {
  /** Throws Fault 1007. */
  find(id: string): Payment;
  open(asked: Omit<Payment, 'id' | 'status' | 'createdAt' | 'updatedAt' | 'expiresAt'>): Payment;
  /** Throws Fault 1008 where its status does not go there. */
  move(id: string, to: Status): Payment;
  /** Expires what was not paid in its time. */
  expire(): void;
};

/** `lifeMs`: so long may a payment be paid. */
export function createBank(store: Store, courier: Courier, lifeMs: number): Bank {
  const payable = new Set([...store.payments.values()].filter(isPayable).map(({ id }) => id));

  function write(payment: Payment): Payment {
    store.keep({ payment });
    if (isPayable(payment)) payable.add(payment.id);
    else payable.delete(payment.id);
    courier.tell(payment);
    return payment;
  }

  function find(id: string): Payment {
    const payment = store.payments.get(id);
    if (!payment) throw new Fault(404, '1007', 'Payment not found');
    return payment;
  }

  function move(id: string, to: Status): Payment {
    const payment = find(id);
    if (!TRANSITIONS[payment.status].includes(to)) throw new Fault(409, '1008', `A payment that is ${payment.status} cannot become ${to}`);
    return write({ ...payment, status: to, updatedAt: new Date().toISOString() });
  }

  return {
    find,
    open(asked) {
      const now = new Date();
      const times = {
        createdAt: now.toISOString(),
        updatedAt: now.toISOString(),
        expiresAt: new Date(now.getTime() + lifeMs).toISOString(),
      };
      return write({ ...asked, ...times, id: `pay_${randomBytes(12).toString('hex')}`, status: 'NEW' });
    },
    move,
    expire() {
      const now = new Date().toISOString();
      for (const id of payable) if (find(id).expiresAt <= now) move(id, 'EXPIRED');
    },
  };
}

const isPayable = ({ status }: Payment): boolean => status === 'NEW' || status === 'FORM_SHOWED';
