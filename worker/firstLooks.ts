// Notes which workflows have looked at their order, so that their starts count as run (starts.ts).
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import type { Log } from '../log.ts';
import * as outbox from '../services/outbox/outbox.ts';
import { type Gathered, gathered } from '../services/shared/gathered.ts';

/** Short beside the time a workflow's first task takes, long enough to gather some. */
const EVERY_MS = 40;

/** Gathers looks. One that is lost only makes its start be handed on once more, which finds the workflow. */
export const gatherFirstLooks = ({ db, log }: { db: Kysely<DB>; log: Log }): Gathered =>
  gathered(EVERY_MS, (orderIds) => outbox.started(db, orderIds).catch((err) => log.warn({ err }, 'starts that have run were not noted')));
