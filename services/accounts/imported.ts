// Password hashes that came with an import: SHA-256 of the password, verified at once and made argon2id in the background.
import { createHash, timingSafeEqual } from 'node:crypto';
import { limited } from '../shared/limited.ts';

/** How such a hash stands in `accounts.password_hash`: this, and the digest in hex. */
const PREFIX = 'sha256:';

/** Whether a hash is an imported one. */
export const isImported = (hash: string): boolean => hash.startsWith(PREFIX);

/** An imported hash as it is kept; undefined where `hex` is no SHA-256. */
export const importedHash = (hex: string): string | undefined => (/^[0-9a-f]{64}$/i.test(hex) ? PREFIX + hex.toLowerCase() : undefined);

/** Whether an imported hash was made of one of these forms of a password. */
export function fitsImported(hash: string, forms: string[]): boolean {
  const known = Buffer.from(hash.slice(PREFIX.length), 'hex');
  return forms
    .map((form) => createHash('sha256').update(form).digest())
    .map((digest) => digest.length === known.length && timingSafeEqual(digest, known))
    .some(Boolean);
}

/** Runs tasks one at a time, each when it is its turn. False: so many wait already that this one is left out. */
export type Background = (task: () => Promise<void>) => boolean;

/**
 * Makes a background for what nobody waits for. `waiting` tasks may stand in its line. After each it rests `rest` times as long as that took,
 * so that it takes a small share of one core from those who are waited for. A task that fails is dropped.
 */
export function background(waiting: number, rest: number): Background {
  const run = limited(1, waiting, 'Nobody waits for this.', (tookMs) => rest * tookMs);

  return (task) => {
    if (run.isFull()) return false;
    run(task).catch(() => {});
    return true;
  };
}
