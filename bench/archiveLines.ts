// Lines to import, made up: users, events, and an archive in whose Russian texts words are as common as in a language (the n-th word 1/n).
import { createHash } from 'node:crypto';

const KINDS =
  'Концерт Спектакль Выставка Лекция Фестиваль Опера Балет Матч Турнир Семинар Ярмарка Вечер Экскурсия Показ Премьера Шоу'.split(' ');
const ADJECTIVES = 'Большой Новый Летний Зимний Первый Городской Детский Ночной Камерный Джазовый Народный Юбилейный'.split(' ');
const CITIES = 'Алматы Астана Шымкент Караганда Актобе Тараз Павлодар Семей Атырау Костанай Кызылорда Уральск Петропавловск Актау'.split(
  ' ',
);
const ONSETS = 'б в г д ж з к л м н п р с т ф х ц ч ш бр вр гр др кр пр стр тр зв сл пл кл гл'.split(' ');
const VOWELS = 'а е и о у я ю'.split(' ');
const ENDINGS = ['ость', 'ение', 'ник', 'ка', 'ный', 'ский', 'тель', 'ство', 'ина', 'ок'];

const WORDS = 30_000;
const FIRST = Date.UTC(2015, 0, 1);
const YEARS_MS = Date.UTC(2025, 0, 1) - FIRST;

/** What to search for. */
export const SEARCHES = {
  /** In one of a hundred thousand titles. */
  rare: (n: number) => `артист${n % 100_000}`,
  /** In every sixteenth title. */
  common: 'концерт',
  /** In every sixteenth title the one, in every twelfth the other. */
  two: 'концерт джазовый',
  half: 'утренний',
  /** Every second line has the one, every other the other: never both. */
  apart: 'утренний вечерний',
  /** In a third of the lines of 2020 and in no other. */
  ofOneYear: 'карантин',
  none: 'такогословабольшенет',
};

/** Numbers from 0 to 1 that are the same for the same seed. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

function vocabulary(): string[] {
  const next = random(7);
  const of = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  const words = new Set<string>();
  while (words.size < WORDS) {
    const syllables = Array.from({ length: 1 + Math.floor(next() * 3) }, () => of(ONSETS) + of(VOWELS));
    words.add(syllables.join('') + of(ENDINGS));
  }
  return [...words];
}

/** The archive's lines from the `first` on, as CSV with a head, a few thousand to a piece. */
export function* archiveLines(rows: number, first = 1): Generator<string> {
  const words = vocabulary();
  const next = random(11);
  const of = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  // Of rank n in about one of n: what grows evenly in its logarithm.
  const word = () => words[Math.floor(WORDS ** next()) - 1]!;

  let piece = 'id,title,description,type,datetime_start,provider\n';
  for (let n = 0; n < rows; n++) {
    const at = new Date(FIRST + Math.floor(next() * YEARS_MS));
    const title = `${of(KINDS)} ${of(ADJECTIVES)} «${word()} ${word()}» ${SEARCHES.rare(Math.floor(next() * 100_000))}`;
    const some = Array.from({ length: 12 + Math.floor(next() * 8) }, word).join(' ');
    const marks = `${n % 2 ? 'утренний' : 'вечерний'}${at.getUTCFullYear() === 2020 && n % 3 === 0 ? ' карантин' : ''}`;
    piece += `${first + n},"${title}","${some}, ${marks}, ${of(CITIES)}",event,${at.toISOString()},\n`;
    if (n % 2_000 === 1_999) {
      yield piece;
      piece = '';
    }
  }
  yield piece;
}

/** Users as the contest has them. */
export function* userLines(count: number): Generator<string> {
  yield* inPieces(
    'user_id,email,password_hash,password_plain,first_name,surname,birthday,registered_at,is_active,last_logged_in',
    count,
    (n) => {
      const password = `Пароль-${n}`;
      const hash = createHash('sha256').update(password).digest('hex');
      return `${n},зритель${n}@пример.кз,${hash},${password},Имя${n % 1000},Фамилия${n % 5000},1990-01-02,2023-05-06 07:08:09,TRUE,2024-01-01 00:00:00`;
    },
  );
}

/** Active events, an hour apart from tomorrow on. */
export function* eventLines(count: number): Generator<string> {
  const tomorrow = Date.now() + 86_400_000;
  yield* inPieces('id,title,description,type,datetime_start,provider', count, (n) => {
    const title = `${KINDS[n % KINDS.length]} ${ADJECTIVES[n % ADJECTIVES.length]} «Сезон ${n % 50}» ${SEARCHES.rare(n * 7)}`;
    const text = `${n % 2 ? 'утренний' : 'вечерний'}, ${CITIES[n % CITIES.length]}`;
    return `${n},"${title}","${text}",event,${new Date(tomorrow + n * 3_600_000).toISOString()},`;
  });
}

function* inPieces(head: string, count: number, line: (n: number) => string): Generator<string> {
  let piece = `${head}\n`;
  for (let n = 1; n <= count; n++) {
    piece += `${line(n)}\n`;
    if (n % 2_000 && n < count) continue;
    yield piece;
    piece = '';
  }
}
