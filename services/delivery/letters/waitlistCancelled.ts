// The letter to somebody who waited for an event that is cancelled. It belongs to no order.
import { isolated } from '../../shared/text.ts';
import { localTime } from '../../shared/time.ts';
import { type Letter, page } from './letter.ts';

/** `timeZone`: the venue's, if it has one. */
type Told = { name: string; event: string; startsAt: string; timeZone?: string | null; reason: string };

export const waitlistCancelled: Letter = {
  kind: 'waitlist-cancelled',
  of: 'none',
  write: ({ name, event: named, startsAt, timeZone, reason }: Told) => {
    const event = isolated(named);
    return page(`${event} is cancelled`, `Hello ${isolated(name)},`, [
      `we are sorry: ${event}, ${localTime(startsAt, timeZone)}, will not take place.`,
      ...(reason ? [reason] : []),
      'You were on its waitlist, which is closed. Nothing was charged, and you need not do anything.',
    ]);
  },
};
