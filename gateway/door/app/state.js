// What the page knows: read from the browser's store when it opens, and kept there as it changes.

/**
 * @typedef {{ id: string, name: string, starts_at: string, ends_at: string, time_zone: string | null, venue: string | null, status: string }} DoorEvent
 * @typedef {{ tickets: number, in: number, conflicts: number, gates: { gate: string | null, in: number, last_at: string }[] }} Counts
 * @typedef {{ id: string, name: string | null, offer: string | null, place: string | null, outcome: string, at: string | null, gate: string | null, by: string,
 *   first: { at: string | null, gate: string | null, by: string } | null }} Conflict
 * @typedef {Awaited<ReturnType<typeof readState>>} State
 */

/** @param {import('./store.js').Store} store */
export async function readState(store) {
  return {
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
    /** As the gateway lists them. @type {Conflict[]} */
    conflicts: (await store.fact('conflicts')) ?? [],
    /** Those that no list of the event has: the gateway does not know the code. @type {Conflict[]} */
    strange: (await store.fact('strange')) ?? [],
    /** When the list was read last. @type {string | undefined} */
    readAt: await store.fact('readAt'),
    /** Where the next reading begins. @type {string | undefined} */
    cursor: await store.fact('cursor'),
    /** Whether the whole list is here. */
    listed: (await store.fact('listed')) === true,
    /** The gateway's clock less this one's, in ms. @type {number} */
    skew: (await store.fact('skew')) ?? 0,
    online: navigator.onLine,
    /** The sign-in is over: scans are kept until somebody signs in again. */
    signedOut: false,
    /** Somebody signed out where no network was: the gateway is still to be told. */
    endOwed: (await store.fact('endOwed')) === true,
    /** Scans that are not told yet, and of how many when the telling began. */
    pending: await store.countScans(),
    telling: 0,
    /** What the gateway said no to, where the page cannot go on by itself. */
    trouble: '',
    /** Counts the doors that were opened and left: what was asked for at one must not be written at the next. */
    visit: 0,
  };
}

/** What is forgotten with an event. */
export const NO_EVENT = {
  event: undefined,
  counts: undefined,
  conflicts: [],
  strange: [],
  readAt: undefined,
  cursor: undefined,
  listed: false,
};
