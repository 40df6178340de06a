// Decides a scan where there is no network, from the code and what this gate knows. Pure, so that it is tested without a browser.
import { eventTag } from './codes.js';

/**
 * `outcome` is the gateway's word; `unsure`: only the gateway can know. `guests`: whose tickets are used by it.
 * @typedef {import('./codes.js').Coded} Coded
 * @typedef {import('./guests.js').Guest} Guest
 * @typedef {{ outcome: 'admitted' | 'already_used' | 'void' | 'event_cancelled' | 'event_over' | 'other_event' | 'unknown_code' | 'unsure',
 *   people: number, guests: Guest[], used_at: string | null, used_gate: string | null }} Verdict
 * @typedef {{ id: string, ends_at: string, status: string }} DoorEvent
 */

/**
 * @param {Coded | undefined} coded undefined: no key signed it
 * @param {import('./guests.js').Guests} list
 * @param {DoorEvent} event
 * @param {Date} now
 * @returns {Verdict}
 */
export function judge(coded, list, event, now) {
  if (!coded) return refused('unknown_code');
  if (coded.kind !== 'participant' && coded.event !== eventTag(event.id)) return refused('other_event');
  if (event.status === 'cancelled') return refused('event_cancelled');

  const known = list.coded(coded);
  // A ticket's code is made when it is paid: one that the list does not have was sold after the list was read.
  if (!known.length && coded.kind === 'ticket') return ofUnlisted(coded.id, event, now);
  // An order's code is made before it is paid; a participant's that the list does not have may be of another event.
  if (!known.length) return refused('unsure');
  return ofGuests(known, event, now);
}

/**
 * Decides for guests who were found by name, or by a code.
 * @param {Guest[]} known at least one
 * @param {DoorEvent} event
 * @param {Date} now
 * @returns {Verdict}
 */
export function ofGuests(known, event, now) {
  if (event.status === 'cancelled') return refused('event_cancelled', known);
  const live = known.filter((guest) => !guest.void);
  if (!live.length) return refused('void', known);
  const fresh = live.filter((guest) => !guest.used_at);
  if (!fresh.length) {
    const [first] = [...live].sort((a, b) => String(a.used_at).localeCompare(String(b.used_at)));
    return { ...refused('already_used', live), used_at: first?.used_at ?? null, used_gate: first?.gate ?? null };
  }
  if (isOver(event, now)) return refused('event_over', fresh);
  return { outcome: 'admitted', people: fresh.length, guests: fresh, used_at: null, used_gate: null };
}

/** @param {string} ticket @param {DoorEvent} event @param {Date} now @returns {Verdict} */
function ofUnlisted(ticket, event, now) {
  if (isOver(event, now)) return refused('event_over');
  const unknown = { order: null, number: null, code: null, name: null, offer: null, place: null, void: false, used_at: null, gate: null };
  return { outcome: 'admitted', people: 1, guests: [{ ticket, ...unknown }], used_at: null, used_gate: null };
}

/** @param {DoorEvent} event @param {Date} now */
const isOver = (event, now) => new Date(event.ends_at) <= now;

/** @param {Exclude<Verdict['outcome'], 'admitted'>} outcome @param {Guest[]} guests @returns {Verdict} */
const refused = (outcome, guests = []) => ({ outcome, people: 0, guests, used_at: null, used_gate: null });
