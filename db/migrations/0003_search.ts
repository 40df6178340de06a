// Search compares text as people read it: one function folds it, and each event keeps its text folded, with a trigram index.
import { type Kysely, sql } from 'kysely';
import { blindness } from '../letters.ts';

// A piece of a regular expression: what is written between, on or in letters and is no letter. Accents; points of Hebrew and Arabic;
// soft hyphens, joiners, marks of direction. Signs that are letters of their script (vowels of Devanagari, dakuten) are not among them.
const MARKS =
  '\\u00AD\\u0300-\\u036F\\u0483-\\u0487\\u0591-\\u05BD\\u05BF\\u05C1\\u05C2\\u05C4\\u05C5\\u05C7\\u0610-\\u061A\\u0640\\u064B-\\u065F\\u0670' +
  '\\u06D6-\\u06DC\\u06DF-\\u06E4\\u06E7\\u06E8\\u06EA-\\u06ED\\u1AB0-\\u1AFF\\u1DC0-\\u1DFF\\u200B-\\u200F\\u202A-\\u202E\\u2060-\\u206F' +
  '\\u20D0-\\u20FF\\uFE00-\\uFE0F\\uFE20-\\uFE2F\\uFEFF';

// What is a word by itself: signs, and the letters of scripts that put no blanks between words, so that one or two of them can be found.
const ALONE =
  '!-/:-@\\[-`{-~\\u00A1-\\u00A9\\u00AB-\\u00B4\\u00B6-\\u00B9\\u00BB-\\u00BF\\u00D7\\u00F7\\u2010-\\u2027\\u2030-\\u205E\\u20A0-\\u20CF' +
  '\\u2100-\\u2BFF\\u2E00-\\u2E7F\\u3001-\\u3020\\u3030-\\u30FF\\u31F0-\\u31FF\\u3400-\\u4DBF\\u4E00-\\u9FFF\\U0001F000-\\U0001FAFF' +
  '\\U00020000-\\U0003FFFF';

/** Adds the functions, `events.search_text` and the indexes. Refuses a database in which the indexes would be of no use. */
export async function up(db: Kysely<unknown>): Promise<void> {
  const blind = await blindness(db);
  if (blind) throw new Error(blind);

  await sql
    .raw(`
-- Words with one blank between them; a sign is a word. й stays apart from и, which it would only be a decomposed letter of.
create function search_fold(given text) returns text language sql immutable strict parallel safe
return btrim(regexp_replace(regexp_replace(
  replace(replace(replace(replace(
    translate(
      normalize(regexp_replace(replace(lower(normalize(given, NFKD)), U&'\\0438\\0306', U&'\\0439'), '[${MARKS}]', '', 'g'), NFC),
      U&'\\03C2øłđðħı\\2019\\2018\\02BC\\201A\\201B\\2032\\201C\\201D\\201E\\201F\\2033«»\\2010\\2011\\2012\\2013\\2014\\2015\\2212',
      U&'\\03C3olddhi''''''''''''"""""""-------'),
    'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe'), 'þ', 'th'),
  '([${ALONE}])', ' \\1 ', 'g'), '\\s+', ' ', 'g'));

-- What a folded text is like that has this word in it. Trigrams find no fewer than three letters, except at the beginning of a word.
create function search_pattern(word text) returns text language sql immutable strict parallel safe
return (
  select case when folded ~ '[^ ]{3}' and folded !~ '^[^ ]( |$)' then '%' else '% ' end
    || regexp_replace(folded, '([\\\\%_])', '\\\\\\1', 'g') || '%'
  from (select search_fold(word) as folded) f);

-- Begins with a blank, as every word in it does.
alter table events add column search_text text generated always as (' ' || search_fold(name || ' ' || description)) stored;
drop index events_search;
create index events_search on events using gin (search_text gin_trgm_ops);
create index venues_city on venues (search_fold(city));

-- Lists ask when an event ends, too.
drop index events_listing;
create index events_listing on events (status, starts_at, id) include (ends_at);
`)
    .execute(db);
}
