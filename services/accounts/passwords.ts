// Passwords: argon2id at OWASP's minimum (19 MiB, 2 passes), with a bound on how many run at once.
import { hash, verify } from '@node-rs/argon2';
import { limited } from '../shared/limited.ts';
import { background, fitsImported, isImported } from './imported.ts';

// Algorithm 2 is argon2id; the package's enum cannot be named under isolated modules.
const OPTIONS = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export type Passwords = {
  hash(password: string): Promise<string>;
  /** Whether the password fits the hash. Without a hash (unknown account) it takes as long and is false, so that the time tells nothing. */
  verify(hash: string | undefined, password: string): Promise<boolean>;
  /**
   * Makes a fresh hash of a password that came with an import, later and out of everybody's way, and hands it to `keep`. Where too many wait
   * already nothing is done: it is offered again at the next sign-in.
   */
  upgrade(password: string, keep: (hash: string) => Promise<unknown>): void;
};

/**
 * A password as it is compared: what people see and type, and not how a device encodes it (RFC 8265, OpaqueString): composed letters, any blank
 * as a plain one; letter case and blanks at the ends stay as they are.
 */
export const prepared = (password: string): string => password.replace(/\p{Zs}/gu, ' ').normalize('NFC');

/** The forms a hash may have been made of before passwords were prepared: as it is typed now, and with its accents apart. */
const forms = (password: string): string[] => [...new Set([prepared(password), password, password.normalize('NFD')])];

/** Ten seconds' worth of upgrades; each is followed by a rest four times as long, so that they take a fifth of a core at most. */
const UPGRADES_WAITING = 64;
const REST = 4;

/**
 * Makes the process' password functions. One hash takes about 30 ms of a core. `concurrency` of them run at once, because they use
 * libuv's threads, which file and DNS work needs too. `queue` more may wait; a further sign-in is refused as unavailable.
 */
export function createPasswords(options: { concurrency?: number; queue?: number; upgradesWaiting?: number } = {}): Passwords {
  const slot = limited(options.concurrency ?? 2, options.queue ?? 200, 'Too many sign-ins at once, try again in a moment.');
  const later = background(options.upgradesWaiting ?? UPGRADES_WAITING, REST);
  let decoy: Promise<string> | undefined;
  return {
    hash: (password) => slot(() => hash(prepared(password), OPTIONS)),
    async verify(known, password) {
      // Ten thousand who sign in for the first time are not kept waiting. Whoever guesses wrong waits as long as for any other account.
      if (known && isImported(known) && fitsImported(known, forms(password))) return true;
      decoy ??= hash('no account has this password', OPTIONS);
      const ours = known?.startsWith('$argon2') ? known : undefined;
      const against = ours ?? (await decoy);
      let fits = false;
      for (const form of forms(password)) fits ||= await slot(() => verify(against, form));
      return ours !== undefined && fits;
    },
    upgrade(password, keep) {
      later(async () => void (await keep(await slot(() => hash(prepared(password), OPTIONS)))));
    },
  };
}
