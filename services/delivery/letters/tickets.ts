// The letter with the tickets: the order is paid.
import { localTime } from '../../shared/time.ts';
import { type Letter, page } from './letter.ts';

export const tickets: Letter = {
  kind: 'tickets',
  of: 'order',
  write: async ({ order, code, total, fee, places, tickets }) =>
    page(
      `Your tickets for ${order.event.name} (${code})`,
      `Hello ${order.buyer_name},`,
      [
        `you are going to ${order.event.name}${order.event.venue ? `, ${order.event.venue}` : ''}, ${localTime(order.event.starts_at, order.event.time_zone)}.`,
        `Paid: ${total}${fee ? `, ${fee} of it the service fee` : ''}.`,
        'Show the QR code of each ticket at the door.',
      ],
      places,
      await tickets(),
    ),
};
