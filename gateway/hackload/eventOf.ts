// The event that a call of this API means: by its number.
import { DomainError } from '../../services/shared/errors.ts';
import type { Feed } from '../reads/feed.ts';
import type { Named } from '../reads/names.ts';

/** Throws event_not_found, also for drafts. */
export async function eventOf(feed: Feed, number: number): Promise<Named> {
  const event = await feed.identify(number);
  if (!event) throw new DomainError('event_not_found', 'There is no such event.', { eventId: String(number) });
  return event;
}
