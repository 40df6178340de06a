// What the page says, in sentences that are read at arm's length.
import { Away } from './api.js';

/**
 * @typedef {import('./gate.js').Answer} Answer
 * @typedef {import('./state.js').DoorEvent} DoorEvent
 * @typedef {import('./state.js').Conflict} Conflict
 * @typedef {import('./guests.js').Guest} Guest
 * @typedef {{ kind: 'yes' | 'no' | 'unsure', mark: string, word: string, why: string }} Told
 */

/** @param {DoorEvent | undefined} event @returns {Intl.DateTimeFormatOptions} */
const zone = (event) => (event?.time_zone ? { timeZone: event.time_zone } : {});

/** The time of day where the event is; with the day, if that is another than today. @param {string} at @param {DoorEvent | undefined} event */
export function clock(at, event) {
  const day = (/** @type {Date} */ date) =>
    date.toLocaleDateString('en-GB', { weekday: 'short', day: 'numeric', month: 'short', ...zone(event) });
  const time = new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', ...zone(event) });
  return day(new Date(at)) === day(new Date()) ? time : `${time} on ${day(new Date(at))}`;
}

/** @type {Record<string, string>} */
const REFUSED = {
  already_used: 'ALREADY USED',
  void: 'TICKET CANCELLED',
  not_paid: 'NOT PAID',
  event_cancelled: 'EVENT CANCELLED',
  event_over: 'EVENT IS OVER',
  other_event: 'WRONG EVENT',
  turned_away: 'SENT AWAY BEFORE',
  unknown_code: 'NOT A TICKET',
};

/**
 * @param {Answer} answer
 * @param {{ event?: DoorEvent, readAt?: string, listed: boolean }} door `readAt`: when the list was read last
 * @returns {Told}
 */
export function answer(answer, { event, readAt, listed }) {
  const who = [answer.name, answer.offer, answer.place].filter(Boolean).join(' · ');
  const list = listed && readAt ? `list as of ${clock(readAt, event)}` : 'the list is not complete';
  const offline = answer.offline ? `Decided offline, ${list}.` : '';
  const used = answer.used_at ? `at ${clock(answer.used_at, event)}${answer.used_gate ? ` at gate ${answer.used_gate}` : ''}` : '';
  if (answer.outcome === 'admitted')
    return { kind: 'yes', mark: '✓', word: answer.people > 1 ? `COME IN: ${answer.people} PEOPLE` : 'COME IN', why: lines(who, offline) };
  if (answer.outcome === 'unsure')
    return {
      kind: 'unsure',
      mark: '?',
      word: 'NOT KNOWN HERE YET',
      why: lines('Ask again with a network, or look at the confirmation of payment.', offline),
    };
  const why = answer.outcome === 'already_used' ? used : '';
  return { kind: 'no', mark: '✕', word: REFUSED[answer.outcome] ?? 'NO', why: lines(why, who, offline) };
}

/** @param {...string} parts */
const lines = (...parts) => parts.filter(Boolean).join('\n');

/** A scan that the gateway refused to hear, or that could not be kept. @param {unknown} error @returns {Told} */
export const noAnswer = (error) => ({
  kind: 'unsure',
  mark: '?',
  word: 'NO ANSWER',
  why: error instanceof Error ? error.message : String(error),
});

/** @param {number} conflicts */
export const badge = (conflicts) => (conflicts === 1 ? '1 conflict' : `${conflicts} conflicts`);

/** @param {unknown} error why the door cannot be left */
export const staying = (error) =>
  error instanceof Away
    ? 'Choosing another event or gate needs a network: the list of guests would be lost.'
    : error instanceof Error
      ? error.message
      : String(error);

/** @param {number} n */
const scansWait = (n) => (n === 1 ? 'scan waits to be uploaded' : 'scans wait to be uploaded');

/** @param {{ pending: number, telling: number, signedOut: boolean, trouble: string, listed: boolean, online: boolean }} state */
export function kept({ pending, telling, signedOut, trouble, listed, online }) {
  if (trouble) return trouble;
  if (signedOut) return `The sign-in is over${pending ? `: ${pending} ${scansWait(pending)}` : ''}.`;
  if (telling) return `Uploading scans: ${telling - pending} of ${telling}`;
  if (pending) return `${pending} ${scansWait(pending)}`;
  return listed || !online ? '' : 'The list of guests is being read';
}

/** @param {DoorEvent & { tickets: number, in: number }} event */
export function event({ name, starts_at, time_zone, venue, tickets, in: inside, status }) {
  const when = new Date(starts_at).toLocaleString('en-GB', {
    dateStyle: 'medium',
    timeStyle: 'short',
    ...(time_zone && { timeZone: time_zone }),
  });
  return [name, when, venue, `${inside} of ${tickets} in`, status === 'cancelled' && 'cancelled'].filter(Boolean).join(', ');
}

/** @param {Guest} guest @param {DoorEvent | undefined} event */
export function guest({ offer, place, code, used_at, gate, void: cancelled }, event) {
  const stand = cancelled ? 'cancelled' : used_at ? `in since ${clock(used_at, event)}${gate ? ` at gate ${gate}` : ''}` : 'not in yet';
  return [offer, place, code, stand].filter(Boolean).join(' · ');
}

/** @param {number} n @param {number} most @param {boolean} listed */
export function found(n, most, listed) {
  const some = n === 0 ? 'Nobody is called that' : n === most ? `The first ${n}: write more of the name` : `${n} found`;
  return listed ? `${some}.` : `${some}. The list is not complete yet.`;
}

/** @param {Conflict} conflict @param {DoorEvent | undefined} event */
export function conflict({ name, offer, place, outcome, at, gate, by, first }, event) {
  const who = [name, offer, place].filter(Boolean).join(', ') || 'Somebody';
  const when = (/** @type {string | null} */ time) => (time ? `at ${clock(time, event)} ` : '');
  const second = `let in ${when(at)}at gate ${gate ?? '?'} by ${by}`;
  const before = first ? `, and before ${when(first.at)}at gate ${first.gate ?? '?'} by ${first.by}` : '';
  return `${who}: ${second}${before}. ${REFUSED[outcome] ?? outcome}.`;
}

/** @param {number} pending */
export const signingOut = (pending) =>
  pending
    ? `${pending} scans have not been uploaded yet. They will be lost.`
    : 'Everything that is kept in this browser is forgotten: the list, and who is signed in.';

/** @param {any} error */
export const noCamera = (error) =>
  error.name === 'NotAllowedError'
    ? 'The camera may not be used: allow it in the browser, or type codes.'
    : `There is no camera (${error.message}): type codes.`;
