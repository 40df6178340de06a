// Search finds what people read as the same, in any script, and by the index.
import { type CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DB } from '../../db/tables.ts';
import { list } from '../../services/events/eventList.ts';
import { freshDatabase } from '../support/database.ts';

let db: Kysely<DB>;
let url: string;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, url, close } = await freshDatabase());
});
afterAll(() => close?.());

const finds = async (text: string, searched: string) => {
  const { rows } = await sql<{ found: boolean }>`select ' ' || search_fold(${text}) like search_pattern(${searched}) as found`.execute(db);
  return rows[0]!.found;
};

describe('what is the same', () => {
  const same: [what: string, written: string, searched: string][] = [
    ['case', 'Summer FESTIVAL', 'sUMMER'],
    ['case, Cyrillic', 'ВИШНЁВЫЙ САД', 'вишнёвый'],
    ['case, Greek, with its two sigmas', 'ΟΔΥΣΣΕΥΣ', 'οδυσσεύς'],
    ['ё and е', 'Вишнёвый сад', 'вишневый'],
    ['е and ё', 'Вишневый сад', 'Вишнёвый'],
    ['ё decomposed', 'Вишне\u0308вый сад', 'вишнёвый'],
    ['й decomposed', 'вишнёвыи\u0306', 'вишнёвый'],
    ['composed and decomposed', 'Zoë', 'zoe\u0308'],
    ['decomposed and composed', 'Zoe\u0308', 'ZOË'],
    ['accents', 'Café Été', 'cafe'],
    ['accents that are only searched', 'Cafe', 'café'],
    ['letters with a stroke', 'Łukasz', 'lukasz'],
    ['Nordic letters', 'Smørrebrød', 'smorrebrod'],
    ['Vietnamese', 'Đặng Thái Sơn', 'dang'],
    ['Turkish', 'İSTANBUL', 'istanbul'],
    ['Turkish, without a dot', 'Işık', 'isik'],
    ['ß and ss', 'Straßenfest', 'STRASSE'],
    ['ss and ß', 'Strassenfest', 'straße'],
    ['the large ß', 'STRAẞE', 'strasse'],
    ['ligatures', 'ﬁnale', 'finale'],
    ['æ', 'Æon', 'aeon'],
    ['Kazakh', 'ӘСЕЛ НҰРҒАЛИҚЫЗЫ', 'нұрғалиқызы'],
    ['Hebrew points', 'שָׁלוֹם', 'שלום'],
    ['Arabic vowels', 'مُحَمَّد', 'محمد'],
    ['Arabic hamza', 'أحمد', 'احمد'],
    ['the width of letters', 'ＪＡＺＺ', 'jazz'],
    ['Hangul, decomposed', '서울'.normalize('NFD'), '서울'],
    ['Devanagari', 'संगीत समारोह', 'संगीत'],
    ['Chinese, inside', '音乐会王小明独奏', '小明'],
    ['Chinese, one sign', '音乐会', '乐'],
    ['Japanese', '東京ドーム', 'ドーム'],
    ['apostrophes', 'Zoë O’Brien', "o'brien"],
    ['dashes', 'Jazz–Night', 'jazz-night'],
    ['quotes', '„Faust“', '"faust"'],
    ['soft hyphens', 'Kam\u00ADmer', 'kammer'],
    ['the middle of a word', 'Openair', 'nair'],
    ['short words at the beginning of one', 'Live: U2!', 'u2'],
    ['signs', 'C++ & Rock’n’Roll', 'c++'],
  ];
  it.each(same)('%s: %s is found by %s', async (_, written, searched) => {
    expect(await finds(`about ${written} and more`, searched)).toBe(true);
  });

  const other: [what: string, written: string, searched: string][] = [
    ['й is no и', 'мой', 'мои'],
    ['が is no か', 'がく', 'かく'],
    ['vowels of Devanagari are letters', 'की', 'कु'],
    ['% is a sign', 'a hundred', '%'],
    ['_ is a sign', 'x1z', 'x_z'],
    ['a backslash is a sign', 'x%z', 'x\\%z'],
    ['short words in the middle of one', 'Bau2', 'u2'],
  ];
  it.each(other)('%s: %s is not found by %s', async (_, written, searched) => {
    expect(await finds(`about ${written} and more`, searched)).toBe(false);
  });
});

describe('by the index, at 50,000 events', () => {
  const WORDS = { Cyrillic: 'вишнёвый', Latin: 'Wiśniewski', Greek: 'Οδυσσεύς', Chinese: '王小明', Arabic: 'محمد', 'of two letters': 'Ыы' };
  beforeAll(async () => {
    await sql`insert into events (slug, name, description, starts_at, ends_at, capacity, status)
      select 'many-' || i, 'Концерт номер ' || i, 'Симфонический оркестр, билеты в кассах и на сайте ' || md5(i::text),
        now() + make_interval(hours => i - 25000), now() + make_interval(hours => i - 24998), 100, 'published'
      from generate_series(1, 50000) i`.execute(db);
    for (const [i, word] of Object.values(WORDS).entries())
      await db
        .updateTable('events')
        .set({ description: `Событие: ${word}` })
        .where('slug', '=', `many-${26_000 + i}`)
        .execute();
    await sql`vacuum analyze events`.execute(db);
  });

  /** How the statements of this list read the events: planned for its values, and as they are planned once and kept. */
  async function scans(search: string): Promise<string[]> {
    const pool = new pg.Pool({ connectionString: url, max: 1 });
    pool.on('error', () => {}); // the database is dropped when the file ends, perhaps before this connection has gone
    const asked: CompiledQuery[] = [];
    const watched = new Kysely<DB>({ dialect: new PostgresDialect({ pool }), log: (event) => void asked.push(event.query) });
    await list(watched, { search, page: 1, perPage: 20 });
    const plans = [];
    for (const { sql: text, parameters } of asked) {
      plans.push(await pool.query(`explain (format json) ${text}`, [...parameters]));
      plans.push(await pool.query(`explain (format json, generic_plan) ${text}`));
    }
    await watched.destroy();
    expect(plans).toHaveLength(4);
    return plans.flatMap((plan) => names(plan.rows[0]['QUERY PLAN'][0].Plan));
  }

  const names = (plan: any): string[] => [
    ...(plan['Relation Name'] === 'events' || plan['Index Name']?.startsWith('events_')
      ? [`${plan['Node Type']} ${plan['Index Name'] ?? ''}`.trim()]
      : []),
    ...(plan.Plans ?? []).flatMap(names),
  ];

  it.each(Object.entries(WORDS))('%s', async (_, word) => {
    const found = await list(db, { search: word.toLowerCase(), page: 1, perPage: 20 });
    expect([found.total, found.rows.map((row) => row.description)]).toEqual([1, [`Событие: ${word}`]]);
    const used = await scans(word);
    expect(used.filter((scan) => scan === 'Bitmap Index Scan events_search')).toHaveLength(4);
    expect(used.filter((scan) => scan === 'Seq Scan' || scan.includes('events_listing'))).toEqual([]);
  });
});
