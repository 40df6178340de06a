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

/**
 * @param {string} method
 * @param {string} path below /door/api/
 * @param {{ body?: unknown, patienceMs?: number }} [options]
 * @returns {Promise<any>} the answer's JSON; undefined for none
 * @throws Refused | Away
 */
export async function call(method, path, { body, patienceMs = PATIENCE_MS } = {}) {
  const answer = await send(method, path, body, patienceMs);
  if (answer.status !== 401 || path === 'session') return read(answer);
  const renewed = await send('POST', 'session/renew', {}, patienceMs);
  if (!renewed.ok) return read(answer);
  return read(await send(method, path, body, patienceMs));
}

/** @param {string} method @param {string} path @param {unknown} body @param {number} patienceMs */
async function send(method, path, body, patienceMs) {
  try {
    return await fetch(`/door/api/${path}`, {
      method,
      headers: body === undefined ? {} : { 'Content-Type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(patienceMs),
    });
  } catch {
    throw new Away('There is no network.');
  }
}

/** @param {Response} answer */
async function read(answer) {
  if (answer.status === 204) return undefined;
  const told = await answer.json().catch(() => undefined);
  // A hotel's sign-in page, or a proxy without its server, is no gateway.
  if (!told || answer.status >= 502) throw new Away('The gateway is away.');
  if (!answer.ok) throw new Refused(answer.status, told.error, told.detail);
  return told;
}
