// The letter to a holder whose event has moved to another time or venue, with the tickets drawn anew.
import { toTheMinute } from '../../shared/time.ts';
import { type Letter, page } from './letter.ts';

type Where = { starts_at: string; venue: string | null };
const whenAndWhere = (w: Where) => `on ${toTheMinute(w.starts_at)}${w.venue ? `, ${w.venue}` : ''}`;

export const eventMoved: Letter = {
  kind: 'event-moved',
  of: 'order',
  write: async ({ order, code, places, tickets }, { before, after, reason }: { before: Where; after: Where; reason: string }) =>
    page(
      `${order.event.name} has moved: ${toTheMinute(after.starts_at)} (${code})`,
      `Hello ${order.buyer_name},`,
      [
        `${order.event.name} takes place ${whenAndWhere(after)}. It was to be ${whenAndWhere(before)}.`,
        ...(reason ? [reason] : []),
        'Your tickets stay valid; here they are with the new date. If it does not suit you, cancel the booking before the event begins and you get your money back.',
      ],
      places,
      await tickets(),
    ),
};
