// Other people's words inside our sentences: names in any script, of any length.

/** Letters that are written from right to left. */
const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Adlam}\u200f\u202b\u202e\u2067]/u;
const FIRST_STRONG_ISOLATE = '\u2068';
const POP_ISOLATE = '\u2069';

/**
 * The text, set apart where it has letters from right to left, so that it does not turn round what stands beside it. Other text
 * stays as it is: the marks would cost a text message half of its letters.
 */
export const isolated = (text: string): string => (RIGHT_TO_LEFT.test(text) ? `${FIRST_STRONG_ISOLATE}${text}${POP_ISOLATE}` : text);

/** Whether the text is read from right to left: its first letter that has a direction says so. */
export const readsFromRight = (text: string): boolean => RIGHT_TO_LEFT.test(/\p{L}/u.exec(text)?.[0] ?? '');

/** The text in one line, its letters composed ("e" and an accent become one letter) and nothing invisible that breaks lines. */
export const oneLine = (text: string): string =>
  text
    .normalize('NFC')
    .replace(/[\s\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim();

/** Scripts whose lines may break anywhere: their text needs no blanks. */
const BREAKS_ANYWHERE = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]/u;
const ZERO_WIDTH_SPACE = '\u200b';

/** The text, with invisible places to break in each word of more than `longest` letters. */
export const breakable = (text: string, longest: number): string =>
  text
    .split(' ')
    .map((word) => (word.length > longest && !BREAKS_ANYWHERE.test(word) ? broken(word, Math.ceil(longest / 2)) : word))
    .join(' ');

const broken = (word: string, every: number): string =>
  letters(word)
    .map((letter, i) => (i && i % every === 0 ? ZERO_WIDTH_SPACE + letter : letter))
    .join('');

/** The longest part of a text that no line breaks. */
export const longestPart = (text: string): string =>
  text
    .split(/[ \u200b]/)
    .filter((part) => !BREAKS_ANYWHERE.test(part))
    .reduce((long, part) => (part.length > long.length ? part : long), '');

const SEGMENTER = new Intl.Segmenter('en');

/** The letters of a text as people count them. */
const letters = (text: string): string[] => Array.from(SEGMENTER.segment(text), (part) => part.segment);

/** The text in one line of at most `max` letters as people count them, with "..." for what is cut. No letter is cut in two. */
export function clipped(text: string, max: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const all = letters(line);
  if (all.length <= max) return line;
  const kept = all.slice(0, max - 3).join('');
  return `${kept.trimEnd()}...`;
}

/** An event's name for a text message: short, and set apart. */
export const shortName = (name: string): string => isolated(clipped(name, 60));
