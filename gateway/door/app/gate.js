// The gate: decides scans with the network or without, and keeps what is not told yet.
import { Away, call, Refused } from './api.js';
import { readCode } from './codes.js';
import { createGuests } from './guests.js';
import { judge, ofGuests } from './judge.js';
import { NO_EVENT, readState } from './state.js';
import { createSync } from './sync.js';

/**
 * @typedef {import('./codes.js').Coded} Coded
 * @typedef {import('./guests.js').Guest} Guest
 * @typedef {import('./judge.js').Verdict} Verdict
 * @typedef {import('./state.js').DoorEvent} DoorEvent
 * @typedef {{ code: string } | { ticket: string }} Shown what was held before the gate, or who was found by name
 * @typedef {{ outcome: string, people: number, name: string | null, offer: string | null, place: string | null, used_at: string | null,
 *   used_gate: string | null, offline: boolean }} Answer
 */

/** So long a scan waits for the gateway before the gate decides alone: people stand in line. */
const SCAN_PATIENCE_MS = 3_000;

/**
 * @param {import('./store.js').Store} store
 * @param {() => void} changed called after anything that the page shows has changed
 */
export async function createGate(store, changed) {
  const state = await readState(store);
  const guests = createGuests();
  guests.put(await store.guests());
  const { sync, follow } = createSync({ state, guests, store, changed });
  const now = () => new Date(Date.now() + state.skew);

  /** @param {Shown} shown @param {Coded | undefined} coded @returns {Guest[]} */
  function ticketsOf(shown, coded) {
    if (coded) return guests.coded(coded);
    const guest = 'ticket' in shown ? guests.ticket(shown.ticket) : undefined;
    return guest ? [guest] : [];
  }

  /**
   * Decides one scan. With network the gateway does; without, or if it does not answer in time, this gate does and keeps the scan.
   * @param {Shown} shown
   * @returns {Promise<Answer>}
   * @throws Refused where the gateway refuses the call itself: the event is not this person's any more
   */
  async function scan(shown) {
    const { visit, event, gate } = state;
    if (!event) throw new Error('No door is open.');
    const nonce = crypto.randomUUID();
    const at = now();
    const coded = 'code' in shown ? await readCode(state.keys, shown.code) : undefined;
    const known = ticketsOf(shown, coded);
    // Decided before the gateway is asked: if its answer is lost the list may say meanwhile that this very scan used the ticket.
    const verdict = 'ticket' in shown && known.length ? ofGuests(known, event, at) : judge(coded, guests, event, at);

    // Whom this gate let in without a network, the gateway would let in again until it is told.
    if (state.online && !state.signedOut && !known.some((guest) => guest.offline)) {
      try {
        const told = await call('POST', `events/${event.id}/scans`, {
          body: { gate, scans: [{ nonce, ...shown }] },
          patienceMs: SCAN_PATIENCE_MS,
        });
        const [result] = told.results;
        if (state.visit === visit) await markUsed(known, result);
        return { ...result, offline: false };
      } catch (error) {
        if (error instanceof Refused && error.status === 401) state.signedOut = true;
        else if (error instanceof Refused && error.status !== 429 && error.status < 500) throw error;
        else if (error instanceof Refused || error instanceof Away) state.online = false;
        else throw error;
      }
    }
    return keep(verdict, { nonce, eventId: event.id, gate, ...shown, at: at.toISOString() }, visit);
  }

  /**
   * What the gateway said of tickets is known here at once, also if the network goes this moment.
   * @param {Guest[]} tickets @param {{ outcome: string, used_at: string | null, used_gate: string | null }} result
   */
  async function markUsed(tickets, { outcome, used_at, used_gate }) {
    if (outcome !== 'admitted' && outcome !== 'already_used') return;
    const used = tickets.filter((g) => !g.void && !g.used_at).map((g) => ({ ...g, used_at, gate: used_gate }));
    guests.put(used);
    await store.keepGuests(used, {});
  }

  /**
   * Keeps a scan that was decided here, before anybody is told to come in.
   * @param {Verdict} verdict
   * @param {Omit<import('./store.js').KeptScan, 'n' | 'let_in' | 'tickets'>} made
   * @param {number} visit
   * @returns {Promise<Answer>}
   */
  async function keep(verdict, made, visit) {
    const { outcome, people, used_at, used_gate } = verdict;
    const admitted = outcome === 'admitted';
    if (outcome !== 'unknown_code') {
      const used = admitted ? verdict.guests.map((g) => ({ ...g, used_at: made.at, gate: made.gate, offline: true })) : [];
      const here = state.visit === visit ? used : [];
      guests.put(here);
      await store.keepScan({ ...made, let_in: admitted, tickets: used.map((g) => g.ticket) }, here);
      state.pending = await store.countScans();
    }
    changed();
    const [first] = verdict.guests;
    return {
      ...{ outcome, people, used_at, used_gate, offline: true },
      ...{ name: first?.name ?? null, offer: first?.offer ?? null, place: first?.place ?? null },
    };
  }

  /** Forgets the event and its guests; scans that are not told yet stay until they are. */
  async function forgetEvent() {
    state.visit += 1;
    guests.clear();
    Object.assign(state, NO_EVENT);
    await store.forgetEvent();
  }

  return {
    state,
    guests,
    scan,
    sync,
    follow,

    /** @param {string} email @param {string} password */
    async signIn(email, password) {
      const person = await call('POST', 'session', { body: { email, password } });
      Object.assign(state, { person, signedOut: false, online: true, endOwed: false });
      await store.keep({ person, endOwed: false });
      changed();
    },

    /** @returns {Promise<(DoorEvent & { tickets: number, in: number })[]>} */
    events: async () => (await call('GET', 'events')).events,

    /** Stands at this event's door. @param {DoorEvent} chosen @param {string} gate */
    async choose(chosen, gate) {
      const { keys } = await call('GET', 'keys');
      await forgetEvent();
      const { id, name, starts_at, ends_at, time_zone, venue, status } = chosen;
      Object.assign(state, { event: { id, name, starts_at, ends_at, time_zone, venue, status }, gate, keys, online: true, trouble: '' });
      await store.keep({ event: state.event, gate, keys });
      // Asks the browser not to throw scans away when its disk is full.
      void navigator.storage?.persist?.().catch(() => false);
      changed();
      await sync();
    },

    /** Leaves the door. Throws Away without a network: the list could not be read again, and the gate would stand there without it. */
    async leave() {
      await call('GET', 'events');
      await forgetEvent();
      changed();
    },

    /** Signs out and forgets everything, also scans that are not told yet: the page asks before. */
    async signOut() {
      state.visit += 1;
      const ended = await call('DELETE', 'session', { patienceMs: SCAN_PATIENCE_MS }).then(
        () => true,
        (error) => error instanceof Refused,
      );
      await store.clear();
      guests.clear();
      await store.keep({ endOwed: !ended });
      Object.assign(state, NO_EVENT, { person: undefined, gate: '', keys: [], pending: 0, signedOut: false, trouble: '', endOwed: !ended });
      changed();
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof createGate>>} Gate */
