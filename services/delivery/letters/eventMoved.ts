// The letter to a holder whose event has moved to another time or venue, with the tickets drawn anew.
import { isolated } from '../../shared/text.ts';
import { localTime } from '../../shared/time.ts';
import { type Letter, page } from './letter.ts';

/** `time_zone`: the venue's; missing in a notice older than zones. */
type Where = { starts_at: string; venue: string | null; time_zone?: string | null };
const when = (w: Where) => localTime(w.starts_at, w.time_zone);
const whenAndWhere = (w: Where) => `on ${when(w)}${w.venue ? `, ${isolated(w.venue)}` : ''}`;

export const eventMoved: Letter = {
  kind: 'event-moved',
  of: 'order',
  write: async ({ order, code, places, tickets }, { before, after, reason }: { before: Where; after: Where; reason: string }) =>
    page(
      `${order.event.name} has moved: ${when(after)} (${code})`,
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
