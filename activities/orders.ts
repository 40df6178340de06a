// What an order's workflow asks of the orders service: short SQL, run as local activities of the orders queue.
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import * as orders from '../services/orders.ts';
import { settle } from '../services/settlement.ts';
import { retryable } from './failures.ts';

export type OrderActivities = ReturnType<typeof orderActivities>;

export function orderActivities({ db, ticketSecret }: { db: Kysely<DB>; ticketSecret: string }) {
  return {
    readOrder: (orderId: string) => retryable(() => orders.facts(db, orderId)),
    settleOrder: (orderId: string) => retryable(() => settle(db, orderId, ticketSecret)),
    expireOrder: (orderId: string, at: string) => retryable(() => orders.expire(db, orderId, new Date(at))),
  };
}
