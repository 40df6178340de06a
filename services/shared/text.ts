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

/** The text in one line of at most `max` letters as people count them, with "..." for what is cut. No letter is cut in two. */
export function clipped(text: string, max: number): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const letters = Array.from(new Intl.Segmenter('en').segment(line), (part) => part.segment);
  return letters.length > max
    ? `${letters
        .slice(0, max - 3)
        .join('')
        .trimEnd()}...`
    : line;
}
