// Whose turn it is at the database: the rush for one event takes part of the connections, and the others are for everybody else's buyers.
import { DomainError } from '../services/shared/errors.ts';

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

type Line = { running: number; waiting: (() => void)[] };

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
  const share = ({ waiting }: Line): number => (waiting.length > CROWD && isShared() ? beside : alone);

  function letIn(line: Line): void {
    while (line.waiting.length && line.running < share(line)) {
      line.running++;
      line.waiting.shift()!();
    }
  }

  return async (eventId, work) => {
    called(eventId);
    const line: Line = lines.get(eventId) ?? { running: 0, waiting: [] };
    lines.set(eventId, line);
    if (line.running < share(line)) line.running++;
    else if (line.waiting.length >= MOST_WAITING) throw new DomainError('unavailable', 'Too many buyers at once, try again in a moment.');
    else await new Promise<void>((go) => line.waiting.push(go));
    try {
      return await work();
    } finally {
      line.running--;
      letIn(line);
      if (!line.running) lines.delete(eventId);
    }
  };
}
