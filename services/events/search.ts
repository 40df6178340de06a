// Full-text search over events and an archive of millions. A page costs what it shows, not what fits: how is told at each statement below.
import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { type Question, read } from './question.ts';

export type Found = { number: number; title: string };

export type Search = {
  /** What a person typed: all words, "a phrase", -without, or. */
  query?: string;
  /** A calendar day, YYYY-MM-DD: of the venue's own time for events, of UTC for what is archived, which has no time zone. */
  date?: string;
  page: number;
  pageSize: number;
};

/** Nobody may page past this, for a deep page costs all before it. Whoever wants everything asks day by day. */
export const DEEPEST = 10_000;

/** So many of the newest rows of the archive may be looked through for a page: about 1 us for each. */
const LONGEST_WALK = 5_000;

type Slice = { skip: number; take: number };

/**
 * A page of what fits: events to come by their start, then those that have begun, newest first, then the archive, newest first. Of few that
 * fit, those come first in each part whose title does. Throws RangeError past DEEPEST.
 */
export async function findEvents(db: Kysely<DB>, { query, date, page, pageSize }: Search): Promise<Found[]> {
  if (page * pageSize > DEEPEST) throw new RangeError(`page ${page} of ${pageSize} is past ${DEEPEST}`);
  const question = await read(db, query);
  const slice = { skip: (page - 1) * pageSize, take: pageSize };

  const { rows } = await ofEvents(question, date, slice).execute(db);
  if (rows.length === pageSize || !question.archive) return rows;

  const passed = rows.length || !slice.skip ? slice.skip : await countEvents(db, question, date);
  return [...rows, ...(await ofArchive(db, question, date, { skip: slice.skip - passed, take: pageSize - rows.length }))];
}

async function ofArchive(db: Kysely<DB>, { words, share }: Question, date: string | undefined, slice: Slice): Promise<Found[]> {
  if (date) return (await ofDay(words, date, slice).execute(db)).rows;
  if (!words) return (await newest(slice).execute(db)).rows;
  if (share === undefined) return (await few(words, slice).execute(db)).rows;

  // Twice as many rows as should be needed. A page that they do not fill is not believed.
  const walked = Math.ceil((2 * (slice.skip + slice.take)) / share);
  const near = walked <= LONGEST_WALK ? (await walk(words, walked, slice).execute(db)).rows : [];
  return near.length === slice.take ? near : (await byMonths(words, slice).execute(db)).rows;
}

/**
 * A value that a plan does not look at. Planned for its words, a search would read the statistics of ten thousand words first, which takes longer
 * than to find a rare one; and how common they are is known already.
 */
const unseen = (value: string, type: 'tsquery' | 'date') => sql`(select ${value}::${sql.raw(type)})`;
const has = (column: RawBuilder<unknown>, words: string) => sql`${column} @@ ${unseen(words, 'tsquery')}`;
const titled = (words: string) => has(sql`ts_filter(search, '{a}')`, words);
const bounds = ({ skip, take }: Slice) => sql`limit ${take} offset ${skip}`;

/**
 * Events are some ten thousand: their index of words finds them. Of a day they are found by their listing; the fence keeps a plan, which knows
 * neither day nor words, from beginning with a common word.
 */
function fitting({ words }: Question, date: string | undefined): RawBuilder<unknown> {
  const holds = words ? has(sql`e.search`, words) : sql`true`;
  if (!date) return sql`(select * from events e where e.status = 'published' and ${holds}) e`;
  const day = unseen(date, 'date');
  // No zone is further than 14 hours from UTC.
  return sql`(select * from (select * from events where status = 'published'
      and starts_at >= ${day}::timestamptz - interval '1 day' and starts_at < ${day}::timestamptz + interval '2 days' offset 0) e
    where ${holds} and (e.starts_at at time zone coalesce((select v.time_zone from venues v where v.id = e.venue_id), 'UTC'))::date = ${day}) e`;
}

function ofEvents(question: Question, date: string | undefined, slice: Slice): RawBuilder<Found> {
  const { words, share } = question;
  const titles = words && share === undefined ? titled(words) : sql`true`;
  const some = (when: RawBuilder<unknown>, direction: RawBuilder<unknown>) =>
    sql`(select number, name as title, starts_at, ${titles} as titled from ${fitting(question, date)} where ${when}
      order by titled desc, starts_at ${direction}, number ${direction} limit ${slice.skip + slice.take})`;
  return sql<Found>`select number, title from (
      select *, true as ahead from ${some(sql`starts_at > now()`, sql`asc`)} u
      union all select *, false from ${some(sql`starts_at <= now()`, sql`desc`)} b) e
    order by ahead desc, titled desc, case when ahead then starts_at end, starts_at desc, case when ahead then number end, number desc ${bounds(slice)}`;
}

async function countEvents(db: Kysely<DB>, question: Question, date: string | undefined): Promise<number> {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from ${fitting(question, date)}`.execute(db);
  return rows[0]!.n;
}

/** All of the archive: its index by date says which, and only those shown are read. */
const newest = (slice: Slice) => sql<Found>`select a.number, a.title
  from archived_events a join (select number from archived_events order by starts_at desc, number desc ${bounds(slice)}) s using (number)
  order by a.starts_at desc, a.number desc`;

/** A day of the archive has some thousand rows at most. They are looked through, whatever the words: hence the fence. */
function ofDay(words: string | undefined, date: string, slice: Slice): RawBuilder<Found> {
  const from = sql`(${unseen(date, 'date')}::timestamp at time zone 'UTC')`;
  const rows = sql`select number, title, starts_at, search from archived_events where starts_at >= ${from} and starts_at < ${from} + interval '1 day'`;
  const fitting = words ? sql`(${rows} offset 0) d where ${has(sql`search`, words)}` : sql`(${rows}) d`;
  return sql<Found>`select number, title from ${fitting} order by starts_at desc, number desc ${bounds(slice)}`;
}

/** Few fit: the index of words finds them all, and they are sorted. The fence keeps a plan from walking by date instead. */
const few = (words: string, slice: Slice) => sql<Found>`select number, title
  from (select number, title, starts_at, search from archived_events where ${has(sql`search`, words)} offset 0) s
  order by ${titled(words)} desc, starts_at desc, number desc ${bounds(slice)}`;

/** Very many fit: among the newest rows there is a page of them. */
const walk = (words: string, rows: number, slice: Slice) => sql<Found>`select number, title
  from (select number, title, starts_at, search from archived_events order by starts_at desc, number desc limit ${rows}) w
  where ${has(sql`search`, words)} order by starts_at desc, number desc ${bounds(slice)}`;

/**
 * Thousands fit: months are asked one after the other, from the newest on, until the page is full. Each row has its month as a word, so the
 * index of words answers for a month alone, and only the months that a page needs are read and sorted. Words that all stand in one old
 * year, or that are common and never stand together, cost every month a few milliseconds.
 */
const byMonths = (words: string, slice: Slice) => sql<Found>`select s.number, s.title
  from (select month from archived_months order by month desc offset 0) m cross join lateral (
    select number, title, starts_at from archived_events
    where search @@ (${unseen(words, 'tsquery')} && quote_literal(month_word(m.month))::tsquery) offset 0) s
  order by m.month desc, s.starts_at desc, s.number desc ${bounds(slice)}`;
