// The letter to a buyer whose money came when the places could no longer be had.
import { type Letter, page } from './letter.ts';

export const expiredPayment: Letter = {
  kind: 'expired-payment',
  of: 'order',
  write: ({ order, code }) =>
    page(`Order ${code}: your payment came too late and goes back to you`, `Hello ${order.buyer_name},`, [
      `your payment for ${order.event.name} reached us when the places could no longer be had.`,
      'The whole amount is on its way back to you. You need not do anything.',
    ]),
};
