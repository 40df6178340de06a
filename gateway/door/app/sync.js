// Tells the gateway what was scanned without it, and follows what other gates do.
import { Away, call, Refused } from './api.js';

/**
 * @typedef {import('./guests.js').Guest} Guest
 * @typedef {import('./store.js').KeptScan} KeptScan
 * @typedef {import('./state.js').Conflict} Conflict
 */

const LOOK_EVERY_MS = 2_000;
const SLOWEST_LOOK_MS = 15_000;
const BATCH = 100;
/** The gateway lists so many conflicts at most. */
const MOST_CONFLICTS = 500;

/**
 * @param {{ state: import('./state.js').State, guests: import('./guests.js').Guests, store: import('./store.js').Store, changed: () => void }} gate
 */
export function createSync({ state, guests, store, changed }) {
  /** Tells what was scanned, in order. A scan is forgotten when its result is there, never before. Returns what the gateway refused to hear. */
  async function tell() {
    let waiting = await store.scans();
    let trouble = '';
    const all = waiting.length;
    while (waiting[0]) {
      const { eventId, gate } = waiting[0];
      const end = waiting.findIndex((s) => s.eventId !== eventId || s.gate !== gate);
      const batch = waiting.splice(0, Math.min(BATCH, end < 0 ? waiting.length : end));
      try {
        await tellBatch(eventId, gate, batch);
      } catch (error) {
        if (!(error instanceof Refused) || error.status === 401 || error.status === 429 || error.status >= 500) throw error;
        // An event that is not this person's any more: the other events' scans are told all the same.
        trouble = error.message;
        waiting = waiting.filter((s) => s.eventId !== eventId);
      }
      state.pending = await store.countScans();
      // Only now: a gate that reaches nobody is not telling.
      state.telling = waiting.length ? all : 0;
      changed();
    }
    return trouble;
  }

  /** @param {string} eventId @param {string} gate @param {KeptScan[]} batch */
  async function tellBatch(eventId, gate, batch) {
    const scans = batch.map(({ nonce, code, ticket, at, let_in }) => ({ nonce, code, ticket, at, let_in }));
    const { results } = await call('POST', `events/${eventId}/scans`, { body: { gate, scans } });
    const strange = batch.flatMap(({ nonce, at }, i) => {
      const { outcome, conflict, name, offer, place } = results[i];
      const unlisted = conflict && (outcome === 'unknown_code' || outcome === 'other_event');
      return unlisted ? [{ id: nonce, name, offer, place, outcome, at, gate, by: state.person?.name ?? '', first: null }] : [];
    });
    if (strange.length && state.event?.id === eventId) state.strange = [...strange, ...state.strange];
    await store.dropScans(batch, { strange: state.strange });
  }

  /** Reads what changed, page by page. */
  async function read() {
    const { visit, event } = state;
    if (!event) return;
    for (let more = true; more; ) {
      const since = state.cursor ? `?since=${encodeURIComponent(state.cursor)}` : '';
      const told = await call('GET', `events/${event.id}/changes${since}`);
      const untold = new Map((await store.scans()).flatMap((s) => s.tickets.map((ticket) => [ticket, s])));
      if (state.visit !== visit) return;
      const fresh = told.guests.map((/** @type {Guest} */ guest) => {
        // Whom this gate let in and has not told yet is known as in here alone.
        const scan = guest.used_at || guest.void ? undefined : untold.get(guest.ticket);
        return scan ? { ...guest, used_at: scan.at, gate: scan.gate, offline: true } : guest;
      });
      guests.put(fresh);
      more = told.more;
      const facts = {
        ...{ cursor: told.cursor, event: told.event, counts: told.counts, readAt: told.now },
        ...{ skew: Date.parse(told.now) - Date.now(), listed: state.listed || !more },
      };
      Object.assign(state, facts);
      await store.keepGuests(fresh, facts);
      changed();
    }
    if (Math.min(state.counts?.conflicts ?? 0, MOST_CONFLICTS) === state.conflicts.length) return;
    const { conflicts } = await call('GET', `events/${event.id}/conflicts`);
    if (state.visit !== visit) return;
    state.conflicts = conflicts;
    await store.keep({ conflicts });
  }

  /** One look: tells, then reads. Never rejects. */
  async function look() {
    try {
      if (state.endOwed) await endSession();
      if (!state.person || state.signedOut) return;
      const trouble = await tell();
      await read();
      Object.assign(state, { online: true, trouble });
    } catch (error) {
      if (error instanceof Away || (error instanceof Refused && error.status >= 500)) state.online = false;
      else if (error instanceof Refused && error.status === 401) state.signedOut = true;
      else state.trouble = error instanceof Error ? error.message : String(error);
    } finally {
      state.telling = 0;
      changed();
    }
  }

  /** Somebody signed out without a network: ends the sign-in now. */
  async function endSession() {
    await call('DELETE', 'session').catch((error) => {
      if (!(error instanceof Refused)) throw error;
    });
    state.endOwed = false;
    await store.keep({ endOwed: false });
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

  /** Looks again and again while the page is seen, more slowly while nobody answers, and at once when the network or the page comes back. */
  async function follow() {
    /** @type {(value?: unknown) => void} */
    let wake = () => {};
    window.addEventListener('online', () => wake());
    document.addEventListener('visibilitychange', () => wake());
    window.addEventListener('offline', () => {
      state.online = false;
      changed();
    });
    for (let pause = LOOK_EVERY_MS; ; ) {
      if (!document.hidden) await sync();
      pause = state.online ? LOOK_EVERY_MS : Math.min(SLOWEST_LOOK_MS, pause * 2);
      await new Promise((resolve) => {
        wake = resolve;
        setTimeout(resolve, pause);
      });
    }
  }

  return { sync, follow };
}
