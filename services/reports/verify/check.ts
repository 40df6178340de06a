// What a check of the net is: a question to the running system, bounded in rows and time, that changes nothing.
import { type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { DB } from '../../../db/tables.ts';

/** Something that must not be. `about`: the ids it concerns (order, event, place, payment, ...), by which a test may leave it out. */
export type Finding = { check: string; subject: string; about: (string | null)[]; text: string };

/** What a check saw: how many rows it looked at, how many findings there are, and the first of them. */
export type Seen = { looked: number; found: number; findings: Finding[] };

/** What every check is given. */
export type Look = {
  db: Kysely<DB>;
  /** Seconds within which what has just changed may still be under way. */
  grace: number;
  /** At most so many findings of one check are kept. All are counted by the database; who has to ask others for each stops there. */
  limit: number;
  /** At most so long may one check take. */
  seconds: number;
  /** Ids that findings of this check may not be about: known oddities. */
  leaveOut: string[];
  /** Says how far a long check has come. */
  tell(looked: number): void;
};

export type Check = { name: string; run(look: Look): Promise<Seen> };

/** The moment before which everything has had its time, by the database's clock. */
export const cut = (grace: number): RawBuilder<Date> => sql<Date>`(now() - make_interval(secs => ${grace}::float8))`;

/** Columns that every statement of a check has beside its own. */
export type Row = { subject: string; about: (string | null)[] };

/** A check that is one statement: each row of it is a finding. Its `about` is a uuid[]. */
export type RowCheck<R> = {
  name: string;
  /** The table whose rows it looks at. */
  of: keyof DB;
  rows(before: RawBuilder<Date>): RawBuilder<R & Row>;
  /** The finding as a line for people. */
  says(row: R & Row): string;
};

/** Makes the statement a check: the rows looked at and the findings are counted in one read-only snapshot. */
export function rowCheck<R>({ name, of, rows, says }: RowCheck<R>): Check {
  return {
    name,
    run: ({ db, grace, limit, seconds, leaveOut }) =>
      readOnly(db, seconds, async (tx) => {
        const counted = await sql<{ n: number }>`select count(*)::int as n from ${sql.table(of)}`.execute(tx);
        const found = await sql<R & Row & { found: number }>`select f.*, count(*) over ()::int as found
          from (${rows(cut(grace))}) f where not f.about && ${leaveOut}::uuid[] limit ${limit}`.execute(tx);
        return {
          looked: counted.rows[0]!.n,
          found: found.rows[0]?.found ?? 0,
          findings: found.rows.map((row) => ({ check: name, subject: row.subject, about: row.about, text: says(row) })),
        };
      }),
  };
}

/** Runs reads on one snapshot of the database, which is then the same for all of them. No statement may take longer than `seconds`. */
export function readOnly<T>(db: Kysely<DB>, seconds: number, work: (tx: Transaction<DB>) => Promise<T>): Promise<T> {
  return db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute(async (tx) => {
      await sql`set local statement_timeout = ${sql.lit(Math.ceil(seconds * 1000))}`.execute(tx);
      return work(tx);
    });
}

/** Collects the findings of a check that is more than one statement. */
export function collect(name: string, look: Look) {
  const seen: Seen = { looked: 0, found: 0, findings: [] };
  const end = Date.now() + look.seconds * 1000;
  return {
    seen,
    full: () => seen.found >= look.limit,
    leftOut: (about: (string | null)[]) => about.some((id) => id !== null && look.leaveOut.includes(id)),
    /** Notes rows that were looked at. Throws when the check's time is over: its answer would not be whole. */
    looked(rows: number): void {
      seen.looked += rows;
      look.tell(seen.looked);
      if (Date.now() > end) throw new Error(`not finished within ${look.seconds} s, after ${seen.looked} rows`);
    },
    add(subject: string, about: (string | null)[], text: string): void {
      if (this.leftOut(about)) return;
      seen.found++;
      if (seen.findings.length < look.limit) seen.findings.push({ check: name, subject, about, text });
    },
  };
}
