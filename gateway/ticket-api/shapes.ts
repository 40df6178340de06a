// How the Ticket API writes times and the states of bookings.
import { z } from 'zod';
import type { OrderView, Stage } from '../../services/orders/view.ts';

/** 2025-12-24T11:00:00Z, to the second. */
export const time = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

export const STATUSES = z.enum(['reserved', 'paid', 'expired', 'cancelled', 'refunded']);
export type Status = z.infer<typeof STATUSES>;

const STATUS = {
  pending: 'reserved',
  processing: 'reserved',
  failed: 'reserved',
  expired: 'expired',
  confirmed: 'paid',
  cancelled: 'cancelled',
  refunded: 'refunded',
} as const satisfies Record<Stage, Status>;

export const statusOf = (order: Pick<OrderView, 'stage'>): Status => STATUS[order.stage];
