// The letter to somebody who waited for an event that is cancelled. It belongs to no order.
import { toTheMinute } from '../../shared/time.ts';
import { type Letter, page } from './letter.ts';

export const waitlistCancelled: Letter = {
  kind: 'waitlist-cancelled',
  of: 'none',
  write: ({ name, event, startsAt, reason }: { name: string; event: string; startsAt: string; reason: string }) =>
    page(`${event} is cancelled`, `Hello ${name},`, [
      `we are sorry: ${event}, ${toTheMinute(startsAt)}, will not take place.`,
      ...(reason ? [reason] : []),
      'You were on its waitlist, which is closed. Nothing was charged, and you need not do anything.',
    ]),
};
