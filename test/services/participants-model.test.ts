// Participants against a model, with random interleavings on a real Postgres: capacity, caps, waitlist, changes of type and of the capacity.
// Nobody has two places or none, no cap is passed, nobody earlier is passed over, every word to the webhooks is said once. And the proof
// that this can fail: with a guard taken out of the SQL, it does.
import fc from 'fast-check';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';
import { freshDatabase } from '../support/database.ts';
import { CAPS, type Deed, type Live, openWorld, PEOPLE, type Sight, TYPES, type Type, type World } from '../support/participantWorld.ts';
import { mutated } from '../support/waitlistWorld.ts';

const TOTAL = 4;
const MOST = Object.values(CAPS).reduce((sum, cap) => sum + cap, 0);

let db: Kysely<DB>;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await freshDatabase());
});
afterAll(() => close?.());

const type = fc.constantFrom(...TYPES);
const who = fc.nat(PEOPLE - 1);
const serve = fc.constant<Deed>({ kind: 'serve' });
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 7, arbitrary: fc.record({ kind: fc.constant('enrol' as const), who, type }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('revise' as const), who, type }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('withdraw' as const), who }) },
  { weight: 4, arbitrary: serve },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('resize' as const), total: fc.integer({ min: 1, max: MOST + 1 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('waitlist' as const), on: fc.boolean() }) },
);
/** A story is a list of steps; a step is one deed, or several at once. */
const step = fc.oneof({ weight: 5, arbitrary: fc.tuple(deed) }, { weight: 3, arbitrary: fc.array(deed, { minLength: 2, maxLength: 6 }) });
const story = fc.array(step, { minLength: 8, maxLength: 25, size: 'max' });
/** Full from the start, so that there is something to wait for. */
const FULL: Deed[] = (['premium', 'standard', 'standard', 'premium', 'team'] as const).map((of, n) => ({
  kind: 'enrol',
  who: n,
  type: of,
}));

/** Free places are for this type's own line, and for those of other types who could take one. */
const isWaitedFor = ({ line, slots }: Sight, wanted: Type) => line.some((w) => w.type === wanted || slots[w.type] > 0);
const isFree = ({ places, slots }: Sight, wanted: Type) => places.free > 0 && slots[wanted] > 0;
const liveOf = ({ confirmed, line }: Sight, n: number) => [...confirmed, ...line].find((one) => one.who === n);
const people = (some: Live[]) => some.map((one) => [one.who, one.type]);

/** What one deed alone must do, to the row. */
function alone(deed: Deed, said: string, before: Sight, after: Sight): void {
  const expected = structuredClone(before);
  const { places, slots } = expected;
  const due = decide(deed, before);
  expect(said, JSON.stringify(deed)).toBe(due);
  const mine = 'who' in deed ? liveOf(before, deed.who) : undefined;
  const waits = before.line.some((one) => one === mine);

  if (deed.kind === 'enrol' && due === 'confirmed') {
    places.free--;
    slots[deed.type]--;
  } else if (deed.kind === 'withdraw' && mine && !waits) {
    places.free++;
    slots[mine.type]++;
  } else if (deed.kind === 'revise' && due === 'confirmed') {
    slots[deed.type]--;
    slots[mine!.type]++;
  } else if (deed.kind === 'resize' && due === 'changed')
    Object.assign(places, { free: places.free + deed.total - places.total, total: deed.total });
  else if (deed.kind === 'waitlist') expected.waitlist = deed.on;
  else if (deed.kind === 'serve') {
    for (const one of served(before)) {
      places.free--;
      slots[one.type]--;
    }
    expect(people(after.line)).toEqual(people(before.line.filter((one) => !served(before).includes(one))));
  }
  expect([after.places, after.slots, after.waitlist]).toEqual([places, slots, expected.waitlist]);
  if (deed.kind === 'revise' && waits)
    expect(people(after.line)).toEqual(people(before.line.map((one) => (one === mine ? { ...one, type: deed.type } : one))));
  if (deed.kind === 'enrol' && due === 'waiting') expect(people(after.line)).toEqual([...people(before.line), [deed.who, deed.type]]);
}

/** What one deed alone must be answered with. */
function decide(deed: Deed, before: Sight): string {
  const mine = 'who' in deed ? liveOf(before, deed.who) : undefined;
  switch (deed.kind) {
    case 'enrol':
      if (mine) return 'already_registered';
      if (isFree(before, deed.type) && !isWaitedFor(before, deed.type)) return 'confirmed';
      return before.waitlist ? 'waiting' : 'places_unavailable';
    case 'withdraw':
      return mine || everLived.has(deed.who) ? 'cancelled' : 'none';
    case 'revise': {
      if (!mine) return everLived.has(deed.who) ? 'order_not_payable' : 'none';
      if (before.line.includes(mine)) return 'waiting';
      const waiting = before.line.filter((one) => one.type === deed.type).length;
      return mine.type === deed.type || before.slots[deed.type] > waiting ? 'confirmed' : 'places_unavailable';
    }
    case 'resize':
      if (deed.total > MOST) return 'invalid';
      return deed.total < before.places.total - before.places.free ? 'event_fixed' : 'changed';
    case 'waitlist':
      return 'changed';
    case 'serve':
      return `served ${served(before).length}`;
  }
}
/** Who has had a registration in this run, dead or alive. */
let everLived = new Set<number>();

/** Who gets a place when the line is served alone, in their order. */
function served({ line, places, slots }: Sight): Live[] {
  const left = { places: places.free, ...slots };
  return line.filter((one) => {
    if (!left.places || !left[one.type]) return false;
    left.places--;
    left[one.type]--;
    return true;
  });
}

/** What must be true whatever happened at once, in whatever order. */
async function always(world: World, steps: Deed[], said: string[], before: Sight, after: Sight): Promise<void> {
  expect(after.wrong).toEqual([]);
  expect(said.filter((word) => !WORDS.test(word))).toEqual([]);
  const { confirmed, line, places } = after;
  expect(places.free).toBe(places.total - confirmed.length);
  for (const one of TYPES) expect(after.slots[one]).toBe(CAPS[one] - confirmed.filter((c) => c.type === one).length);

  const { total, taken, available, waiting } = await world.figures();
  expect([total, taken, waiting]).toEqual([places.total, confirmed.length, line.length]);
  expect(available).toBeLessThanOrEqual(places.free);
  const stats = await world.stats();
  expect([stats.live, stats.confirmed]).toEqual([confirmed.length + line.length, confirmed.length]);
  for (const sum of [stats.by_type, stats.trend]) expect(sum.reduce((n, one) => n + one.count, 0)).toBe(stats.live);

  // Who waited all the time, and for the same, was passed over by nobody who came later.
  const changed = new Set(steps.flatMap((deed) => (deed.kind === 'revise' ? [deed.who] : [])));
  const waited = before.line.filter((w) => line.some((l) => l.number === w.number) && !changed.has(w.who));
  for (const one of confirmed.filter((c) => !before.confirmed.some((b) => b.number === c.number) && !changed.has(c.who))) {
    const rank = before.line.findIndex((w) => w.number === one.number);
    for (const w of waited) {
      const earlier = rank < 0 || before.line.indexOf(w) < rank;
      const fits = w.type === one.type || (before.slots[w.type] > 0 && after.slots[w.type] > 0 && slotsKept(steps, w.type));
      expect(earlier && fits, `${w.who} was in line for ${w.type} before ${one.who} came for ${one.type}`).toBe(false);
    }
  }
}
const WORDS =
  /^(confirmed|waiting|cancelled|none|changed|served \d+|already_registered|places_unavailable|order_not_payable|event_fixed|invalid)$/;
/** Nobody took or gave back a slot of this type meanwhile by a change, so that it was free all the time if it was before and after. */
const slotsKept = (steps: Deed[], of: Type) =>
  !steps.some((deed) => (deed.kind === 'revise' && deed.type === of) || deed.kind === 'withdraw');

async function tellStory(world: World, steps: Deed[][]): Promise<void> {
  everLived = new Set();
  let before = await world.see();
  for (const step of [...FULL.map((one) => [one]), ...steps]) {
    const said = await Promise.all(step.map((one) => world.act(one)));
    const after = await world.see();
    await always(world, step, said, before, after);
    if (step.length === 1) alone(step[0]!, said[0]!, before, after);
    for (const one of [...after.confirmed, ...after.line]) everLived.add(one.who);
    for (const [i, one] of step.entries()) if (one.kind === 'enrol' && /^(confirmed|waiting)$/.test(said[i]!)) everLived.add(one.who);
    before = after;
  }
}

const check = (on: Kysely<DB>, more: fc.Parameters<[Deed[][]]>, stories = story as fc.Arbitrary<Deed[][]>) =>
  fc.assert(
    fc.asyncProperty(stories, async (steps) => tellStory(await openWorld(on, TOTAL), steps)),
    more,
  );

describe('participants', () => {
  test('are treated as the model says through random stories', () => check(db, { numRuns: 40 }), 600_000);

  test.each<[string, [string, string][]]>([
    ['walk-ins are let in while somebody waits', [['where w.event_id = events.id and', 'where false and w.event_id = events.id and']]],
    [
      'those who wait for another type of the capacity are forgotten',
      [['w.offer_id in (select below.id from offers mine', 'false and w.offer_id in (select below.id from offers mine']],
    ],
    ['those who wait for a type at its cap are in the way', [['and (not ', 'and (true or not ']]],
    ['the last comes first', [['order by w.seq limit 1', 'order by w.seq desc limit 1']]],
    ['a change of type keeps the old slot', [['where s.id in (got.slot_id, got.old_slot)', 'where s.id in (got.slot_id)']]],
    [
      'a change of type leaves the ticket behind',
      [['where t.order_item_id = moved.item_id and', 'where false and t.order_item_id = moved.item_id and']],
    ],
    ['a change of type takes what the line needs', [['between 1 and line.n', 'between 99 and line.n']]],
    ['who left is still in line', [['set in_line = false\n', 'set in_line = true\n']]],
    [
      'a cancelled place stays taken',
      [['update places p set order_id = null, held_until = null, sold_at = case', 'update places p set held_until = null, sold_at = case']],
    ],
  ])(
    'is caught when %s',
    async (_, changes) => {
      const { db: broken, met } = mutated(db, changes);
      const error = await check(broken, { numRuns: 200, endOnFailure: true }).catch((e) => e);
      expect(error?.cause?.name, String(error)).toBe('AssertionError');
      expect([...met].sort(), 'the words to change are still there').toEqual(changes.map(([from]) => from).sort());
    },
    600_000,
  );
});
