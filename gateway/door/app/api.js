// Calls the gateway. Its cookies sign them; when the short one is over the long one is asked for another, once.

/** The gateway said no. */
export class Refused extends Error {
  /** @param {number} status @param {string} error @param {string} detail */
  constructor(status, error, detail) {
    super(detail);
    this.status = status;
    this.error = error;
  }
}

/** Nobody answered: no network, or one that is as good as none. */
export class Away extends Error {}

const PATIENCE_MS = 15_000;

/** @type {Promise<Response> | undefined} */
let renewing; // shared by all calls of the page

/**
 * @param {string} method
 * @param {string} path below /door/api/
 * @param {{ body?: unknown, patienceMs?: number }} [options] `patienceMs`: for the whole call, also where the sign-in is renewed on the way
 * @returns {Promise<any>} the answer's JSON; undefined for none
 * @throws Refused | Away
 */
export async function call(method, path, { body, patienceMs = PATIENCE_MS } = {}) {
  const signal = AbortSignal.timeout(patienceMs);
  const answer = await send(method, path, body, signal);
  // Signing in is answered 401 for a wrong password. Signing out is renewed too: else an old sign-in would not be ended.
  if (answer.status !== 401 || (method === 'POST' && path === 'session')) return read(answer);
  const renewed = await orAway(Promise.race([renew(), aborted(signal)]));
  if (renewed.status === 429 || renewed.status >= 500) return read(renewed.clone());
  // Whatever else the renewal is refused for: there is no sign-in to go on with.
  if (!renewed.ok) return read(answer);
  return read(await send(method, path, body, signal));
}

/** Asks for another short cookie; calls that need one at the same time share it, since the long one is spent by the asking. */
function renew() {
  renewing ??= send('POST', 'session/renew', {}, AbortSignal.timeout(PATIENCE_MS)).finally(() => {
    renewing = undefined;
  });
  return renewing;
}

/** @param {AbortSignal} signal @returns {Promise<never>} */
const aborted = (signal) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

/** @param {string} method @param {string} path @param {unknown} body @param {AbortSignal} signal */
const send = (method, path, body, signal) =>
  orAway(
    fetch(`/door/api/${path}`, {
      method,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal,
    }),
  );

/** @param {Promise<Response>} answer */
const orAway = (answer) =>
  answer.catch(() => {
    throw new Away('There is no network.');
  });

/** @param {Response} answer */
async function read(answer) {
  if (answer.status === 204) return undefined;
  const told = await answer.json().catch(() => undefined);
  // A hotel's sign-in page, or a proxy without its server, is no gateway.
  if (!told || answer.status >= 502) throw new Away('The gateway is away.');
  if (!answer.ok) throw new Refused(answer.status, told.error, told.detail);
  return told;
}
