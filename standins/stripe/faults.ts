// The fault switches: what should go wrong next, set over HTTP by a test or by hand on the page.

export interface Faults {
  /** The next n API calls answer 500 before anything happened. */
  fail500: number;
  /** The next n POSTs take effect, and the answer never arrives. */
  lostAnswer: number;
  /** How it is lost: the connection breaks, or a 500 hides the success (and the key repeats that 500, as at Stripe). */
  lostAnswerAs: 'drop' | '500';
  /** The next n API calls hang, their idempotency key locked meanwhile. */
  timeouts: number;
  /** 0: a hanging call never takes effect. Otherwise it does after this long, whether or not its client still waits. */
  hangMs: number;
  delayWebhooksMs: number;
  /** true: every event comes twice; n: the next n do. */
  duplicateWebhooks: boolean | number;
  /** Hold events and deliver them last first, once 1.5 s passed without a new one or when switched off. */
  reorderWebhooks: boolean;
  /** The next n events never arrive. Stripe would resend; `/_standin/resend` does. */
  dropWebhooks: number;
  /** How long the late card takes, and late refunds too. */
  lateMs: number;
  /** Regular expression over `METHOD /path`, limiting the API faults. */
  paths: string;
}

export const calm: Faults = {
  fail500: 0,
  lostAnswer: 0,
  lostAnswerAs: 'drop',
  timeouts: 0,
  hangMs: 0,
  delayWebhooksMs: 0,
  duplicateWebhooks: false,
  reorderWebhooks: false,
  dropWebhooks: 0,
  lateMs: 8000,
  paths: '',
};

const isCount = (value: unknown): value is number => Number.isInteger(value) && (value as number) >= 0;

/** The new settings, or one line saying what is wrong with them: a misspelt switch must not look like a calm day. */
export function changed(before: Faults, wish: unknown): Faults | string {
  if (typeof wish !== 'object' || wish === null || Array.isArray(wish)) return 'send one JSON object';
  const after: Record<string, unknown> = { ...before };
  for (const [name, value] of Object.entries(wish)) {
    if (!Object.hasOwn(calm, name)) return `no switch called ${name}; there are ${Object.keys(calm).join(', ')}`;
    if (name === 'paths') {
      if (typeof value !== 'string') return 'paths must be a string';
      try {
        new RegExp(value);
      } catch {
        return 'paths is not a regular expression';
      }
    } else if (name === 'lostAnswerAs') {
      if (value !== 'drop' && value !== '500') return "lostAnswerAs must be 'drop' or '500'";
    } else if (name === 'reorderWebhooks') {
      if (typeof value !== 'boolean') return 'reorderWebhooks must be true or false';
    } else if (!(isCount(value) || (name === 'duplicateWebhooks' && typeof value === 'boolean'))) {
      return `${name} must be a whole number, 0 or more`;
    }
    after[name] = value;
  }
  return after as unknown as Faults;
}

export type ApiFault = 'hang' | 'fail500' | 'lose' | 'none';

/** Takes the next API fault that applies to this call, and counts it down. */
export function takeApiFault(faults: Faults, method: string, path: string): ApiFault {
  if (faults.paths && !new RegExp(faults.paths).test(`${method} ${path}`)) return 'none';
  if (faults.timeouts > 0) {
    faults.timeouts -= 1;
    return 'hang';
  }
  if (faults.fail500 > 0) {
    faults.fail500 -= 1;
    return 'fail500';
  }
  if (faults.lostAnswer > 0 && method === 'POST') {
    faults.lostAnswer -= 1;
    return 'lose';
  }
  return 'none';
}

/** How often the next event is to arrive: 0 dropped, 1, or 2. */
export function takeCopies(faults: Faults): 0 | 1 | 2 {
  if (faults.dropWebhooks > 0) {
    faults.dropWebhooks -= 1;
    return 0;
  }
  if (faults.duplicateWebhooks === true) return 2;
  if (typeof faults.duplicateWebhooks === 'number' && faults.duplicateWebhooks > 0) {
    faults.duplicateWebhooks -= 1;
    return 2;
  }
  return 1;
}
