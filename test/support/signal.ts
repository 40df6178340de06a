// Something that one side of a test waits for and the other gives.

export type Signal = { given: Promise<void>; give(): void };

/** Makes one. Giving it twice is giving it once. */
export function signal(): Signal {
  let give = () => {};
  const given = new Promise<void>((resolve) => {
    give = resolve;
  });
  return { given, give };
}
