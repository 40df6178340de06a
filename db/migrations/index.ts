// Every migration in order. Forward only: a landed migration is never edited, a mistake is mended by the next one.
import type { Migration } from 'kysely';
import * as m0001 from './0001_core.ts';

export const migrations: Record<string, Migration> = {
  '0001_core': m0001,
};
