// The letter to a buyer whose event is cancelled: what was paid goes back.
import { amount, type Letter, page } from './letter.ts';

export const eventCancelled: Letter = {
  kind: 'event-cancelled',
  of: 'order',
  write: ({ order, code, places }, { reason }: { reason?: unknown }) =>
    page(
      `${order.event.name} is cancelled (${code})`,
      `Hello ${order.buyer_name},`,
      [
        `we are sorry: ${order.event.name} will not take place.`,
        ...(reason ? [String(reason)] : []),
        order.refund
          ? `${amount(order.refund.amount_minor, order.currency)} go back to the card you paid with. You need not do anything.`
          : 'Nothing was charged for this booking.',
      ],
      places,
    ),
};
