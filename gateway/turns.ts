// Whose turn it is at the database: the rush for one event takes part of the connections, and the others are for everybody else's buyers.
import { limited } from '../services/shared/limited.ts';

/** Runs the work when it is its event's turn. Throws unavailable where thousands wait for the same event already. */
export type Turns = <T>(eventId: string, work: () => Promise<T>) => Promise<T>;

/** How many of one event run at once; and how many of a crowd's, while somebody asks for another event. */
export type Share = { alone: number; beside: number };

/** More would have no answer before they have given up. */
const MOST_WAITING = 5_000;
/** So many who wait for one event are a crowd. */
const CROWD = 8;
/** So long after a call for another event there may be more of them. */
const BESIDE_MS = 1_000;

type Line = { run: ReturnType<typeof limited>; asked: number };

/**
 * Makes the turns: those of one event that may not run yet wait in the order in which they came. A crowd that has the gateway to itself may
 * use more of it; what it takes where others buy too, they wait for.
 */
export function createTurns({ alone, beside }: Share): Turns {
  const lines = new Map<string, Line>();
  let latest: string | undefined;
  let changedAt = Number.NEGATIVE_INFINITY;

  function called(eventId: string): void {
    if (latest !== undefined && latest !== eventId) changedAt = performance.now();
    latest = eventId;
  }

  const isShared = (): boolean => performance.now() - changedAt < BESIDE_MS;
  const share = (waiting: number): number => (waiting > CROWD && isShared() ? beside : alone);

  return async (eventId, work) => {
    called(eventId);
    const fresh = () => ({ run: limited(share, MOST_WAITING, 'Too many buyers at once, try again in a moment.'), asked: 0 });
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
