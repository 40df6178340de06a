// Idempotency keys as Stripe keeps them: one key, one endpoint, one set of parameters, one answer, for 24 hours.
import { createHash } from 'node:crypto';
import { invalid, StripeFault } from './errors.ts';
import type { Form } from './form.ts';
import type { Key, Store } from './store.ts';

const keptMs = 24 * 3600 * 1000;

/** Order does not matter, and a card number leaves only its last four digits: the digest is written to the state file. */
export function digestOf(form: Form): string {
  const flat: string[] = [];
  const walk = (at: Form, path: string): void => {
    for (const [name, value] of Object.entries(at)) {
      const full = `${path}/${name}`;
      if (typeof value === 'object') walk(value, full);
      else if (full.endsWith('card/number')) flat.push(`${full}=${value.slice(-4)}`);
      else if (!full.endsWith('card/cvc')) flat.push(`${full}=${value}`);
    }
  };
  walk(form, '');
  return createHash('sha256').update(JSON.stringify(flat.sort())).digest('hex');
}

/** The remembered answer, nothing, or a refusal because the key belongs to another request. */
export function remembered(store: Store, id: string, endpoint: string, digest: string): Key | undefined {
  if (id.length > 255) throw invalid('Idempotency keys can be at most 255 characters long.');
  forgetOld(store);
  const key = store.keys.get(id);
  if (!key) return undefined;
  if (key.endpoint !== endpoint) {
    throw mismatch(
      `Keys for idempotent requests can only be used for the same endpoint they were first used for ('${endpoint}' vs '${key.endpoint}'). Try using a key other than '${id}' if you meant to execute a different request.`,
    );
  }
  if (key.digest !== digest) {
    throw mismatch(
      `Keys for idempotent requests can only be used with the same parameters they were first used with. Try using a key other than '${id}' if you meant to execute a different request.`,
    );
  }
  return key;
}

export function inUse(id: string): StripeFault {
  const message = `There is currently another in-progress request using this Idempotent Key (that probably means you submitted twice, and the other request is still going through): ${id}. Please try again later.`;
  return new StripeFault(409, { type: 'idempotency_error', code: 'idempotency_key_in_use', message }, false);
}

const mismatch = (message: string) => new StripeFault(400, { type: 'idempotency_error', message }, false);

/** Keys stand in the order they came, so the old ones are at the front. */
function forgetOld(store: Store): void {
  for (const key of store.keys.values()) {
    if (key.at > Date.now() - keptMs) return;
    store.drop('keys', key.id);
  }
}
