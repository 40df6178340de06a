// Walks the pages of a list.

/** The items of all pages. `fetch` gets the mark of a page, undefined for the first. */
export async function* pages<T>(
  fetch: (mark: string | undefined) => Promise<{ items: T[]; next: string | null }>,
): AsyncGenerator<T, void, undefined> {
  let mark: string | undefined;
  do {
    const { items, next } = await fetch(mark);
    yield* items;
    mark = next ?? undefined;
  } while (mark !== undefined);
}
