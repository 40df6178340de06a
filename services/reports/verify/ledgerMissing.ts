// The other direction: rows of ours that the provider's ledger does not have, found without remembering the whole ledger.
import { type RawBuilder, sql } from 'kysely';
import { type collect, type Look, readOnly } from './check.ts';

/** So many rows are asked for at once. */
const PAGE = 200;

/** A row of ours that should be in the ledger. */
export type Ours = { id: string; ref: string | null; order_id: string; event_id: string; about: string[] };

/**
 * Counts ids by their first three hex digits: 4,096 counters, whatever the size of the ledger. Ids are random, so each counts as many.
 * Each row of ours has one reference at the provider, so as many found as there are means that none is missing.
 */
export function tally() {
  const counts = new Map<string, number>();
  return {
    add: (id: string) => void counts.set(bucket(id), (counts.get(bucket(id)) ?? 0) + 1),
    of: (digits: string) => counts.get(digits) ?? 0,
  };
}
const bucket = (id: string) => id.slice(0, 3);

type Asked = {
  /** A statement of Ours: all rows that should be there. */
  ids: RawBuilder<unknown>;
  isThere(ref: string): Promise<boolean>;
  says(row: Ours): string;
};

/** Compares our counts with those of the ledger, and asks the provider one by one only where they differ. */
export async function missing(notes: ReturnType<typeof collect>, look: Look, there: ReturnType<typeof tally>, asked: Asked): Promise<void> {
  const ours = sql`(select * from (${asked.ids}) i where not i.about && ${look.leaveOut}::uuid[])`;
  const counted = await readOnly(look.db, look.seconds, (tx) =>
    sql<{
      digits: string;
      n: number;
    }>`select left(i.id::text, 3) as digits, count(*)::int as n from ${ours} i group by 1 order by 1`.execute(tx),
  );
  for (const { digits, n } of counted.rows) {
    let lost = n - there.of(digits);
    for (let after = `${digits}00000-0000-0000-0000-000000000000`; lost > 0 && !notes.full(); ) {
      const page = await readOnly(look.db, look.seconds, (tx) =>
        sql<Ours>`select i.* from ${ours} i where i.id >= ${after}::uuid and left(i.id::text, 3) = ${digits} order by i.id limit ${PAGE}`.execute(
          tx,
        ),
      );
      for (const row of page.rows) {
        notes.looked(0);
        if (lost === 0 || (row.ref && (await asked.isThere(row.ref)))) continue;
        lost--;
        notes.add(row.ref ?? row.id, row.about, asked.says(row));
      }
      if (page.rows.length < PAGE) break;
      after = nextAfter(page.rows.at(-1)!.id);
    }
  }
}

/** The id that follows: keyset pages ask for the rows from it on. */
function nextAfter(id: string): string {
  const hex = (BigInt(`0x${id.replaceAll('-', '')}`) + 1n).toString(16).padStart(32, '0');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
