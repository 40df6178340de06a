// Users, events, an archive and seats out of files: what goes in, what is refused, and a run that is cut off.
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectAlone } from '../../db/connect.ts';
import type { DB } from '../../db/tables.ts';
import { login } from '../../services/accounts/accounts.ts';
import { users } from '../../services/accounts/importUsers.ts';
import { createPasswords } from '../../services/accounts/passwords.ts';
import { create } from '../../services/events/eventCreation.ts';
import { archive } from '../../services/events/importArchive.ts';
import { events } from '../../services/events/importEvents.ts';
import { seats } from '../../services/events/importSeats.ts';
import { until } from '../support/client.ts';
import { freshDatabase } from '../support/database.ts';
import { importText } from '../support/imports.ts';
import { person } from '../support/made.ts';

let db: Kysely<DB>;
let url: string;
let close: () => Promise<void>;
let dir: string;
beforeAll(async () => {
  ({ db, url, close } = await freshDatabase());
  dir = mkdtempSync(join(tmpdir(), 'billetter-import-'));
});
afterAll(async () => {
  rmSync(dir, { recursive: true });
  await close?.();
});

const sha = (password: string) => createHash('sha256').update(password).digest('hex');
const eventNumbered = (number: number) => db.selectFrom('events').selectAll().where('number', '=', number).executeTakeFirst();

it('users: the contest’s columns, in any order, with a BOM and CRLF; doubles and bad lines refuse themselves alone', async () => {
  const taken = await person(db); // has a number that the file wants too
  const { number } = await db.selectFrom('accounts').select('number').where('id', '=', taken.id).executeTakeFirstOrThrow();
  const password = '\\x"$1\' пароль';
  const lines = [
    'password_plain,email,user_id,PASSWORD_HASH,first_name,surname,birthday,registered_at,is_active,last_logged_in,ignored',
    `"${password.replaceAll('"', '""')}",Анна@Пример.кз,${number},${sha(password)},Анна,"О""Нил",1990-01-02,2023-05-06 07:08:09,TRUE,2024-01-02 03:04:05,x`,
    `p,b@example.test,50000,${sha('p').toUpperCase()},,,,,,,`,
    `p,B@EXAMPLE.TEST,50001,${sha('p')},,,,,,,`,
    `p,c@example.test,50000,${sha('p')},,,,,,,`,
    `p,no address,50002,${sha('p')},,,,,,,`,
    `p,d@example.test,50003,${sha('p').slice(1)},,,,,,,`,
    `p,e@example.test,x,${sha('p')},,,,,,,`,
    `p,f@example.test,50004,${sha('p')},,,,yesterday,,,`,
    `p,g@example.test,50005,${sha('p')},,,,,false,,`,
    'too,few',
    `p,h@example.test,,${sha('p')},,,,,,,`,
  ];
  const done = await importText(url, users, `\ufeff${lines.join('\r\n')}\r\n`);
  expect(done).toMatchObject({ taken: 5, refused: 6, already: false });
  expect(done.lines).toEqual([
    { line: 4, reason: 'the e-mail address stands in the file before' },
    { line: 6, reason: 'email is no e-mail address' },
    { line: 7, reason: 'password_hash is no SHA-256 in hex' },
    { line: 8, reason: 'user_id is no whole number' },
    { line: 9, reason: 'registered_at is no date' },
    { line: 11, reason: 'it has 2 fields, not 11' },
  ]);

  const anna = await login(db, createPasswords(), { email: 'анна@пример.кз', password });
  expect(anna).toMatchObject({ full_name: 'Анна О"Нил', first_name: 'Анна', last_name: 'О"Нил', role: 'user' });
  expect(anna.created_at.toISOString()).toBe('2023-05-06T07:08:09.000Z');
  const { rows } = await sql<{
    email: string;
    number: number;
  }>`select email, number from accounts where email like '%@example.test' order by number`.execute(db);
  const of = (email: string) => rows.find((row) => row.email === email)!.number;
  expect(of('b@example.test')).toBe(50_000);
  // Numbers that are taken, given twice or not given come after the file's greatest.
  for (const fresh of [anna.number, of('c@example.test'), of('h@example.test')]) expect(fresh).toBeGreaterThan(50_005);
  await expect(login(db, createPasswords(), { email: 'g@example.test', password: 'p' })).rejects.toMatchObject({
    code: 'invalid_credentials',
  });
  const { rows: text } = await sql<{
    found: number;
  }>`select count(*)::int as found from accounts a where a::text like ${`%${password.slice(4)}%`}`.execute(db);
  expect(text[0]!.found).toBe(0);
  const next = await person(db);
  const made = await db.selectFrom('accounts').select('number').where('id', '=', next.id).executeTakeFirstOrThrow();
  expect(made.number).toBeGreaterThan(50_005);
});

it('of a finished file nothing is done again, whatever it is called; another file is another import', async () => {
  const file = `email,password_hash\nagain@example.test,${sha('p')}\n`;
  expect(await importText(url, users, file)).toMatchObject({ taken: 1, already: false });
  expect(await importText(url, users, file)).toMatchObject({ taken: 1, refused: 0, already: true });
  expect(await importText(url, users, `${file}\n`)).toMatchObject({ taken: 0, refused: 1, already: false });
});

it('what is no file of this kind is refused as a whole', async () => {
  await expect(importText(url, users, 'a,b\n1,2\n')).rejects.toThrow('it has no column email, password_hash');
  expect(await importText(url, events, '[]')).toMatchObject({ taken: 0, refused: 0 });
  expect(await importText(url, archive, 'title,datetime_start\n')).toMatchObject({ taken: 0, refused: 0 });
});

it('one at a time', async () => {
  const { db: other } = await connectAlone({ url, name: 'test' });
  const slow = importText(url, { ...events, begin: () => importText(url, users, 'email,password_hash\n').then(() => {}) }, '[{}]');
  await expect(slow).rejects.toThrow('another import is running');
  await other.destroy();
});

it('events: a JSON array; ids stay, external is what says so, the end is three hours later', async () => {
  const done = await importText(
    url,
    events,
    JSON.stringify([
      {
        id: 900_001,
        title: 'Концерт',
        description: 'Описание',
        type: 'concert',
        datetime_start: '2030-05-06T19:00:00+05:00',
        provider: 'kassir',
        extra: { a: 1 },
      },
      { id: 900_002, title: 'Звезда', datetime_start: '2030-05-06', external: true },
      { id: 900_001, title: 'Дважды', datetime_start: '2030-05-06' },
      { title: 'Без номера', datetime_start: '2030-05-06 10:00', datetime_end: '2030-05-06 11:00' },
      { id: 900_003, datetime_start: '2030-05-06' },
      { id: 900_004, title: 'Когда?' },
      { id: 900_005, title: 'Наоборот', datetime_start: '2030-05-06', datetime_end: '2030-05-05' },
      { id: 900_006, title: 'a\0b', datetime_start: '2030-05-06' },
    ]),
  );
  expect(done.lines.map(({ reason }) => reason)).toEqual([
    'id is taken',
    'title is missing',
    'datetime_start is missing',
    'datetime_end is not after datetime_start',
    'it has a character 0',
  ]);
  expect(done).toMatchObject({ taken: 3, refused: 5 });
  expect(await eventNumbered(900_001)).toMatchObject({
    name: 'Концерт',
    slug: 'концерт-900001',
    status: 'published',
    currency: 'KZT',
    external: false,
    starts_at: new Date('2030-05-06T14:00:00Z'),
    ends_at: new Date('2030-05-06T17:00:00Z'),
    settings: { type: 'concert', provider: 'kassir' },
  });
  expect(await eventNumbered(900_002)).toMatchObject({ external: true });
  const next = await create(db, { ...made, name: 'Next' }, {});
  expect((await db.selectFrom('events').select('number').where('id', '=', next).executeTakeFirstOrThrow()).number).toBeGreaterThan(900_006);
});

const made = {
  organizerId: null,
  description: '',
  venueId: null,
  startsAt: new Date('2030-01-01'),
  endsAt: new Date('2030-01-02'),
  currency: 'KZT',
  status: 'published' as const,
  sections: [],
};

it('an archive: ids are those of no event, and a second file goes into the same', async () => {
  await importText(url, events, '[{"id":910001,"title":"Ours","datetime_start":"2030-01-01"}]');
  const done = await importText(
    url,
    archive,
    'id,title,datetime_start,city\n910001,Theirs,2020-01-01,\n910002,Old,2020-01-01,Алматы\n910002,Twice,2020-01-01,\n,Без номера,2020-01-02,\n,Без номера,2020-01-02,\n',
  );
  expect(done.lines).toEqual([
    { line: 2, reason: 'id is that of an event' },
    { line: 4, reason: 'id is taken' },
  ]);
  expect(
    await importText(
      url,
      archive,
      '{"id":910002,"title":"Again","datetime_start":"2020-01-01"}\n{"id":915003,"title":"More","datetime_start":"2021-01-01"}',
    ),
  ).toMatchObject({
    taken: 1,
    refused: 1,
  });
  const { rows } = await sql`select title, place from archived_events order by starts_at, number`.execute(db);
  expect(rows).toEqual([
    { title: 'Old', place: 'Алматы' },
    { title: 'Без номера', place: '' },
    { title: 'Без номера', place: '' },
    { title: 'More', place: '' },
  ]);
  expect(await importText(url, events, '[{"id":915003,"title":"Taken","datetime_start":"2030-01-01"}]')).toMatchObject({
    taken: 0,
    refused: 1,
  });
  const { rows: indexes } = await sql<{
    name: string;
  }>`select indexname as name from pg_indexes where tablename = 'archived_events' order by 1`.execute(db);
  expect(indexes.map(({ name }) => name)).toEqual(['archived_events_newest', 'archived_events_pkey', 'archived_events_search']);
});

it('seats: zones become offers, positions go on, doubles and strangers are refused', async () => {
  await importText(
    url,
    events,
    '[{"id":920001,"title":"Hall","datetime_start":"2030-01-01"},{"id":920002,"title":"Star","datetime_start":"2030-01-01","external":true}]',
  );
  const first = await importText(
    url,
    seats,
    [
      'event_id,row,number,price,zone',
      '920001,1,1,40000.00,Партер',
      '920001,1,2,40000.00,Партер',
      '920001,1,2,40000.00,Партер',
      '920001,1,3,50000.00,Партер',
      '920001,2,1,80000,',
      '920002,1,1,1,',
      '929999,1,1,1,',
      '920001,0,1,1,',
      '920001,1,1,-1,',
    ].join('\n'),
  );
  expect(first.lines).toEqual([
    { line: 4, reason: 'the seat is there already' },
    { line: 5, reason: 'its zone has another price' },
    { line: 7, reason: "its event's places are those of the Event Provider" },
    { line: 8, reason: 'there is no such event' },
    { line: 9, reason: 'row or number is no whole number' },
    { line: 10, reason: 'price is no amount' },
  ]);
  expect(await importText(url, seats, 'event_id,row,number,price,zone\n920001,3,1,40000,Партер\n920001,1,1,40000,Партер\n')).toMatchObject({
    taken: 1,
    refused: 1,
  });

  const event = (await eventNumbered(920_001))!;
  expect(event.capacity).toBe(4);
  const { rows } = await sql`select o.name, o.price_minor, o.quantity, p.row_label, p.seat_label, p.position
    from places p join offers o on o.id = p.offer_id where p.event_id = ${event.id}::uuid order by o.tier_number, p.position`.execute(db);
  const zone = { name: 'Партер', price_minor: 4_000_000, quantity: 3 };
  expect(rows).toEqual([
    { ...zone, row_label: '1', seat_label: '1', position: 0 },
    { ...zone, row_label: '1', seat_label: '2', position: 1 },
    { ...zone, row_label: '3', seat_label: '1', position: 2 },
    { name: '80000', price_minor: 8_000_000, quantity: 1, row_label: '2', seat_label: '1', position: 0 },
  ]);
});

const command = (path: string): ChildProcess =>
  spawn(process.execPath, ['--import', 'tsx', 'deploy/import.ts', path], { env: { ...process.env, DATABASE_URL: url, INIT_CWD: '' } });

const ended = (child: ChildProcess) => {
  let text = '';
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (some) => (text += some));
  return new Promise<{ code: number | null; text: string }>((resolve) => child.on('close', (code) => resolve({ code, text })));
};

it('killed in the middle it goes on where it was: each line once, and the refused ones are listed once', async () => {
  const count = 60_000;
  const path = join(dir, 'users-many.csv');
  const line = (n: number) => (n % 10_000 === 77 ? `broken${n},x` : `many${n}@example.com,${sha('p')}`);
  writeFileSync(path, `email,password_hash\n${Array.from({ length: count }, (_, n) => line(n)).join('\n')}\n`);
  const progress = async () =>
    (await db.selectFrom('imports').select(['line', 'taken']).where('file', '=', 'users-many.csv').executeTakeFirst())?.taken ?? 0;

  const first = command(path);
  const killed = ended(first);
  await until('a batch', progress, (taken) => taken > 0);
  first.kill('SIGKILL');
  await killed;
  const before = await progress();
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(count - 6);

  // Its session holds the lock until the server sees that it is gone.
  let second = await ended(command(path));
  for (let i = 0; i < 20 && second.text.includes('another import'); i++) second = await ended(command(path));
  expect(second.text).toMatch(/going on at line \d+: 59994 users taken, 6 refused; they are listed in/);
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from accounts where email like 'many%'`.execute(db);
  expect(rows[0]!.n).toBe(count - 6);
  const listed = readFileSync(`${path}.refused.csv`, 'utf8').trim().split('\n');
  expect(listed.map((row) => Number(row.split(',')[0]) || row)).toEqual(['line,byte,reason', 79, 10_079, 20_079, 30_079, 40_079, 50_079]);

  const third = await ended(command(path));
  expect([third.code, third.text]).toEqual([0, expect.stringContaining('was imported before: 59994 users taken, 6 refused')]);
});

it('the command says what it was not told', async () => {
  expect(await ended(command(join(dir, 'missing-users.csv')))).toMatchObject({
    code: 1,
    text: expect.stringContaining('there is no file'),
  });
  writeFileSync(join(dir, 'what.csv'), 'a\n');
  expect(await ended(command(join(dir, 'what.csv')))).toMatchObject({ code: 64, text: expect.stringContaining('--as') });
  writeFileSync(join(dir, 'users.csv'), 'a\n1\n');
  expect(await ended(command(join(dir, 'users.csv')))).toMatchObject({ code: 1, text: expect.stringContaining('it has no column email') });
});
