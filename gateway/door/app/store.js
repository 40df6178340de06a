// What this gate keeps in the browser (IndexedDB), so that it goes on without a network and after a reload. No address of anybody is in it.
import { NO_EVENT } from './state.js';

/** @typedef {import('./guests.js').Guest} Guest */
/**
 * A scan that the gateway has not answered yet. `n` is its place in the order in which they were made; the store counts it.
 * @typedef {{ nonce: string, n?: number, eventId: string, gate: string, code?: string, ticket?: string, at: string, let_in: boolean, tickets: string[] }} KeptScan
 */

/** @template T @param {IDBRequest<T>} request @returns {Promise<T>} */
const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

/** @param {IDBTransaction} transaction @returns {Promise<void>} */
const committed = (transaction) =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve();
    transaction.onerror = () => reject(transaction.error);
    transaction.onabort = () => reject(transaction.error);
  });

/** Opens the store, making it where it is not there yet. */
export async function openStore() {
  const request = indexedDB.open('billetter-door', 1);
  request.onupgradeneeded = () => {
    request.result.createObjectStore('facts');
    request.result.createObjectStore('guests', { keyPath: 'ticket' });
    request.result.createObjectStore('scans', { keyPath: 'n', autoIncrement: true });
  };
  const db = await done(request);

  /** @param {string[]} names @param {(t: IDBTransaction) => void} work */
  const write = (names, work) => {
    const transaction = db.transaction(names, 'readwrite');
    work(transaction);
    return committed(transaction);
  };

  return {
    /** @param {string} name @returns {Promise<any>} */
    fact: (name) => done(db.transaction('facts').objectStore('facts').get(name)),
    /** @param {Record<string, unknown>} facts */
    keep: (facts) =>
      write(['facts'], (t) => {
        for (const [name, value] of Object.entries(facts)) t.objectStore('facts').put(value, name);
      }),
    /** @returns {Promise<Guest[]>} */
    guests: () => done(db.transaction('guests').objectStore('guests').getAll()),
    /** Guests and the cursor they came with, together: after a crash the next reading begins where this one ended. @param {Guest[]} guests @param {Record<string, unknown>} facts */
    keepGuests: (guests, facts) =>
      write(['guests', 'facts'], (t) => {
        for (const guest of guests) t.objectStore('guests').put(guest);
        for (const [name, value] of Object.entries(facts)) t.objectStore('facts').put(value, name);
      }),
    /** In the order in which they were made. @returns {Promise<KeptScan[]>} */
    scans: () => done(db.transaction('scans').objectStore('scans').getAll()),
    /** @returns {Promise<number>} */
    countScans: () => done(db.transaction('scans').objectStore('scans').count()),
    /** A scan and the guests it used, together: kept before anybody is told to come in. @param {KeptScan} scan @param {Guest[]} guests */
    keepScan: (scan, guests) =>
      write(['scans', 'guests'], (t) => {
        t.objectStore('scans').put(scan);
        for (const guest of guests) t.objectStore('guests').put(guest);
      }),
    /** Scans that were told, and what came of them, together. @param {KeptScan[]} scans @param {Record<string, unknown>} facts */
    dropScans: (scans, facts) =>
      write(['scans', 'facts'], (t) => {
        for (const { n } of scans) if (n !== undefined) t.objectStore('scans').delete(n);
        for (const [name, value] of Object.entries(facts)) t.objectStore('facts').put(value, name);
      }),
    /** Forgets the event: its guests and what is known of it. Scans stay until they are told. */
    forgetEvent: () =>
      write(['facts', 'guests'], (t) => {
        t.objectStore('guests').clear();
        for (const name of Object.keys(NO_EVENT)) t.objectStore('facts').delete(name);
      }),
    clear: () =>
      write(['facts', 'guests', 'scans'], (t) => {
        for (const name of ['facts', 'guests', 'scans']) t.objectStore(name).clear();
      }),
  };
}

/** @typedef {Awaited<ReturnType<typeof openStore>>} Store */
