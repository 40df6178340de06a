// What the stand-in remembers, in memory and in one journal file: a commit is one appended line, so a crash keeps all of it or none.
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Charge, EventRow, Intent, Method, Refund } from './wire.ts';

/** A webhook on its way. The event itself stands in `events`. */
export interface Delivery {
  id: string;
  event: string;
  status: 'pending' | 'delivered' | 'dropped';
  attempts: number;
  /** How many 2xx answers it takes: two when a duplicate was asked for. */
  copies: number;
  received: number;
  next_at: number;
  /** Waits for this delivery's first attempt, which is how a reversed batch stays reversed. */
  after: string | null;
  held: boolean;
  last_status: number | null;
  last_error: string | null;
  delivered_at: number | null;
}
/** Something the bank will do on its own later. */
export interface Duty {
  id: string;
  does: 'settle_intent' | 'settle_refund';
  fails: boolean;
  at: number;
}
/** The remembered answer to an idempotency key. Parameters are kept as a digest only. */
export interface Key {
  id: string;
  endpoint: string;
  digest: string;
  status: number;
  body: string;
  request: string;
  at: number;
}
export interface Tables {
  intents: Intent;
  charges: Charge;
  refunds: Refund;
  methods: Method;
  events: EventRow;
  deliveries: Delivery;
  duties: Duty;
  keys: Key;
}
export type TableName = keyof Tables;
type Maps = { [T in TableName]: Map<string, Tables[T]> };

export interface Store extends Maps {
  /** Rows are replaced, never changed in place: an event's `data.object` is a snapshot for free. */
  put<T extends TableName>(table: T, row: Tables[T]): void;
  drop(table: TableName, id: string): void;
  commit(): void;
  close(): void;
}

const names: TableName[] = ['intents', 'charges', 'refunds', 'methods', 'events', 'deliveries', 'duties', 'keys'];
type Change = [TableName, Tables[TableName] | string];

export function openStore(file: string | undefined): Store {
  const maps = Object.fromEntries(names.map((name) => [name, new Map()])) as unknown as Maps;
  const apply = ([table, row]: Change): void => {
    if (typeof row === 'string') maps[table].delete(row);
    else (maps[table] as Map<string, typeof row>).set(row.id, row);
  };
  let journal: number | undefined;
  let lines = 0;
  let pending: Change[] = [];

  /** A fresh file with only the rows that live, put in place by a rename, so that no moment has half a file. */
  const compact = (): void => {
    if (file === undefined) return;
    if (journal !== undefined) closeSync(journal);
    const live = names.flatMap((name) => [...maps[name].values()].map((row) => JSON.stringify([[name, row]])));
    writeFileSync(`${file}.new`, live.map((line) => `${line}\n`).join(''), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    journal = openSync(file, 'a', 0o600);
    lines = live.length;
  };

  if (file !== undefined) {
    mkdirSync(dirname(file), { recursive: true });
    if (existsSync(file)) for (const change of readJournal(file)) apply(change);
    compact();
  }

  return {
    ...maps,
    put(table, row) {
      apply([table, row]);
      pending.push([table, row]);
    },
    drop(table, id) {
      apply([table, id]);
      pending.push([table, id]);
    },
    commit() {
      const changes = pending;
      pending = [];
      if (journal === undefined || changes.length === 0) return;
      writeSync(journal, `${JSON.stringify(changes)}\n`);
      lines += 1;
      const rows = names.reduce((sum, name) => sum + maps[name].size, 0);
      if (lines > 10_000 + rows * 4) compact();
    },
    close() {
      this.commit();
      if (journal !== undefined) closeSync(journal);
      journal = undefined;
    },
  };
}

/** Only the last line may be torn, by a crash in the middle of a write: that commit was never answered, so it is let go. */
function readJournal(file: string): Change[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  const changes: Change[] = [];
  lines.forEach((line, index) => {
    if (line === '') return;
    try {
      changes.push(...(JSON.parse(line) as Change[]));
    } catch (error) {
      if (index < lines.length - 1) throw new Error(`${file}: line ${index + 1} is not readable`, { cause: error });
    }
  });
  return changes;
}
