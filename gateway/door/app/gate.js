// The gate: decides scans with the network or without, keeps what is not told yet, and follows what other gates do.
import { Away, call, Refused } from './api.js';
import { readCode } from './codes.js';
import { createGuests } from './guests.js';
import { judge, ofGuests } from './judge.js';

/**
 * @typedef {import('./store.js').Store} Store
 * @typedef {import('./store.js').KeptScan} KeptScan
 * @typedef {import('./guests.js').Guest} Guest
 * @typedef {{ id: string, name: string, starts_at: string, ends_at: string, time_zone: string | null, venue: string | null, status: string }} DoorEvent
 * @typedef {{ tickets: number, in: number, conflicts: number, gates: { gate: string | null, in: number, last_at: string }[] }} Counts
 * @typedef {{ id: string, name: string | null, offer: string | null, place: string | null, outcome: string, at: string, gate: string | null, by: string,
 *   first: { at: string, gate: string | null, by: string } | null }} Conflict
 * @typedef {{ code: string } | { ticket: string }} Shown what was held before the gate, or who was found by name
 * @typedef {{ outcome: string, people: number, name: string | null, offer: string | null, place: string | null, used_at: string | null,
 *   used_gate: string | null, offline: boolean }} Answer
 */

/** So long a scan waits for the gateway before the gate decides alone: people stand in line. */
const SCAN_PATIENCE_MS = 3_000;
const LOOK_EVERY_MS = 2_000;
const SLOWEST_LOOK_MS = 15_000;
const BATCH = 100;

/**
 * @param {Store} store
 * @param {() => void} changed called after anything that the page shows has changed
 */
export async function createGate(store, changed) {
  const guests = createGuests();
  const state = {
    /** @type {{ name: string, role: string } | undefined} */
    person: await store.fact('person'),
    /** @type {DoorEvent | undefined} */
    event: await store.fact('event'),
    /** @type {string} */
    gate: (await store.fact('gate')) ?? '',
    /** @type {import('./codes.js').Key[]} */
    keys: (await store.fact('keys')) ?? [],
    /** @type {Counts | undefined} */
    counts: await store.fact('counts'),
    /** @type {Conflict[]} */
    conflicts: (await store.fact('conflicts')) ?? [],
    /** When the list was read last. @type {string | undefined} */
    readAt: await store.fact('readAt'),
    online: navigator.onLine,
    /** The sign-in is over: scans are kept until somebody signs in again. */
    signedOut: false,
    /** Scans that are not told yet; while they are being told, of how many. */
    pending: (await store.scans()).length,
    telling: 0,
    /** Whether the whole list is here. */
    listed: (await store.fact('listed')) === true,
    /** What the gateway said no to, where the page cannot go on by itself. */
    trouble: '',
  };
  /** The gateway's clock less this one's, in ms. @type {number} */
  let skew = (await store.fact('skew')) ?? 0;
  /** @type {string | undefined} */
  let cursor = await store.fact('cursor');
  let order = Math.max(0, ...(await store.scans()).map(({ n }) => n));
  guests.put(await store.guests());

  const now = () => new Date(Date.now() + skew);
  const event = () => /** @type {DoorEvent} */ (state.event);

  /** @param {string} told the gateway's clock */
  function setClock(told) {
    skew = Date.parse(told) - Date.now();
  }

  /** @param {unknown} error */
  function fail(error) {
    if (error instanceof Away) state.online = false;
    else if (error instanceof Refused && error.status === 401) state.signedOut = true;
    else if (error instanceof Refused) state.trouble = error.message;
    else throw error;
  }

  /**
   * Decides one scan. With network the gateway does; without, or if it does not answer in time, this gate does and keeps the scan.
   * @param {Shown} shown
   * @returns {Promise<Answer>}
   */
  async function scan(shown) {
    const nonce = crypto.randomUUID();
    const at = now().toISOString();
    const coded = 'code' in shown ? await readCode(state.keys, shown.code) : undefined;
    if (state.online && !state.signedOut) {
      try {
        const body = { gate: state.gate, scans: [{ nonce, ...shown }] };
        const told = await call('POST', `events/${event().id}/scans`, { body, patienceMs: SCAN_PATIENCE_MS });
        setClock(told.now);
        const [result] = told.results;
        await markUsed(ticketsOf(shown, coded), result);
        return { ...result, offline: false };
      } catch (error) {
        if (error instanceof Refused && error.status !== 401 && error.status < 500) throw error;
        if (error instanceof Refused && error.status === 401) state.signedOut = true;
        else state.online = false;
      }
    }
    return decideHere(shown, coded, nonce, at);
  }

  /** @param {Shown} shown @param {import('./codes.js').Coded | undefined} coded @returns {Guest[]} */
  function ticketsOf(shown, coded) {
    if ('ticket' in shown) return [guests.ticket(shown.ticket)].filter((g) => g !== undefined);
    if (!coded) return [];
    return coded.kind === 'order' ? guests.order(coded.id) : [guests.ticket(coded.id)].filter((g) => g !== undefined);
  }

  /**
   * What the gateway said of a ticket is known here at once, also if the network goes this moment.
   * @param {Guest[]} tickets @param {{ outcome: string, used_at: string | null, used_gate: string | null }} result
   */
  async function markUsed(tickets, { outcome, used_at, used_gate }) {
    if (outcome !== 'admitted' && outcome !== 'already_used') return;
    const used = tickets.filter((g) => !g.void && !g.used_at).map((g) => ({ ...g, used_at, gate: used_gate }));
    guests.put(used);
    await store.keepGuests(used, {});
  }

  /** @param {Shown} shown @param {import('./codes.js').Coded | undefined} coded @param {string} nonce @param {string} at @returns {Promise<Answer>} */
  async function decideHere(shown, coded, nonce, at) {
    const found = 'ticket' in shown ? guests.ticket(shown.ticket) : undefined;
    const verdict = found ? ofGuests([found], event(), now()) : judge(coded, guests, event(), now());
    const admitted = verdict.outcome === 'admitted';
    if (verdict.outcome !== 'unknown_code') {
      const used = admitted ? verdict.guests.map((g) => ({ ...g, used_at: at, gate: state.gate, offline: true })) : [];
      order += 1;
      const kept = {
        nonce,
        n: order,
        eventId: event().id,
        gate: state.gate,
        ...shown,
        at,
        let_in: admitted,
        tickets: used.map((g) => g.ticket),
      };
      await store.keepScan(kept, used);
      guests.put(used);
      state.pending += 1;
    }
    const [first] = verdict.guests;
    changed();
    return {
      ...{ outcome: verdict.outcome, people: verdict.people, used_at: verdict.used_at, used_gate: verdict.used_gate, offline: true },
      ...{ name: first?.name ?? null, offer: first?.offer ?? null, place: first?.place ?? null },
    };
  }

  /** Tells the gateway what was scanned without it, in order. A scan is forgotten when its result is there. */
  async function tell() {
    const waiting = await store.scans();
    const all = waiting.length;
    while (waiting.length) {
      const [{ eventId, gate }] = /** @type {[KeptScan]} */ (/** @type {unknown} */ (waiting));
      const end = waiting.findIndex((s) => s.eventId !== eventId || s.gate !== gate);
      const batch = waiting.splice(0, Math.min(BATCH, end < 0 ? waiting.length : end));
      const scans = batch.map(({ nonce, code, ticket, at, let_in }) => ({ nonce, code, ticket, at, let_in }));
      await call('POST', `events/${eventId}/scans`, { body: { gate, scans } });
      await store.dropScans(batch.map((s) => s.nonce));
      state.pending -= batch.length;
      // Only now: who cannot tell them is not telling.
      state.telling = waiting.length ? all : 0;
      changed();
    }
  }

  /** Reads what changed, page by page. */
  async function read() {
    const { id } = event();
    for (let more = true; more; ) {
      const told = await call('GET', `events/${id}/changes${cursor ? `?since=${encodeURIComponent(cursor)}` : ''}`);
      if (state.event?.id !== id) return;
      setClock(told.now);
      // A scan that is not told yet is known here alone.
      const untold = new Set((await store.scans()).flatMap((s) => s.tickets));
      const fresh = told.guests.filter((/** @type {Guest} */ g) => g.used_at || g.void || !untold.has(g.ticket));
      guests.put(fresh);
      ({ cursor, more } = told);
      state.listed ||= !more;
      Object.assign(state, { event: told.event, counts: told.counts, readAt: told.now });
      await store.keepGuests(fresh, {
        ...{ cursor, skew, event: told.event, counts: told.counts, readAt: told.now, listed: state.listed },
      });
      changed();
    }
    if (state.counts?.conflicts === state.conflicts.length) return;
    state.conflicts = (await call('GET', `events/${id}/conflicts`)).conflicts;
    await store.keep({ conflicts: state.conflicts });
  }

  /** One look: tells, then reads. Resolves when it is done or has failed; never rejects for what the network does. */
  async function look() {
    if (!state.event || state.signedOut) return;
    try {
      await tell();
      await read();
      state.online = true;
      state.trouble = '';
    } catch (error) {
      fail(error);
    }
    state.telling = 0;
    changed();
  }

  /** @type {Promise<void> | undefined} */
  let looking;
  /** A look; the one that is under way, if there is one. */
  const sync = () => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };

  return {
    state,
    guests,
    scan,
    sync,
    now,

    /** Looks again and again while the page is seen, more slowly while nobody answers, and at once when the network comes back. */
    async follow() {
      /** @type {(value?: unknown) => void} */
      let wake = () => {};
      window.addEventListener('online', () => wake());
      for (let pause = LOOK_EVERY_MS; ; ) {
        if (!document.hidden) await sync();
        pause = state.online ? LOOK_EVERY_MS : Math.min(SLOWEST_LOOK_MS, pause * 2);
        await new Promise((resolve) => {
          wake = resolve;
          setTimeout(resolve, pause);
        });
      }
    },

    /** @param {string} email @param {string} password */
    async signIn(email, password) {
      const person = await call('POST', 'session', { body: { email, password } });
      Object.assign(state, { person, signedOut: false, online: true });
      await store.keep({ person });
      changed();
    },

    /** @returns {Promise<(DoorEvent & { tickets: number, in: number })[]>} */
    events: async () => (await call('GET', 'events')).events,

    /** Stands at this event's door. @param {DoorEvent} chosen @param {string} gate */
    async choose(chosen, gate) {
      const { keys } = await call('GET', 'keys');
      if (state.event?.id !== chosen.id) {
        await store.forgetEvent();
        guests.clear();
        cursor = undefined;
        Object.assign(state, { counts: undefined, conflicts: [], readAt: undefined, listed: false });
      }
      const { id, name, starts_at, ends_at, time_zone, venue, status } = chosen;
      Object.assign(state, { event: { id, name, starts_at, ends_at, time_zone, venue, status }, gate, keys, trouble: '' });
      await store.keep({ event: state.event, gate, keys, listed: state.listed });
      changed();
      await sync();
    },

    /** Leaves the door; what is not told yet stays until it is. */
    async leave() {
      await store.forgetEvent();
      guests.clear();
      cursor = undefined;
      Object.assign(state, { event: undefined, counts: undefined, conflicts: [], readAt: undefined, listed: false });
      changed();
    },

    /** Signs out and forgets everything, also scans that are not told yet: the page asks before. */
    async signOut() {
      await call('DELETE', 'session').catch(() => undefined);
      await store.clear();
      guests.clear();
      cursor = undefined;
      Object.assign(state, {
        person: undefined,
        event: undefined,
        counts: undefined,
        conflicts: [],
        pending: 0,
        listed: false,
        signedOut: false,
      });
      changed();
    },
  };
}

/** @typedef {Awaited<ReturnType<typeof createGate>>} Gate */
