// Passwords: argon2id at OWASP's minimum (19 MiB, 2 passes), with a bound on how many run at once.
import { hash, verify } from '@node-rs/argon2';
import { DomainError } from '../shared/errors.ts';

// Algorithm 2 is argon2id; the package's enum cannot be named under isolated modules.
const OPTIONS = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

export type Passwords = {
  hash(password: string): Promise<string>;
  /** Whether the password fits the hash. Without a hash (unknown account) it takes as long and is false, so that the time tells nothing. */
  verify(hash: string | undefined, password: string): Promise<boolean>;
};

/**
 * Makes the process' password functions. One hash takes about 30 ms of a core. `concurrency` of them run at once, because they use
 * libuv's threads, which file and DNS work needs too. `queue` more may wait; a further sign-in is refused as unavailable.
 */
export function createPasswords(options: { concurrency?: number; queue?: number } = {}): Passwords {
  const slot = limited(options.concurrency ?? 2, options.queue ?? 200);
  let decoy: Promise<string> | undefined;
  return {
    hash: (password) => slot(() => hash(password, OPTIONS)),
    async verify(known, password) {
      decoy ??= hash('no account has this password', OPTIONS);
      const against = known ?? (await decoy);
      const fits = await slot(() => verify(against, password));
      return known !== undefined && fits;
    },
  };
}

/** Runs at most `running` tasks at once and lets at most `waiting` wait; more are refused with `unavailable`. */
function limited(running: number, waiting: number) {
  let free = running;
  const queue: (() => void)[] = [];
  return async <T>(task: () => Promise<T>): Promise<T> => {
    if (free > 0) free--;
    else if (queue.length >= waiting) throw new DomainError('unavailable', 'Too many sign-ins at once, try again in a moment.');
    else await new Promise<void>((go) => queue.push(go));
    try {
      return await task();
    } finally {
      const next = queue.shift();
      if (next) next();
      else free++;
    }
  };
}
