// What the page says, in sentences that are read at arm's length.

/**
 * @typedef {import('./gate.js').Answer} Answer
 * @typedef {import('./gate.js').DoorEvent} DoorEvent
 * @typedef {import('./gate.js').Conflict} Conflict
 * @typedef {import('./guests.js').Guest} Guest
 */

/** The time of day where the event is. @param {string} at @param {DoorEvent | undefined} event */
export const clock = (at, event) =>
  new Date(at).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', ...(event?.time_zone && { timeZone: event.time_zone }) });

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
 * @param {DoorEvent | undefined} event
 * @param {string | undefined} readAt when the list was read last
 * @returns {{ kind: 'yes' | 'no' | 'unsure', mark: string, word: string, why: string }}
 */
export function answer(answer, event, readAt) {
  const who = [answer.name, answer.offer, answer.place].filter(Boolean).join(' · ');
  const offline = answer.offline ? `Decided offline${readAt ? `, list as of ${clock(readAt, event)}` : ''}.` : '';
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
const lines = (...parts) => parts.filter(Boolean).join(' — ');

/** @param {{ pending: number, telling: number, signedOut: boolean, trouble: string, listed: boolean, online: boolean }} state */
export function kept({ pending, telling, signedOut, trouble, listed, online }) {
  if (trouble) return trouble;
  if (signedOut) return `The sign-in is over: leave the door and sign in again${pending ? `, ${pending} scans wait to be uploaded` : ''}.`;
  if (telling) return `Uploading scans: ${telling - pending} of ${telling}`;
  if (pending) return `${pending} ${pending === 1 ? 'scan waits' : 'scans wait'} to be uploaded`;
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
  const second = `let in at ${clock(at, event)} at gate ${gate ?? '?'} by ${by}`;
  const before = first ? `, and before at ${clock(first.at, event)} at gate ${first.gate ?? '?'} by ${first.by}` : '';
  return `${who}: ${second}${before}. ${REFUSED[outcome] ?? outcome}.`;
}

/** @param {number} pending */
export const signingOut = (pending) =>
  pending
    ? `${pending} scans have not been uploaded yet. They will be lost.`
    : 'Everything that is kept in this browser is forgotten: the list, and who is signed in.';

/** @param {Error} error */
export const noCamera = (error) =>
  error.name === 'NotAllowedError'
    ? 'The camera may not be used: allow it in the browser, or type codes.'
    : `There is no camera (${error.message}): type codes.`;
