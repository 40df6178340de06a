// Turns of events at the database: a rush for one waits in its own line, and another event's buyer in none.
import { expect, it, vi } from 'vitest';
import { createTurns } from '../../gateway/turns.ts';

/** Work that ends when it is told to. */
function work() {
  let end!: (failed?: Error) => void;
  const done = new Promise<void>((resolve, reject) => {
    end = (failed) => (failed ? reject(failed) : resolve());
  });
  const state = { begun: false };
  const run = () => {
    state.begun = true;
    return done;
  };
  return { state, end, run };
}

const settle = () => new Promise((resolve) => setImmediate(resolve));

it('runs so many of one event at once, the others in their order; another event begins at once', async () => {
  const turns = createTurns({ alone: 2, beside: 2 });
  const rush = Array.from({ length: 5 }, work);
  const done = rush.map((one) => turns('rush', one.run));
  const other = work();
  const otherDone = turns('other', other.run);
  expect([...rush.map((one) => one.state.begun), other.state.begun]).toEqual([true, true, false, false, false, true]);

  rush[1]!.end();
  await settle();
  expect(rush.map((one) => one.state.begun)).toEqual([true, true, true, false, false]);
  for (const one of [...rush, other]) one.end();
  await Promise.all([...done, otherDone]);
});

it('work that fails gives its turn on, and its failure to whoever asked', async () => {
  const turns = createTurns({ alone: 1, beside: 1 });
  const [first, second] = [work(), work()];
  const failed = turns('e', first.run);
  const done = turns('e', second.run);
  first.end(new Error('lost'));
  await expect(failed).rejects.toThrow('lost');
  await settle();
  expect(second.state.begun).toBe(true);
  second.end();
  await done;
});

it('a crowd leaves more to the others as soon as somebody asks for another event, and takes it back when they are gone', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  try {
    const turns = createTurns({ alone: 3, beside: 1 });
    const rush = Array.from({ length: 20 }, work);
    const done = rush.map((one) => turns('rush', one.run));
    const begun = () => rush.filter((one) => one.state.begun).length;
    expect(begun()).toBe(3);

    await turns('other', async () => {});
    const ended = async (i: number) => {
      rush[i]!.end();
      await settle();
      return begun();
    };
    expect([await ended(0), await ended(1), await ended(2)]).toEqual([3, 3, 4]);

    vi.advanceTimersByTime(1_000);
    expect(await ended(3)).toBe(7);
    for (const one of rush) one.end();
    await Promise.all(done);
  } finally {
    vi.useRealTimers();
  }
});
