// Compares an answer with an example of the seed: every field there, of the same JSON type and the same form of text. More fields are allowed.

type Json = Record<string, any>;

const FORMS: [string, RegExp][] = [
  ['uuid', /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/],
  ['time', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/],
  ['date', /^\d{4}-\d\d-\d\d$/],
  ['booking code', /^EVT\d{13,}$/],
  ['path', /^\/api\/v1\//],
  ['phone', /^\+\d{7,15}$/],
];
/** Objects whose keys are data (names of tiers), not fields. */
const MAPS = ['data.summary.by_tier', 'data.revenue_by_category'];
/** Texts that name a state: the answer has to say one of these, the seed's among them. */
const WORDS: Record<string, string[]> = {
  'data.token_type': ['bearer'],
  'data.role': ['user'],
  'data.user.role': ['user'],
  'data.status': ['upcoming', 'cancelled'],
  'data.refund_status': ['processing'],
  'data.booking.status': ['pending', 'confirmed'],
};

/** What of the example the answer lacks or has otherwise. No field may be null: in what is replayed here, every one has a value. */
export function faults(example: unknown, actual: unknown, path = ''): string[] {
  const [want, have] = [kind(example), kind(actual)];
  if (want !== have) return [`${path}: ${want} expected, ${have} found`];
  if (Array.isArray(example)) {
    const list = actual as unknown[];
    if (!list.length) return [`${path}: empty`];
    return example.length ? list.flatMap((entry) => faults(example[0], entry, path)) : [];
  }
  if (want === 'object' && MAPS.includes(path)) {
    const values = Object.values(actual as Json);
    const [one] = Object.values(example as Json);
    return values.length ? values.flatMap((v) => faults(one, v, `${path}.*`)) : [`${path}: empty`];
  }
  if (want === 'object')
    return Object.entries(example as Json).flatMap(([k, v]) => faults(v, (actual as Json)[k], path ? `${path}.${k}` : k));
  if (path === 'success' || path === 'message') return example === actual ? [] : [`${path}: ${actual}`];
  if (want !== 'string') return [];
  if (WORDS[path]) return WORDS[path].includes(actual as string) ? [] : [`${path}: ${actual}`];
  const form = FORMS.find(([, pattern]) => pattern.test(example as string));
  return !form || form[1].test(actual as string) ? [] : [`${path}: no ${form[0]}: ${actual}`];
}
const kind = (v: unknown) => (v === null ? 'null' : Array.isArray(v) ? 'array' : typeof v);
