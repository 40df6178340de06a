// Waiting no longer than that.

/** The work's result, or what `late` gives or throws when it takes longer than so many ms. The work goes on then; how it ends is nobody's any more. */
export function within<T, L>(ms: number, work: Promise<T>, late: () => L): Promise<T | L> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return Promise.race([work, over.then(late)]).finally(() => clearTimeout(timer));
}
