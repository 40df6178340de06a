// What goes over the wire: a payment as the gateway keeps it, and the token that proves a call.
import { createHash } from 'node:crypto';

export const STATUSES = ['NEW', 'FORM_SHOWED', 'AUTHORIZED', 'CONFIRMED', 'CANCELLED', 'FAILED', 'EXPIRED', 'REFUNDED'] as const;
export type Status = (typeof STATUSES)[number];

/** `amount` in minor units; times are ISO texts. */
export type Payment = {
  id: string;
  orderId: string;
  teamSlug: string;
  amount: number;
  currency: string;
  status: Status;
  description: string;
  successURL: string;
  failURL: string;
  notificationURL: string;
  createdAt: string;
  updatedAt: string;
  expiresAt: string;
};

/** Where a payment may go. FORM_SHOWED is NEW whose page was opened. */
export const TRANSITIONS: Record<Status, readonly Status[]> = {
  NEW: ['FORM_SHOWED', 'AUTHORIZED', 'CANCELLED', 'FAILED', 'EXPIRED'],
  FORM_SHOWED: ['AUTHORIZED', 'CANCELLED', 'FAILED', 'EXPIRED'],
  AUTHORIZED: ['CONFIRMED', 'CANCELLED'],
  CONFIRMED: ['REFUNDED'],
  CANCELLED: [],
  FAILED: [],
  EXPIRED: [],
  REFUNDED: [],
};

/** The token of these values, in this order: a hex SHA-256 of what they are when joined. */
export const tokenOf = (...values: (string | number)[]): string => createHash('sha256').update(values.join(''), 'utf8').digest('hex');

/** A refusal as the gateway speaks it. */
export class Fault extends Error {
  readonly status: number;
  readonly errorCode: string;

  constructor(status: number, errorCode: string, message: string) {
    super(message);
    this.status = status;
    this.errorCode = errorCode;
  }
}

/** A payment as `check` shows it. */
export const shown = ({ id, successURL, failURL, notificationURL, ...payment }: Payment) => ({ paymentId: id, ...payment });
