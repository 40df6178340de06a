// Conflicts: Postgres ends one of two transactions that got in each other's way, and we begin that one again.
import { meaning } from '../../db/sqlstate.ts';

const TRIES = 5;

/** Runs `work`, a whole transaction, and runs it again when Postgres ended it because of a deadlock or a failed serialization. */
export async function despiteDeadlocks<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (meaning(error) !== 'conflict' || attempt === TRIES) throw error;
    }
  }
}
