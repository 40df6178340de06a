// When the engine tidies up after holds: so many in a second, however many end at once. Nobody waits for it: the places are free in SQL by then.

/** Half of what a small worker can do: who pays finds the other half free. */
const PER_SECOND = 20;
/** Past seconds are forgotten when so many are known; again when they have doubled. */
const MANY = 10_000;

/** How much later than its end (ms since 1970) a hold is tidied up, in ms. */
export type HoldEnds = (endsAt: number) => number;

/** Makes a plan of one relay's own. Each end that is asked for takes its place in it. */
export function createHoldEnds(perSecond = PER_SECOND, now: () => number = Date.now): HoldEnds {
  const taken = new Map<number, number>();
  /** Of a full second: where to go on looking. */
  const onwards = new Map<number, number>();
  let many = MANY;

  function free(second: number): number {
    const passed: number[] = [];
    let found = second;
    for (let next = onwards.get(found); next !== undefined; next = onwards.get(found)) {
      passed.push(found);
      found = next;
    }
    for (const one of passed) onwards.set(one, found);
    return found;
  }

  function forget(): void {
    const over = Math.floor(now() / 1000);
    for (const seconds of [taken, onwards]) for (const second of seconds.keys()) if (second < over) seconds.delete(second);
    many = Math.max(MANY, 2 * taken.size);
  }

  return (endsAt) => {
    if (taken.size > many) forget();
    const second = free(Math.floor(Math.max(endsAt, now()) / 1000));
    const before = taken.get(second) ?? 0;
    taken.set(second, before + 1);
    if (before + 1 >= perSecond) onwards.set(second, second + 1);
    return Math.max(0, Math.round(second * 1000 + (before * 1000) / perSecond - endsAt));
  };
}
