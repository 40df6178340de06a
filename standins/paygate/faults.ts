// The fault switches: what should go wrong next, set over HTTP by a test or by hand.
import { STATUSES } from './wire.ts';

export type Faults = {
  /** The next n API calls answer 500 before anything happened. */
  fail500: number;
  /** The next n API calls take effect, and their answer says nothing of it. */
  lostAnswer: number;
  /** How it is lost: a 500 hides it, or no answer ever comes. */
  lostAnswerAs: '500' | 'silence';
  /** Regular expression over the path: limits the switches above. */
  paths: string;
  /** Every notification leaves so much later. */
  delayMs: number;
  /** The next n notifications are sent twice. */
  duplicate: number;
  /** The next n notifications never arrive. */
  lose: number;
  /** Notifications are held, and go out last first when this is switched off. */
  reverse: boolean;
  /** Notifications say this status, whatever is true; empty: what is true. */
  says: string;
};

export const calm: Faults = {
  fail500: 0,
  lostAnswer: 0,
  lostAnswerAs: '500',
  paths: '',
  delayMs: 0,
  duplicate: 0,
  lose: 0,
  reverse: false,
  says: '',
};

/** The new settings, or a sentence that says what is wrong with them: a misspelt switch must not look like a calm day. */
export function changed(before: Faults, wish: unknown): Faults | string {
  if (typeof wish !== 'object' || wish === null || Array.isArray(wish)) return 'send one JSON object';
  for (const [name, value] of Object.entries(wish)) {
    if (!Object.hasOwn(calm, name)) return `no switch called ${name}; there are ${Object.keys(calm).join(', ')}`;
    const wrong = fault(name as keyof Faults, value);
    if (wrong) return `${name} ${wrong}`;
  }
  return { ...before, ...wish };
}

function fault(name: keyof Faults, value: unknown): string | undefined {
  if (name === 'lostAnswerAs') return value === '500' || value === 'silence' ? undefined : "must be '500' or 'silence'";
  if (name === 'says')
    return value === '' || STATUSES.includes(value as never) ? undefined : `must be one of ${STATUSES.join(', ')}, or empty`;
  if (name === 'paths') return typeof value === 'string' && isPattern(value) ? undefined : 'must be a regular expression';
  if (typeof calm[name] === 'boolean') return typeof value === 'boolean' ? undefined : 'must be true or false';
  return Number.isInteger(value) && (value as number) >= 0 ? undefined : 'must be a whole number';
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}
