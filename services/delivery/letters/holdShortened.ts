// The letter to somebody whose hold ends sooner than was said, because the event begins sooner.
import { localTime } from '../../shared/time.ts';
import { type Letter, page } from './letter.ts';

export const holdShortened: Letter = {
  kind: 'hold-shortened',
  of: 'order',
  write: ({ order, code, places }) => {
    const { name, starts_at, time_zone } = order.event;
    return page(
      `${name} begins sooner: please pay by ${localTime(order.expires_at!, time_zone)} (${code})`,
      `Hello ${order.buyer_name},`,
      [
        `${name} now begins on ${localTime(starts_at, time_zone)}. What you have not paid yet is held for you until ${localTime(order.expires_at!, time_zone)}, and not as long as we said before.`,
        'After that time nothing is charged, and the places go to others.',
      ],
      places,
    );
  },
};
