// Search finds events by their tags and short descriptions too, and by their venues.
import { type Kysely, sql } from 'kysely';

/** Makes `events.search_text` anew, with its index, and an index over the words of venues. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
-- array_to_string would do, but counts as no function of its arguments alone, because it does not for all types.
create function words_of(given text[]) returns text language sql immutable strict parallel safe
return (select coalesce(string_agg(word, ' ' order by n), '') from unnest(given) with ordinality as w (word, n));

drop index events_search;
alter table events drop column search_text;
alter table events add column search_text text
  generated always as (' ' || search_fold(name || ' ' || short_description || ' ' || description || ' ' || words_of(tags))) stored;
create index events_search on events using gin (search_text gin_trgm_ops);
-- Written down with an event, and no venue for others to choose.
alter table venues add column of_event boolean not null default false;
create index venues_search on venues using gin ((' ' || search_fold(name || ' ' || city)) gin_trgm_ops);
`.execute(db);
}
