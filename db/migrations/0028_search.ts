// Full-text search over events and an archive of millions, and what an import remembers of a file.
import { type Kysely, sql } from 'kysely';

/** Adds the archive, the words of it that are common, `events.search` and the imports. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
-- As people type it: ё is е, accents are composed. Words beyond the first hundred thousand characters are not looked at: a tsvector has an end.
create function search_folded(given text) returns text language sql immutable strict parallel safe
return translate(normalize(left(given, 100000), NFC), 'ёЁ', 'еЕ');

-- The words of an event; those of its title are marked (A). The config "russian" stems Latin words in English.
create function search_words(title text, description text) returns tsvector language sql immutable strict parallel safe
return setweight(to_tsvector('russian', search_folded(title)), 'A') || to_tsvector('russian', search_folded(description));

-- Months counted from the year 0, by UTC.
create function month_number(at timestamptz) returns integer language sql immutable strict parallel safe
return (extract(year from at at time zone 'UTC') * 12 + extract(month from at at time zone 'UTC'))::integer;

-- The word that every archived event of a month has. No text has it: the parser of words drops its #.
create function month_word(month integer) returns text language sql immutable strict parallel safe
return '#' || month::text;

-- What was and is never sold again: no places, no slug, no triggers. Numbers are of the space of events.number.
create table archived_events (
  number bigint primary key,
  title text not null,
  description text not null default '',
  type text not null default '',
  place text not null default '',
  starts_at timestamptz not null,
  search tsvector not null generated always as
    (search_words(title, description || ' ' || place) || array_to_tsvector(array[month_word(month_number(starts_at))])) stored
);
-- The words that stand in thousands of rows must be among the statistics: archived_words is made of them.
alter table archived_events alter column search set statistics 1000;
create index archived_events_newest on archived_events (starts_at desc, number desc);
create index archived_events_search on archived_events using gin (search);

-- What an import leaves for the search: how the archive is spread over months, and which words are common in it.
create table archived_months (month integer primary key, events bigint not null);
create table archived_words (word text primary key, share real not null, events bigint not null);

alter table events add column search tsvector
  generated always as (search_words(name, short_description || ' ' || description || ' ' || words_of(tags))) stored;
create index events_words on events using gin (search);

-- A file that is or was imported, known by what is in it. bytes and line: how far it is in the database.
create table imports (
  id uuid primary key default gen_random_uuid(),
  kind text not null,
  file text not null,
  digest bytea not null,
  size bigint not null,
  records bigint not null,
  line bigint not null default 0,
  bytes bigint not null default 0,
  taken bigint not null default 0,
  refused bigint not null default 0,
  began_at timestamptz not null default now(),
  finished_at timestamptz,
  constraint imports_once unique (kind, digest)
);
-- at: the first byte after the record, for several of them may stand on one line
create table import_refusals (
  import_id uuid not null references imports on delete cascade,
  at bigint not null,
  line bigint not null,
  reason text not null,
  primary key (import_id, at)
);
`.execute(db);
}
