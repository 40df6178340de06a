// A table is written by one folder of services/: the sources are read for insert, update and delete, and compared with the table below.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';

/** Who writes each table; null: nobody yet, its API will. A new table does not compile until it has a line here. */
const OWNERS: Record<keyof DB, string | null> = {
  account_tokens: 'accounts',
  accounts: 'accounts',
  api_keys: 'accounts',
  archived_events: 'events',
  archived_months: 'events',
  archived_words: 'events',
  blocks: 'accounts',
  check_ins: 'tickets',
  event_categories: 'events',
  event_notices: 'events',
  event_pictures: 'events',
  events: 'events',
  external_events: 'external',
  external_orders: 'external',
  external_places: 'external',
  idempotency_keys: 'shared',
  import_refusals: 'shared',
  imports: 'shared',
  mails: 'outbox',
  offers: 'inventory',
  order_items: 'orders',
  orders: 'orders',
  outbox: 'outbox',
  payment_attempts: 'payments',
  payment_events: 'payments',
  payments: 'payments',
  place_changes: 'inventory',
  places: 'inventory',
  rate_limits: 'shared',
  refresh_tokens: 'accounts',
  refunds: 'payments',
  slots: 'inventory',
  texts: 'outbox',
  ticket_files: 'tickets',
  ticket_job_entries: 'events',
  ticket_jobs: 'events',
  tickets: 'tickets',
  venues: 'events',
  waitlist_entries: 'waitlist',
  webhook_deliveries: 'outbox',
  webhook_endpoints: 'delivery',
  webhook_minutes: 'outbox',
};

/** The two statements that write over folders, because each must be one round trip; and what test harnesses forget all orders by. */
const EXCEPTIONS: Record<string, string[]> = {
  'orders/claim': ['outbox', 'place_changes', 'places', 'slots'],
  'orders/reset.ts': ['idempotency_keys', 'outbox', 'payment_events', 'place_changes', 'places', 'slots'],
  'orders/sweep.ts': ['external_orders', 'mails', 'outbox', 'payments', 'refunds', 'texts'],
};

const LAYERS = ['services', 'gateway', 'activities', 'workflows', 'worker'];

/** The tables that a source writes, by kysely's calls and by its SQL. */
function writes(source: string): string[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  const patterns = [
    /\.(?:insertInto|updateTable|deleteFrom|mergeInto)\(\s*['"`](\w+)/g,
    /\b(?:insert\s+into|delete\s+from|merge\s+into|truncate(?:\s+table)?)\s+(\w+)/gi,
    /\bupdate\s+(?:only\s+)?(\w+)(?:\s+(?:as\s+)?\w+)?\s+set\b/gi,
  ];
  return [...new Set(patterns.flatMap((p) => [...code.matchAll(p)].map((m) => m[1]!.toLowerCase())))].sort();
}

const sources = LAYERS.flatMap((layer) =>
  readdirSync(layer, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => ({ layer, file, code: readFileSync(join(layer, file), 'utf8') })),
);

/** A table that is written where it must not be, as one line. */
function strangers({ layer, file, code }: (typeof sources)[number]): string[] {
  const folder = layer === 'services' ? file.split('/')[0] : layer;
  const allowed = layer === 'services' ? Object.entries(EXCEPTIONS).flatMap(([at, tables]) => (file.startsWith(at) ? tables : [])) : [];
  return writes(code)
    .filter((table) => OWNERS[table as keyof DB] !== folder && !allowed.includes(table))
    .map((table) => `${layer}/${file} writes ${table}, which is ${OWNERS[table as keyof DB] ?? "nobody's"}`);
}

test('each table is written by its own folder alone, but for the claim, the sweep and the reset', () => {
  expect(sources.flatMap(strangers)).toEqual([]);
});

test('each folder writes the tables it owns, and each exception is needed: the table has no dead lines', () => {
  const written = new Set(sources.flatMap(({ file, code }) => writes(code).map((table) => `${file.split('/')[0]} ${table}`)));
  const owned = Object.entries(OWNERS).flatMap(([table, folder]) => (folder ? [`${folder} ${table}`] : []));
  expect(owned.filter((line) => !written.has(line))).toEqual([]);
  for (const [at, tables] of Object.entries(EXCEPTIONS)) {
    const here = sources.filter(({ layer, file }) => layer === 'services' && file.startsWith(at)).flatMap(({ code }) => writes(code));
    expect(tables.filter((table) => !here.includes(table))).toEqual([]);
  }
});

test('what is written is seen: calls, statements over several lines, aliases; reading and locking are not', () => {
  expect(writes("tx\n  .insertInto('events').values(x); db.updateTable('mails').set(y); db.deleteFrom('outbox')")).toEqual([
    'events',
    'mails',
    'outbox',
  ]);
  expect(writes('sql`with a as (insert into\n refunds (id) select 1), b as (update places p set x = 1) delete from texts`')).toEqual([
    'places',
    'refunds',
    'texts',
  ]);
  expect(writes('sql`select id from orders for update of p skip locked`')).toEqual([]);
  expect(writes('  // insert into events\n/* delete from orders */ sql`on conflict do update set hits = 1`')).toEqual([]);
  expect(strangers({ layer: 'services', file: 'events/x.ts', code: 'sql`update offers set a = 1`' })).toEqual([
    'services/events/x.ts writes offers, which is inventory',
  ]);
  expect(strangers({ layer: 'gateway', file: 'main.ts', code: 'sql`update offers set a = 1`' })).toHaveLength(1);
});

test('no statement hides the table it writes behind a parameter', () => {
  const hidden = /\b(insert\s+into|delete\s+from|update)\s+\$\{|\.(insertInto|updateTable|deleteFrom)\(\s*(?!['"`])\w/i;
  expect(sources.filter(({ code }) => hidden.test(code)).map(({ layer, file }) => `${layer}/${file}`)).toEqual([]);
});
