// The letter to somebody of the waitlist who is next: what is held, until when, and where to pay.
import { localTime } from '../../shared/time.ts';
import { type Letter, page } from './letter.ts';

export const waitlistOffer: Letter = {
  kind: 'waitlist-offer',
  of: 'order',
  write: ({ order, code, total, places }, { until, link }: { until: string; link: string }) =>
    page(
      `A place for ${order.event.name} is held for you (${code})`,
      `Hello ${order.buyer_name},`,
      [
        `you are next on the waitlist of ${order.event.name}, ${localTime(order.event.starts_at, order.event.time_zone)}. We hold this for you until ${localTime(until, order.event.time_zone)}:`,
        `Pay ${total} here: ${String(link)}`,
        'After that time the offer goes to the next in line, and you would have to join the waitlist again.',
      ],
      places,
    ),
};
