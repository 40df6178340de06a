// Deadlocks: Postgres ends one of two transactions that wait for each other. It did nothing wrong and is simply begun again.
const DEADLOCK = '40P01';
const TRIES = 5;

/** Does the work, a whole transaction, again when it was chosen to give way. */
export async function despiteDeadlocks<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if ((error as { code?: string }).code !== DEADLOCK || attempt === TRIES) throw error;
    }
  }
}
