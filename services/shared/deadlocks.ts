// Deadlocks: Postgres ends one of two transactions that wait for each other, and we begin that one again.
const DEADLOCK = '40P01';
const TRIES = 5;

/** Runs `work`, a whole transaction, and runs it again when Postgres ended it because of a deadlock. */
export async function despiteDeadlocks<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if ((error as { code?: string }).code !== DEADLOCK || attempt === TRIES) throw error;
    }
  }
}
