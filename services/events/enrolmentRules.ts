// What may be said of a participant, and which of an event's offers is meant.
import { isForTeams } from '../orders/participants.ts';
import { DomainError, invalidField } from '../shared/errors.ts';
import type { Room } from './room.ts';

/** What an organizer keeps about a participant, as JSON. */
const MOST_BYTES = 16_384;
const DEEPEST = 5;
const LONGEST_KEY = 100;
const LONGEST_TEAM = 200;

/**
 * Checks what is kept about a participant of an offer of this name, and returns it as JSON.
 * @throws DomainError invalid (metadata, metadata.teamName)
 */
export function checkDetails(details: Record<string, unknown>, offerName: string): string {
  const fault = faultOf(details, 1);
  if (fault) throw invalidField('metadata', fault);
  const text = JSON.stringify(details);
  if (Buffer.byteLength(text) > MOST_BYTES) throw invalidField('metadata', `It is at most ${MOST_BYTES / 1024} KB of JSON.`);
  checkTeam(details.teamName, offerName);
  return text;
}

/** A team is told by its name alone, so a member of one must say it. */
function checkTeam(name: unknown, offerName: string): void {
  if (name === undefined && !isForTeams(offerName)) return;
  if (typeof name !== 'string' || !name.trim() || name.length > LONGEST_TEAM)
    throw invalidField('metadata.teamName', `A "${offerName}" registration names its team here: 1 to ${LONGEST_TEAM} characters.`);
}

/** What jsonb would not take, or would give back as something else; and what is too deep to be anybody's data. */
function faultOf(value: unknown, depth: number): string | undefined {
  if (typeof value === 'string') return isKeepable(value) ? undefined : 'It has text with a NUL or half a character in it.';
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : 'It has a number that is too large.';
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > DEEPEST) return `It is at most ${DEEPEST} levels deep.`;
  for (const [key, inner] of Object.entries(value)) {
    if (key.length > LONGEST_KEY) return `Its keys have at most ${LONGEST_KEY} characters.`;
    const fault = isKeepable(key) ? faultOf(inner, depth + 1) : 'It has a key with a NUL or half a character in it.';
    if (fault) return fault;
  }
  return undefined;
}

const isKeepable = (text: string): boolean => !/[\0\p{Surrogate}]/u.test(text);

/**
 * The offer that a name means: its own name, or the whole one with its ticket type's, in any case of letters; or its id.
 * @throws DomainError invalid (ticketType): none, or several are called so
 */
export function offerNamed({ offers }: Room, name: string): Room['offers'][number] {
  const wanted = name.trim().toLowerCase();
  const named = (of: 'name' | 'full_name' | 'id') => offers.filter((offer) => offer[of].toLowerCase() === wanted);
  const found = [named('id'), named('full_name'), named('name')].find((some) => some.length);
  if (found?.length === 1) return found[0]!;
  const names = offers.map((offer) => `"${offer.full_name}"`).join(', ');
  if (found) throw invalidField('ticketType', `Several ticket types are called "${name}". Their whole names: ${names}.`);
  throw invalidField('ticketType', names ? `There is no such ticket type. There are: ${names}.` : 'This event has no ticket types yet.');
}

/** Throws event_cancelled, event_over or event_not_on_sale where nobody can register for the event now, whatever is free. */
export function checkOpen({ id, status, over, deadline, closed }: Room): void {
  const about = { eventId: id };
  if (status === 'draft') throw new DomainError('event_not_on_sale', 'This event is not published yet.', about);
  if (status === 'cancelled') throw new DomainError('event_cancelled', 'This event is cancelled.', about);
  if (over) throw new DomainError('event_over', 'This event is over.', about);
  if (closed) throw new DomainError('event_not_on_sale', `Registration closed at ${deadline!.toISOString().slice(0, 19)}Z.`, about);
}
