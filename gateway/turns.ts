// Whose turn it is at the database: the rush for one event takes part of the connections, and the others are for everybody else's buyers.
// Those who wait for the same seats need not ask one after the other: a refusal that was asked for while they waited is theirs as well.
import { setImmediate } from 'node:timers/promises';
import { isForAll } from '../services/orders/claim/refusals.ts';
import type { DomainError } from '../services/shared/errors.ts';
import { type Limited, limited } from '../services/shared/limited.ts';

/**
 * Runs the work when it is its event's turn. `asks` is what it asks for, where the answer is not the caller's alone: the work is then spared
 * where one that asked the same was begun after this call came, and was refused for all.
 * @throws unavailable where thousands wait for the same event already
 */
export type Turns = <T>(eventId: string, work: () => Promise<T>, asks?: string) => Promise<T>;

/** How many of one event run at once; and how many of a crowd's, while somebody asks for another event. */
export type Share = { alone: number; beside: number };

/** More would have no answer before they have given up: where others buy too, a slow machine serves a hundred of a crowd in a second. */
const MOST_WAITING = 3_000;
/** So many who wait for one event are a crowd. */
const CROWD = 8;
/** So long after a call for another event there may be more of them. */
const BESIDE_MS = 1_000;
/**
 * After each call of a crowd beside others its connection rests: so many times as long as the call took, and at most so long. A machine that
 * is short of time is slow, so there it rests more; what the crowd does not take, tickets are made with (bench/README.md, sellout).
 */
const RESTS = 2;
const LONGEST_REST_MS = 50;

type Line = { run: Limited; calls: number; questions: Map<string, Question> };

/** What several calls ask for, and the latest begun of its refusals. */
type Question = { calls: number; begun: number; refusal?: DomainError };

/**
 * Makes the turns: those of one event that may not run yet wait in the order in which they came. A crowd that has the gateway to itself may
 * use more of it; what it takes where others buy too, they wait for, so there it is narrow, and rests.
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
  const isNarrow = (waiting: number): boolean => waiting > CROWD && isShared();
  const share = (waiting: number): number => (isNarrow(waiting) ? beside : alone);
  const rest = (tookMs: number, waiting: number): number => (isNarrow(waiting) ? Math.min(LONGEST_REST_MS, RESTS * tookMs) : 0);

  // Calls and the beginnings of work are numbered as they come, so that it is known which was first.
  let moment = 0;

  async function answer<T>(question: Question, came: number, work: () => Promise<T>): Promise<T> {
    if (question.refusal && question.begun > came) {
      // Thousands may get this answer: what else has come is looked at between them.
      await setImmediate();
      throw question.refusal;
    }
    const begun = ++moment;
    try {
      return await work();
    } catch (error) {
      if (isForAll(error) && begun > question.begun) Object.assign(question, { begun, refusal: error });
      throw error;
    }
  }

  return async (eventId, work, asks) => {
    called(eventId);
    const came = ++moment;
    const line = getOrMake(lines, eventId, () => ({
      run: limited(share, MOST_WAITING, 'Too many buyers at once, try again in a moment.', rest),
      calls: 0,
      questions: new Map(),
    }));
    const question = asks === undefined ? undefined : getOrMake(line.questions, asks, () => ({ calls: 0, begun: 0 }));
    line.calls++;
    if (question) question.calls++;
    try {
      return await line.run(question ? () => answer(question, came, work) : work);
    } finally {
      if (question && --question.calls === 0) line.questions.delete(asks!);
      if (--line.calls === 0) lines.delete(eventId);
    }
  };
}

function getOrMake<T>(map: Map<string, T>, key: string, make: () => T): T {
  let value = map.get(key);
  if (value === undefined) {
    value = make();
    map.set(key, value);
  }
  return value;
}
