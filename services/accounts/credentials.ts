// An address and a password with every request: verified once, remembered for ten minutes by a keyed digest, never as the password itself.
import type { Kysely } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { gathered } from '../shared/gathered.ts';
import { address, noteSignIns, prove } from './accounts.ts';
import type { Passwords } from './passwords.ts';
import type { Caller } from './sessions.ts';
import { digestOf, remember, type TokenKeys } from './verified.ts';

export type Given = { email: string; password: string };

/** So long a gateway takes a password for good without looking: ten thousand buyers at once cannot be hashed anew every minute. What was changed is refused within a second: `hearEnded`. */
const REMEMBERED_MS = 600_000;
/** Who signed in is noted for all together, and nobody waits for it: a rush of new buyers costs one question each. */
const NOTED_MS = 1_000;

/**
 * Verifies what callers send with each request. `known`: whether this may be answered without a hash, which costs 30 ms of a core.
 * `verify` throws DomainError invalid_credentials | email_not_verified | unavailable (too many sign-ins at once).
 */
export type Credentials = { known(given: Given): boolean; verify(given: Given): Promise<Caller> };

/** Makes it. Those who come with the same credentials while these are being verified share the answer. */
export function createCredentials(db: Kysely<DB>, passwords: Passwords, keys: TokenKeys): Credentials {
  const verifying = new Map<string, Promise<Caller>>();
  // The time of a sign-in is of no weight: what cannot be written is not written later.
  const signedIn = gathered(NOTED_MS, (ids) => noteSignIns(db, ids).catch(() => {}));
  const digest = ({ email, password }: Given) => digestOf(keys, `${address(email)}\0${password}`);

  function seen(of: string): Caller | undefined {
    const found = keys.seenPasswords.get(of);
    if (!found) return undefined;
    if (found.until > Date.now() && found.changedAt >= (keys.changed.get(found.accountId) ?? 0)) return found;
    keys.seenPasswords.delete(of);
    return undefined;
  }

  async function lookUp(of: string, given: Given): Promise<Caller> {
    const account = await prove(db, passwords, given);
    signedIn.note(account.id);
    const caller = { accountId: account.id, role: account.role };
    const changedAt = account.credentials_changed_at?.getTime() ?? 0;
    remember(keys.seenPasswords, of, { ...caller, changedAt, until: Date.now() + REMEMBERED_MS });
    return caller;
  }

  return {
    known: (given) => seen(digest(given)) !== undefined,
    async verify(given) {
      const of = digest(given);
      const found = seen(of);
      if (found) return found;

      const shared = verifying.get(of) ?? lookUp(of, given).finally(() => verifying.delete(of));
      verifying.set(of, shared);
      return shared;
    },
  };
}
