// The letter to a buyer whose order is cancelled.
import { amount, type Letter, page } from './letter.ts';

export const cancelled: Letter = {
  kind: 'cancelled',
  of: 'order',
  write: ({ order, code, places }) =>
    page(
      `Order ${code} is cancelled`,
      `Hello ${order.buyer_name},`,
      [
        `your order for ${order.event.name} is cancelled.`,
        ...(order.refund ? [`We refund ${amount(order.refund.amount_minor, order.currency)}.`] : []),
      ],
      places,
    ),
};
