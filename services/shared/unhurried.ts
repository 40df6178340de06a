// For statements whose loss a crash may cost: nobody waits until the disk has them.
import { sql } from 'kysely';

/**
 * A part of a statement: its commit does not wait for the disk. A statement that changes rows takes effect so by `from unhurried`. Only for
 * one that is a transaction of its own: it would count for all of a larger one.
 */
export const unhurried = sql`unhurried as materialized (select set_config('synchronous_commit', 'off', true))`;
