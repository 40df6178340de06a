// Every migration in order. Forward only: a landed migration is never edited, a mistake is mended by the next one.
import type { Migration } from 'kysely';
import * as m0001 from './0001_core.ts';
import * as m0002 from './0002_venue_time_zones.ts';

export const migrations: Record<string, Migration> = {
  '0001_core': m0001,
  '0002_venue_time_zones': m0002,
};
