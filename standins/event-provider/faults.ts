// The fault switches: what should go wrong next, set over HTTP by a test or by hand.

export type Faults = {
  /** The next n calls answer 500 before anything happened. */
  fail500: number;
  /** The next n writes take effect, and answer 500. */
  lost500: number;
  /** The next n writes take effect, and are never answered. */
  hang: number;
  /** The next n calls answer 409, and nothing happens. */
  conflict: number;
  /** The next n calls begin `slowMs` later, whether or not their client still waits then. */
  slow: number;
  slowMs: number;
  /** So far behind the writes are reads. */
  lagMs: number;
  /** Places of a confirmed order can be released. */
  takesBack: boolean;
  /** A regular expression over `METHOD /path` that limits the switches that count down. */
  paths: string;
};

export const calm: Faults = {
  fail500: 0,
  lost500: 0,
  hang: 0,
  conflict: 0,
  slow: 0,
  slowMs: 1_000,
  lagMs: 30,
  takesBack: false,
  paths: '',
};

/** The new settings, or one line saying what is wrong with them: a misspelt switch must not look like a calm day. */
export function changed(before: Faults, wish: unknown): Faults | string {
  if (typeof wish !== 'object' || wish === null || Array.isArray(wish)) return 'send one JSON object';
  for (const [name, value] of Object.entries(wish)) {
    if (!Object.hasOwn(calm, name)) return `no switch called ${name}; there are ${Object.keys(calm).join(', ')}`;
    if (typeof value !== typeof calm[name as keyof Faults]) return `${name} must be a ${typeof calm[name as keyof Faults]}`;
    if (typeof value === 'number' && !(Number.isInteger(value) && value >= 0)) return `${name} must be a whole number, 0 or more`;
    if (name === 'paths' && !isPattern(value as string)) return 'paths is not a regular expression';
  }
  return { ...before, ...wish };
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text);
    return true;
  } catch {
    return false;
  }
}

export type Fault = 'slow' | 'fail500' | 'conflict' | 'lost500' | 'hang' | 'none';

/** Takes the next fault that applies to this call, and counts it down. */
export function takeFault(faults: Faults, method: string, path: string): Fault {
  if (faults.paths && !new RegExp(faults.paths).test(`${method} ${path}`)) return 'none';
  const kinds = method === 'GET' ? (['slow', 'fail500'] as const) : (['slow', 'fail500', 'conflict', 'lost500', 'hang'] as const);
  const kind = kinds.find((one) => faults[one] > 0);
  if (!kind) return 'none';
  faults[kind] -= 1;
  return kind;
}
