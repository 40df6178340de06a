// Turns of events at the database: a rush for one waits in its own line, and another event's buyer in none.
import { expect, it } from 'vitest';
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
  const turns = createTurns(2);
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
  const turns = createTurns(1);
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
