// Archived events out of a file, millions of them: what is never sold again and only found.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { moment, text, whole } from '../shared/importFields.ts';
import type { Kind } from '../shared/imports.ts';
import { goOnAfter } from './importEvents.ts';

const MAX_TITLE = 500;
const MAX_DESCRIPTION = 50_000;

/** A word that stands in so many archived events is common: a search for it asks month by month (search.ts). */
const COMMON = 2_000;

/** Of 6,000,000 rows the index of words is built in 80 s with this. */
const BUILD_MEMORY = '256MB';

/** Imports archived events. The first import of an archive has its indexes built at its end: until then the archive is not searched. */
export const archive: Kind = {
  name: 'archive',
  required: ['title', 'datetime_start'],
  stage: {
    table: 'import_archive',
    columns: { number: 'bigint', title: 'text', description: 'text', type: 'text', place: 'text', starts_at: 'timestamptz' },
  },
  numberOf: (fields) => whole(fields, 'id', 'event_id') ?? undefined,
  row(fields) {
    const number = whole(fields, 'id', 'event_id');
    if (number === null) return 'id is no whole number';
    const title = text(fields, 'title', 'name');
    if (!title || title.length > MAX_TITLE) return title ? `title is longer than ${MAX_TITLE} characters` : 'title is missing';
    const startsAt = moment(fields, 'datetime_start', 'starts_at');
    if (!startsAt) return `datetime_start is ${startsAt === null ? 'no date' : 'missing'}`;
    const description = text(fields, 'description');
    if (description.length > MAX_DESCRIPTION) return `description is longer than ${MAX_DESCRIPTION} characters`;
    const place = [text(fields, 'venue', 'place'), text(fields, 'city')].filter(Boolean).join(', ');
    return [number ?? null, title, description, text(fields, 'type').slice(0, 100), place.slice(0, 500), startsAt];
  },
  async begin(db, greatest) {
    await goOnAfter(db, greatest);
    // Row by row the index of words would cost more than all the rest.
    const { rows } = await sql<{ empty: boolean }>`select not exists (select from archived_events) as empty`.execute(db);
    if (rows[0]!.empty) await sql`drop index if exists archived_events_search, archived_events_newest`.execute(db);
  },
  write,
  finish,
};

async function write(tx: Transaction<DB>): Promise<{ at: number; reason: string }[]> {
  const { rows } = await sql<{ at: number; reason: string }>`
    with first as (
      select s.*, row_number() over (partition by number order by at) as nth, e.number as event from import_archive s left join events e using (number)),
    written as (
      insert into archived_events (number, title, description, type, place, starts_at)
      select coalesce(number, nextval(pg_get_serial_sequence('events', 'number'))), title, description, type, place, starts_at
      from first where event is null and (nth = 1 or number is null) order by starts_at, at
      on conflict do nothing returning number)
    select f.at, case when f.event is not null then 'id is that of an event' else 'id is taken' end as reason
    from first f left join written w using (number) where f.number is not null and (w.number is null or f.nth > 1)`.execute(tx);
  return rows;
}

/** What searches go by: the order of dates, on the disk too, how the months are filled, which words are common, and the index of words. */
async function finish(db: Kysely<DB>): Promise<void> {
  const { rows } = await sql<{ built: boolean }>`select to_regclass('archived_events_search') is not null as built`.execute(db);
  const { built } = rows[0]!;
  if (!built) await sortOnDisk(db);
  await sql`vacuum analyze archived_events`.execute(db);
  await db.transaction().execute(countWords);
  // Last: with it the archive is searched.
  if (!built) await sql`create index archived_events_search on archived_events using gin (search)`.execute(db);
}

/** Rows of a month side by side on the disk: those of a page are read from a few hundred blocks and not from thousands. */
async function sortOnDisk(db: Kysely<DB>): Promise<void> {
  await sql`select set_config('maintenance_work_mem', ${BUILD_MEMORY}, false)`.execute(db);
  await sql`create index if not exists archived_events_newest on archived_events (starts_at desc, number desc)`.execute(db);
  await sql`cluster archived_events using archived_events_newest`.execute(db);
}

async function countWords(tx: Transaction<DB>): Promise<void> {
  await sql`insert into archived_months (month, events) select month_number(starts_at), count(*) from archived_events group by 1
    on conflict (month) do update set events = excluded.events`.execute(tx);
  await sql`delete from archived_words`.execute(tx);
  // The sample of analyze says in which part of all rows a word stands. Behind its words it has three figures more.
  await sql`insert into archived_words (word, share, events)
    select word, share, share * rows from (
      select unnest(most_common_elems::text::text[]) as word, unnest(most_common_elem_freqs) as share,
        (select sum(events) from archived_months) as rows
      from pg_stats where schemaname = current_schema and tablename = 'archived_events' and attname = 'search') s
    where word is not null and word <> '' and share * rows >= ${COMMON}`.execute(tx);
}
