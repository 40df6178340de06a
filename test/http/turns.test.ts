// Turns of events at the database: a rush for one waits in its own line, and another event's buyer in none.
import { expect, it, vi } from 'vitest';
import { createTurns } from '../../gateway/turns.ts';
import { taken } from '../../services/orders/claim/refusals.ts';
import { DomainError } from '../../services/shared/errors.ts';

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

it('beside others a crowd rests twice as long as each of its calls took, at most a moment; who has his answer waits for none of it', async () => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout'] });
  try {
    const turns = createTurns({ alone: 1, beside: 1 });
    const rush = Array.from({ length: 20 }, work);
    const done = rush.map((one) => turns('rush', one.run));
    const begun = () => rush.filter((one) => one.state.begun).length;
    const after = async (ms: number) => {
      vi.advanceTimersByTime(ms);
      await settle();
      return begun();
    };
    const takes = async (i: number, ms: number) => {
      vi.advanceTimersByTime(ms);
      rush[i]!.end();
      await done[i];
    };

    await takes(0, 10);
    expect(begun()).toBe(2); // alone it does not rest

    await turns('other', async () => {});
    await takes(1, 10);
    expect(await after(19)).toBe(2);
    expect(await after(1)).toBe(3);

    vi.advanceTimersByTime(5_000);
    const late = work();
    done.push(turns('rush', late.run));
    await turns('other', async () => {});
    await takes(2, 0);
    expect(await after(49)).toBe(3);
    expect(await after(1)).toBe(4);

    vi.advanceTimersByTime(2_000);
    for (const one of [...rush, late]) one.end();
    await Promise.all(done);
  } finally {
    vi.useRealTimers();
  }
});

const gone = taken({ wanted: 1 });
const outcome = (done: Promise<unknown>) => done.then(() => 'sold', String);

it('who waited while the same was asked for has the refusal as well, without asking; who came later asks', async () => {
  const turns = createTurns({ alone: 1, beside: 1 });
  const [first, second, third, later] = [work(), work(), work(), work()];
  const done = [first, second, third].map((one) => outcome(turns('e', one.run, 'seat 1')));

  // What was begun before the others came does not answer them: the seat may have been free again when they asked.
  first.end(gone);
  await settle();
  expect([second.state.begun, third.state.begun]).toEqual([true, false]);

  done.push(outcome(turns('e', later.run, 'seat 1')));
  second.end(gone);
  await settle();
  await settle();
  expect([third.state.begun, later.state.begun]).toEqual([false, true]);
  later.end();
  expect(await Promise.all(done)).toEqual([String(gone), String(gone), String(gone), 'sold']);
});

it('a refusal that is not for all, one of other seats, and work that fails answer nobody else', async () => {
  for (const [failure, asks] of [
    [new DomainError('blocked', 'Not you.', { eventId: 'e' }), 'seat 1'],
    [new Error('connection lost'), 'seat 1'],
    [gone, 'seat 2'],
    [gone, undefined],
  ] as const) {
    const turns = createTurns({ alone: 1, beside: 1 });
    const [ahead, failing, waiting] = [work(), work(), work()];
    const done = [outcome(turns('e', ahead.run)), outcome(turns('e', failing.run, asks)), outcome(turns('e', waiting.run, 'seat 1'))];
    ahead.end();
    await settle();
    failing.end(failure);
    await settle();
    expect(waiting.state.begun).toBe(true);
    waiting.end();
    expect(await Promise.all(done)).toEqual(['sold', String(failure), 'sold']);
  }
});

it('many who get the same refusal leave the process time for what else has come', async () => {
  const turns = createTurns({ alone: 1, beside: 1 });
  const [ahead, asking] = [work(), work()];
  let answered = 0;
  const all = [ahead, asking, ...Array.from({ length: 200 }, work)].map((one, i) =>
    outcome(turns('e', one.run, i ? 'seat 1' : undefined)).then(() => answered++),
  );
  ahead.end();
  await settle();
  asking.end(gone);
  await settle();
  await settle();
  expect(answered).toBeLessThan(20);
  await Promise.all(all);
});
