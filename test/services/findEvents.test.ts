// Full-text search over events and the archive: what is found, in which order, and by which statement however common the words are.
import { type CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectAlone } from '../../db/connect.ts';
import type { DB } from '../../db/tables.ts';
import { archive } from '../../services/events/importArchive.ts';
import { DEEPEST, findEvents } from '../../services/events/search.ts';
import { freshDatabase } from '../support/database.ts';
import { importText } from '../support/imports.ts';

let db: Kysely<DB>;
let url: string;
let close: () => Promise<void>;

const ROWS = 30_000;
const DAY = Date.UTC(2024, 11, 31);

/** An archive of 30,000 lines, the newest first: an hour apart, from the end of 2024 back into 2021. */
function* lines() {
  yield 'id,title,description,datetime_start,city\n';
  for (let n = 0; n < ROWS; n++) {
    const at = new Date(DAY - n * 3_600_000);
    const words = [
      'Симфонический оркестр', // in all of them
      n % 2 ? 'утренний' : 'вечерний', // never both
      n % 10 === 0 ? 'фестиваль' : '', // 3,000
      n >= 20_000 && n < 25_000 ? 'карантин' : '', // 5,000, all of them old
      n % 1000 === 7 ? 'контрабас' : '', // 30
      n % 1000 === 8 ? 'про контрабасы' : '',
    ];
    const title = n % 1000 === 7 ? `Контрабас № ${n}` : `Вечер ${n}`;
    yield `${10_000 + n},"${title}","${words.filter(Boolean).join(', ')}",${at.toISOString()},Алматы\n`;
  }
}

beforeAll(async () => {
  ({ db, url, close } = await freshDatabase());
  await importText(url, archive, [...lines()].join(''));
  await sql`with hall as (insert into venues (name, capacity, time_zone) values ('Hall', 1, 'Asia/Almaty') returning id)
    insert into events (slug, name, description, venue_id, starts_at, ends_at, capacity, status)
    select s.slug, s.name, s.description, hall.id, s.at, s.at + interval '2 hours', 1, s.status::event_status from hall, (values
      ('next', 'Оркестр завтра', 'Вишнёвый сад', now() + interval '1 day', 'published'),
      ('later', 'Ёлка', 'Симфонические оркестры, jazz concerts', now() + interval '2 days', 'published'),
      ('over', 'Оркестр вчера', 'Было', now() - interval '1 day', 'published'),
      ('night', 'Ночь', 'Полночь в Алматы', timestamptz '2030-05-05 19:30:00Z', 'published'),
      ('draft', 'Оркестр в черновике', '', now() + interval '3 days', 'draft'),
      ('off', 'Оркестр отменён', '', now() + interval '3 days', 'cancelled')) s (slug, name, description, at, status)`.execute(db);
});
afterAll(() => close?.());

const titles = async (query?: string, o: { page?: number; pageSize?: number; date?: string } = {}) =>
  (await findEvents(db, { query, page: 1, pageSize: 20, ...o })).map((found) => found.title);

/** The archive's rows that have this, as they should come. */
const expected = (has: (n: number) => boolean) => Array.from({ length: ROWS }, (_, n) => n).filter(has);
const numbers = async (query: string, page: number, pageSize = 20) =>
  (await findEvents(db, { query, page, pageSize })).filter((found) => found.number >= 10_000).map((found) => found.number - 10_000);

describe('what is found', () => {
  const same: [query: string, title: string][] = [
    ['оркестры', 'Оркестр завтра'],
    ['ОРКЕСТРОМ', 'Оркестр завтра'],
    ['вишневый сад', 'Оркестр завтра'],
    ['вишнёвого сада', 'Оркестр завтра'],
    ['вишне\u0308вый', 'Оркестр завтра'],
    ['елка', 'Ёлка'],
    ['concert', 'Ёлка'],
    ['Concerts in jazz', 'Ёлка'],
    ['"симфонические оркестры" jazz', 'Ёлка'],
    ['полночь -концерт', 'Ночь'],
    ['jazz or полночь', 'Ёлка'],
  ];
  it.each(same)('%s finds %s', async (query, title) => {
    expect(await titles(query)).toContain(title);
  });

  it('all words are wanted, and neither drafts nor what is cancelled is found', async () => {
    expect(await titles('вишнёвый jazz')).toEqual([]);
    expect(await titles('черновике')).toEqual([]);
    expect(await titles('отменён')).toEqual([]);
    expect(await titles('полночь -алматы')).toEqual([]);
  });

  it('whatever is typed is no error; nothing to look for is no filter', async () => {
    for (const odd of [
      "'",
      '"',
      "a'b",
      '\\',
      '!',
      '&',
      '|',
      '(',
      ')',
      ':*',
      '<->',
      '!!',
      '-',
      '"-"',
      'a:*',
      '\0',
      '\ud800',
      '%',
      ';--',
      '💃',
      'x'.repeat(5000),
    ])
      await expect(titles(odd), odd).resolves.toBeInstanceOf(Array);
    for (const nothing of [undefined, '', ' ', 'и в на', '!', '""'])
      expect((await titles(nothing))[0], String(nothing)).toBe('Оркестр завтра');
  });
});

describe('the order', () => {
  it('to come by start, then begun, then the archive from its newest on; each once over the pages', async () => {
    const all = [...(await titles(undefined, { pageSize: 3 })), ...(await titles(undefined, { pageSize: 3, page: 2 }))];
    expect(all).toEqual(['Оркестр завтра', 'Ёлка', 'Ночь', 'Оркестр вчера', 'Вечер 0', 'Вечер 1']);
    expect(await titles(undefined, { pageSize: 3, page: 3 })).toEqual(['Вечер 2', 'Вечер 3', 'Вечер 4']);
    expect(await titles(undefined, { page: 500 })).toHaveLength(20);
  });

  it('of few that fit those whose title does come first', async () => {
    const found = [...(await numbers('контрабас', 1)), ...(await numbers('контрабас', 2)), ...(await numbers('контрабас', 3))];
    expect(found).toEqual([...expected((n) => n % 1000 === 7), ...expected((n) => n % 1000 === 8)]);
    expect(await numbers('контрабас', 4)).toEqual([]);
  });

  it.each([1, 2, 7, 150])('of thousands the newest, page %i', async (page) => {
    const festivals = expected((n) => n % 10 === 0);
    expect(await numbers('фестиваль', page)).toEqual(festivals.slice((page - 1) * 20, page * 20));
    const quarantine = expected((n) => n >= 20_000 && n < 25_000);
    expect(await numbers('карантин', page)).toEqual(quarantine.slice((page - 1) * 20, page * 20));
    const both = expected((n) => n >= 20_000 && n < 25_000 && n % 10 === 0);
    expect(await numbers('карантин фестиваль', page)).toEqual(both.slice((page - 1) * 20, page * 20));
  });

  it('events and the archive share a page', async () => {
    expect(await titles('оркестр', { pageSize: 5 })).toEqual(['Оркестр завтра', 'Ёлка', 'Оркестр вчера', 'Вечер 0', 'Вечер 1']);
    expect(await titles('оркестр', { pageSize: 5, page: 2 })).toEqual(['Вечер 2', 'Вечер 3', 'Вечер 4', 'Вечер 5', 'Вечер 6']);
  });

  it('common words that never stand together find nothing, and the last page that may be asked for is there', async () => {
    expect(await titles('утренний вечерний')).toEqual([]);
    expect(await numbers('утренний', DEEPEST / 20)).toEqual(expected((n) => n % 2 === 1).slice(DEEPEST - 20, DEEPEST));
    await expect(titles('утренний', { page: DEEPEST / 20 + 1 })).rejects.toThrow(RangeError);
  });
});

describe('a day', () => {
  it('is that of the venue for events, and of UTC for the archive', async () => {
    expect(await titles(undefined, { date: '2030-05-06' })).toEqual(['Ночь']);
    expect(await titles(undefined, { date: '2030-05-05' })).toEqual([]);
    const day = expected((n) => new Date(DAY - n * 3_600_000).toISOString().startsWith('2024-06-01')).map((n) => `Вечер ${n}`);
    expect(day).toHaveLength(24);
    const pages = [...(await titles(undefined, { date: '2024-06-01' })), ...(await titles(undefined, { date: '2024-06-01', page: 2 }))];
    expect(pages).toEqual(day);
  });

  it('with words, and at the ends of the calendar', async () => {
    const found = await titles('фестиваль', { date: '2024-06-01' });
    expect(found).toEqual(
      expected((n) => n % 10 === 0 && new Date(DAY - n * 3_600_000).toISOString().startsWith('2024-06-01')).map((n) => `Вечер ${n}`),
    );
    for (const date of ['0001-01-01', '9999-12-31']) expect(await titles('фестиваль', { date })).toEqual([]);
  });
});

describe('by which way', () => {
  /** The archive's scans of a search, by the names of their indexes. */
  async function scans(query: string): Promise<string[]> {
    const pool = new pg.Pool({ connectionString: url, max: 1 });
    pool.on('error', () => {});
    const asked: CompiledQuery[] = [];
    const watched = new Kysely<DB>({ dialect: new PostgresDialect({ pool }), log: (event) => void asked.push(event.query) });
    await findEvents(watched, { query, page: 1, pageSize: 20 });
    const found = new Set<string>();
    const walk = (plan: any): void => {
      if (plan['Relation Name'] === 'archived_events' || plan['Index Name']?.startsWith('archived_events'))
        found.add(plan['Index Name'] ?? plan['Node Type']);
      for (const below of plan.Plans ?? []) walk(below);
    };
    for (const { sql: text, parameters } of asked) {
      for (const how of ['format json', 'format json, generic_plan'])
        walk((await pool.query(`explain (${how}) ${text}`, how.includes('generic') ? [] : [...parameters])).rows[0]['QUERY PLAN'][0].Plan);
    }
    await watched.destroy();
    return [...found].filter((name) => name !== 'Bitmap Heap Scan').sort();
  }

  it('few by their words, very many by date, others month by month: never all rows', async () => {
    expect(await scans('контрабас')).toEqual(['archived_events_search']);
    expect(await scans('утренний')).toEqual(['archived_events_newest']);
    expect(await scans('карантин')).toEqual(['archived_events_newest', 'archived_events_search']);
    expect(await scans('утренний вечерний')).toEqual(['archived_events_newest', 'archived_events_search']);
  });
});

it('while the first import runs the archive is left alone: it has no index to find by', async () => {
  const other = await freshDatabase();
  const { db: alone } = await connectAlone({ url: other.url, name: 'test' });
  await archive.begin!(alone, 0);
  await sql`insert into archived_events (number, title, starts_at) values (1, 'Архив', now())`.execute(alone);
  expect(await findEvents(other.db, { query: 'архив', page: 1, pageSize: 20 })).toEqual([]);
  await archive.finish!(alone);
  expect(await findEvents(other.db, { query: 'архив', page: 1, pageSize: 20 })).toEqual([{ number: 1, title: 'Архив' }]);
  await alone.destroy();
  await other.close();
});
