// Active events out of a file, published and without seats: those come from a file of their own, or from the organizer's plan.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { flag, moment, text, whole } from '../shared/importFields.ts';
import type { Kind } from '../shared/imports.ts';
import { slugOf } from './eventCreation.ts';

const MAX_TITLE = 500;
const MAX_DESCRIPTION = 50_000;
const HOURS = 3;

/** Imports events. One whose end is not said lasts three hours. */
export const events: Kind = {
  name: 'events',
  required: ['title', 'datetime_start'],
  stage: {
    table: 'import_events',
    columns: {
      number: 'bigint',
      slug: 'citext',
      name: 'text',
      description: 'text',
      type: 'text',
      provider: 'text',
      external: 'boolean',
      starts_at: 'timestamptz',
      ends_at: 'timestamptz',
    },
  },
  numberOf: (fields) => whole(fields, 'id', 'event_id') ?? undefined,
  row(fields) {
    const number = whole(fields, 'id', 'event_id');
    if (number === null) return 'id is no whole number';
    const title = text(fields, 'title', 'name');
    if (!title || title.length > MAX_TITLE) return title ? `title is longer than ${MAX_TITLE} characters` : 'title is missing';
    const description = text(fields, 'description');
    if (description.length > MAX_DESCRIPTION) return `description is longer than ${MAX_DESCRIPTION} characters`;
    const startsAt = moment(fields, 'datetime_start', 'starts_at');
    if (!startsAt) return `datetime_start is ${startsAt === null ? 'no date' : 'missing'}`;
    const said = moment(fields, 'datetime_end', 'ends_at');
    if (said === null) return 'datetime_end is no date';
    const endsAt = said ?? new Date(Date.parse(startsAt) + HOURS * 3_600_000).toISOString();
    if (endsAt <= startsAt) return 'datetime_end is not after datetime_start';
    const provider = text(fields, 'provider').slice(0, 100);
    // Only what says so belongs to the Event Provider; a provider's name alone is a remark.
    const external = flag(fields, 'external', 'is_external') ?? provider.toLowerCase() === 'external';
    return [number ?? null, slugOf(title), title, description, text(fields, 'type').slice(0, 100), provider, external, startsAt, endsAt];
  },
  begin: goOnAfter,
  write,
};

/** Events made meanwhile or later get numbers after those of the file. */
export async function goOnAfter(db: Kysely<DB>, greatest: number): Promise<void> {
  if (greatest)
    await sql`select setval(pg_get_serial_sequence('events', 'number'), greatest(${greatest}::bigint, (select last_value from events_number_seq)))`.execute(
      db,
    );
}

async function write(tx: Transaction<DB>): Promise<{ at: number; reason: string }[]> {
  const { rows } = await sql<{ at: number; reason: string }>`
    with first as (
      select s.*, row_number() over (partition by s.number order by s.at) as nth, a.number is not null or e.number is not null as taken
      from import_events s left join archived_events a using (number) left join events e using (number)),
    -- Thousands have the same title: the number makes each slug its own.
    numbered as (
      select f.*, coalesce(f.number, nextval(pg_get_serial_sequence('events', 'number'))) as its
      from first f where not taken and (nth = 1 or f.number is null)),
    written as (
      insert into events (number, slug, name, description, external, starts_at, ends_at, capacity, currency, status, published_at, settings)
      overriding system value
      select its, slug || '-' || its, name, description, external, starts_at, ends_at, 0, 'KZT', 'published', now(),
        jsonb_strip_nulls(jsonb_build_object('type', nullif(type, ''), 'provider', nullif(provider, '')))
      from numbered order by at
      on conflict do nothing returning number)
    select f.at, 'id is taken' as reason from first f left join numbered n using (at) left join written w on w.number = n.its
    where w.number is null`.execute(tx);
  return rows;
}
