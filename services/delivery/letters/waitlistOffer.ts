// The letter to somebody of the waitlist who is next: what is held, until when, and where to pay.
import { toTheMinute } from '../../shared/time.ts';
import { type Letter, page } from './letter.ts';

export const waitlistOffer: Letter = {
  kind: 'waitlist-offer',
  of: 'order',
  write: ({ order, code, total, places }, { until, link }: { until: string; link: string }) =>
    page(
      `A place for ${order.event.name} is held for you (${code})`,
      `Hello ${order.buyer_name},`,
      [
        `you are next on the waitlist of ${order.event.name}, ${toTheMinute(order.event.starts_at)}. We hold this for you until ${toTheMinute(String(until))}:`,
        `Pay ${total} here: ${String(link)}`,
        'After that time the offer goes to the next in line, and you would have to join the waitlist again.',
      ],
      places,
    ),
};
