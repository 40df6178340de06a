// Whose turn it is at the database: the rush for one event takes part of the connections, and the others are for everybody else's buyers.
import { limited } from '../services/shared/limited.ts';

/** Runs the work when it is its event's turn. Throws unavailable where thousands wait for the same event already. */
export type Turns = <T>(eventId: string, work: () => Promise<T>) => Promise<T>;

/** More would have no answer before they have given up. */
const MOST_WAITING = 5_000;

type Line = { run: <T>(work: () => Promise<T>) => Promise<T>; asked: number };

/** Makes the turns: of one event at most `atOnce` run at once, the others wait in the order in which they came. */
export function createTurns(atOnce: number): Turns {
  const lines = new Map<string, Line>();

  return async (eventId, work) => {
    const fresh = () => ({ run: limited(atOnce, MOST_WAITING, 'Too many buyers at once, try again in a moment.'), asked: 0 });
    const line: Line = lines.get(eventId) ?? fresh();
    lines.set(eventId, line);
    line.asked++;
    try {
      return await line.run(work);
    } finally {
      if (--line.asked === 0) lines.delete(eventId);
    }
  };
}
