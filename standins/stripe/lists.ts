// Finding, listing and expanding rows: Stripe's pages of ten, newest first, and `expand[]`.
import { invalid, missing } from './errors.ts';
import { type Form, group, integer, text, texts } from './form.ts';
import type { Store, TableName, Tables } from './store.ts';

const called = { intents: 'payment_intent', charges: 'charge', refunds: 'refund', methods: 'PaymentMethod', events: 'event' } as const;
export type Listed = keyof typeof called;
const paths = { intents: 'payment_intents', charges: 'charges', refunds: 'refunds', methods: 'payment_methods', events: 'events' } as const;

export function find<T extends Listed>(store: Store, table: T, id: string, param = 'id', status = 404): Tables[T] {
  const row = (store[table] as Map<string, Tables[T]>).get(id);
  if (!row) throw missing(called[table], id, param, status);
  return row;
}

export function page<T extends Listed>(store: Store, table: T, form: Form, keep: (row: Tables[T]) => boolean) {
  const limit = integer(form, 'limit') ?? 10;
  if (limit < 1 || limit > 100) throw invalid(`Invalid limit: ${limit}`, { code: 'parameter_invalid_integer', param: 'limit' });
  const within = createdWithin(form);
  const rows = [...(store[table] as Map<string, Tables[T]>).values()].reverse().filter((row) => within(row.created) && keep(row));
  const after = text(form, 'starting_after');
  const before = text(form, 'ending_before');
  if (after !== undefined && before !== undefined)
    throw invalid('You may only specify one of these parameters: starting_after, ending_before.');
  let shown = rows;
  if (after !== undefined) shown = rows.slice(place(rows, table, after, 'starting_after') + 1);
  // With `ending_before` the page is the one that ends right above that row, still newest first.
  if (before !== undefined) shown = rows.slice(0, place(rows, table, before, 'ending_before'));
  const data = before !== undefined ? shown.slice(-limit) : shown.slice(0, limit);
  return { object: 'list' as const, data, has_more: shown.length > limit, url: `/v1/${paths[table]}` };
}

function place<T extends Listed>(rows: Tables[T][], table: T, id: string, param: string): number {
  const at = rows.findIndex((row) => row.id === id);
  if (at < 0) throw missing(called[table], id, param, 400);
  return at;
}

function createdWithin(form: Form): (created: number) => boolean {
  if (typeof form.created === 'string') {
    const exact = integer(form, 'created');
    return (created) => created === exact;
  }
  const range = group(form, 'created');
  if (!range) return () => true;
  const [gt, gte, lt, lte] = ['gt', 'gte', 'lt', 'lte'].map((name) => integer(range, name));
  return (created) =>
    (gt === undefined || created > gt) &&
    (gte === undefined || created >= gte) &&
    (lt === undefined || created < lt) &&
    (lte === undefined || created <= lte);
}

/** Which field of which object names which other object. */
const links: Record<string, Record<string, string>> = {
  payment_intent: { latest_charge: 'charge', payment_method: 'payment_method' },
  charge: { payment_intent: 'payment_intent', refunds: 'refund' },
  refund: { charge: 'charge', payment_intent: 'payment_intent', payment_method: 'payment_method' },
};
const tables: Record<string, TableName> = { charge: 'charges', payment_intent: 'intents', payment_method: 'methods' };

/** Asked before anything is done: a path that leads nowhere must not turn a payment that was made into an error. */
export function assertExpandable(form: Form, kind: string, list: boolean): void {
  for (const path of texts(form, 'expand')) {
    const steps = path.split('.');
    let at: string | undefined = list && steps.shift() !== 'data' ? undefined : kind;
    for (const step of steps) at = at && Object.hasOwn(links, at) && Object.hasOwn(links[at]!, step) ? links[at]![step] : undefined;
    if (at === undefined) throw invalid(`This property cannot be expanded (${path}).`, { param: 'expand' });
  }
}

/** Replaces ids by the objects they name, along each asked path; the rows themselves stay as they are. */
export function expanded(store: Store, object: object, form: Form): object {
  let out = object as Record<string, unknown>;
  for (const path of texts(form, 'expand')) out = expandOne(store, out, path.split('.'));
  return out;
}

function expandOne(store: Store, object: Record<string, unknown>, steps: string[]): Record<string, unknown> {
  const [step, ...rest] = steps;
  if (step === undefined) return object;
  if (step === 'data') {
    const data = (object.data as Record<string, unknown>[]).map((row) => expandOne(store, row, rest));
    return { ...object, data };
  }
  if (step === 'refunds') {
    const data = [...store.refunds.values()].reverse().filter((refund) => refund.charge === object.id);
    return { ...object, refunds: { object: 'list', data, has_more: false, url: `/v1/charges/${object.id}/refunds` } };
  }
  const value = object[step];
  const table = tables[links[object.object as string]?.[step] ?? ''];
  const next = typeof value === 'string' && table ? store[table].get(value) : value;
  if (!next) return object;
  return { ...object, [step]: expandOne(store, next as unknown as Record<string, unknown>, rest) };
}
