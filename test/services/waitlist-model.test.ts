// The waitlist against a model, with random interleavings on a real Postgres: nobody is offered twice, nobody earlier is skipped,
// offers never exceed what is free. And the proof that this can fail: with a guard taken out of the SQL, it does.
import fc from 'fast-check';
import type { Kysely } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';
import { freshDatabase } from '../support/database.ts';
import { person } from '../support/made.ts';
import {
  type Deed,
  type Live,
  mutated,
  openWorld,
  PEOPLE,
  type Sight,
  type Tier,
  type Waiter,
  type World,
} from '../support/waitlistWorld.ts';

let db: Kysely<DB>;
let close: () => Promise<void>;
let people: string[];

beforeAll(async () => {
  ({ db, close } = await freshDatabase());
  people = await Promise.all(Array.from({ length: PEOPLE }, async () => (await person(db)).id));
});
afterAll(() => close?.());

const tier = fc.constantFrom<Tier>('A', 'B');
const who = fc.nat(PEOPLE - 1);
const quantity = fc.integer({ min: 1, max: 3 });
const at = fc.nat(9);
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('join' as const), who, quantity, tier: fc.option(tier) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('claim' as const), who, quantity, tier }) },
  { weight: 5, arbitrary: fc.constant({ kind: 'serve' } as const) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('cancel' as const, 'lapse' as const, 'expire' as const), at }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('leave' as const, 'look' as const), who }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('pay' as const), at }) },
);
const rounds = fc.constant<Deed[]>([{ kind: 'serve' }, { kind: 'serve' }, { kind: 'serve' }]);
/** A story is a list of steps; a step is one deed, or several at once. */
const step = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(deed) },
  { weight: 2, arbitrary: fc.array(deed, { minLength: 2, maxLength: 6 }) },
  { weight: 1, arbitrary: rounds },
);
const story = fc.array(step, { minLength: 8, maxLength: 25, size: 'max' });
/** All is given back at once while several wait, and several rounds begin at once. */
const single = (n: number): Deed[] => [{ kind: 'join', who: n, quantity: 1, tier: null }];
const everything: Deed[] = [0, 1, 2, 3].map((n) => ({ kind: 'cancel', at: n }));
const rush = rounds.map((three) => [single(4), single(5), single(0), single(1), everything, three]);
/** Every place taken, so that there is something to wait for from the start. */
const SOLD_OUT: Deed[] = [
  { kind: 'claim', who: 0, quantity: 2, tier: 'A' },
  { kind: 'claim', who: 1, quantity: 1, tier: 'A' },
  { kind: 'claim', who: 2, quantity: 1, tier: 'B' },
  { kind: 'claim', who: 3, quantity: 1, tier: 'B' },
];

const wants = (w: { tier: Tier | null }, t: Tier) => w.tier === null || w.tier === t;
const room = (free: Sight['free'], w: { tier: Tier | null }) => (['A', 'B'] as const).reduce((n, t) => n + (wants(w, t) ? free[t] : 0), 0);
const next = (line: Waiter[], free: Sight['free']) => line.find((w) => w.quantity <= room(free, w));
function without(free: Sight['free'], places: Tier[]): Sight['free'] {
  const left = { ...free };
  for (const t of places) left[t]--;
  return left;
}

/** What one deed alone must do, to the row. */
function alone(deed: Deed, said: string, before: Sight, after: Sight): void {
  const made = newOrders(before, after);
  if (deed.kind === 'claim') {
    const may = before.free[deed.tier] >= deed.quantity && !before.line.some((w) => wants(w, deed.tier));
    expect(said.startsWith('claimed'), `claim: ${said}`).toBe(may);
  } else if (deed.kind === 'join' && !said.startsWith('known')) {
    const open = Object.fromEntries(Object.entries(before.free).map(([t, n]) => [t, before.line.some((w) => wants(w, t as Tier)) ? 0 : n]));
    const fits = deed.tier === null ? deed.quantity <= 3 : deed.quantity <= { A: 3, B: 2 }[deed.tier];
    const due = !fits ? 'limit_exceeded' : room(open as Sight['free'], deed) >= deed.quantity ? 'seats_available' : 'joined';
    expect(said.split(' ')[0]).toBe(due);
    if (due === 'joined') expect(after.line.at(-1)).toMatchObject({ who: deed.who, quantity: deed.quantity, tier: deed.tier });
    if (due === 'joined')
      expect(Number(said.split(' ')[2])).toBe(1 + before.line.filter((w) => !w.tier || !deed.tier || w.tier === deed.tier).length);
  } else if (deed.kind === 'join') {
    const mine = (s: Sight) => [
      ...s.line.filter((w) => w.who === deed.who),
      ...s.live.filter((o) => o.who === deed.who && s.offers.has(o.id)),
    ];
    expect(mine(before).length, 'known, so it waits or has an offer').toBeGreaterThan(0);
  } else if (deed.kind === 'serve') {
    let { line, free } = before;
    for (const order of made) {
      const due = next(line, free);
      expect(due && [due.id, due.order, due.who, due.quantity], 'the first in line who fits, into the order that waited').toEqual([
        after.offers.get(order.id),
        order.id,
        order.who,
        order.places.length,
      ]);
      expect(order.places.every((t) => wants(due!, t) && free[t] > 0)).toBe(true);
      line = line.filter((w) => w !== due);
      free = without(free, order.places);
    }
    expect(next(line, free), 'nobody who fits is left waiting').toBeUndefined();
    expect(after.line).toEqual(line);
  } else if (deed.kind === 'leave') expect(after.line.some((w) => w.who === deed.who)).toBe(false);
  if (deed.kind !== 'serve' && deed.kind !== 'claim') expect(made, 'only claims and offers make orders').toEqual([]);
}

const newOrders = (before: Sight, after: Sight): Live[] => after.live.filter((o) => !before.live.some((b) => b.id === o.id));

/** What must be true whatever happened at once, in whatever order. */
function always(said: string[], before: Sight, after: Sight): void {
  expect(after.twice, 'no place in two live orders').toBe(0);
  expect(after.astray, 'who is in line has an order that waits').toBe(0);
  expect(said.filter((s) => /error|deadlock|duplicate/i.test(s))).toEqual([]);
  const waited = before.line.filter((w) => after.line.some((a) => a.id === w.id)); // all the time
  for (const order of newOrders(before, after)) {
    const entry = after.offers.get(order.id);
    const walkIn = said.includes(`claimed ${order.id}`);
    expect(Number(walkIn) + Number(entry !== undefined), 'every order is a claim, or the one offer of one entry').toBe(1);
    const rank = before.line.findIndex((w) => w.id === entry);
    if (rank >= 0) expect(order.places.length, 'nobody is offered more than wished for').toBe(before.line[rank]!.quantity);
    for (const w of waited) {
      const earlier = walkIn || rank < 0 || before.line.indexOf(w) < rank;
      const served = walkIn ? order.places.some((t) => wants(w, t)) : w.quantity <= order.places.filter((t) => wants(w, t)).length;
      expect(earlier && served, `${w.id} was earlier than order ${order.id} and would have fitted`).toBe(false);
    }
  }
  const owners = [...after.line.map((w) => w.who), ...after.live.filter((o) => !o.paid && after.offers.has(o.id)).map((o) => o.who)];
  expect(new Set(owners).size, 'nobody waits twice, or waits with an offer open').toBe(owners.length);
}

async function tellStory(world: World, steps: Deed[][]): Promise<void> {
  let before = await world.see();
  for (const step of [...SOLD_OUT.map((d) => [d]), ...steps]) {
    const { live } = before;
    const said = await Promise.all(step.map((d) => world.act(d, live)));
    const after = await world.see();
    always(said, before, after);
    if (step.length === 1) alone(step[0]!, said[0]!, before, after);
    before = after;
  }
}

const check = (on: Kysely<DB>, more: fc.Parameters<[Deed[][]]>, stories = story as fc.Arbitrary<Deed[][]>) =>
  fc.assert(
    fc.asyncProperty(stories, async (steps) => tellStory(await openWorld(on, people), steps)),
    more,
  );

describe('the waitlist', () => {
  test('keeps its promises through random stories', () => check(db, { numRuns: 40 }), 600_000);
  test('keeps its promises when rounds begin at once', () => check(db, { numRuns: 10 }, rush), 240_000);

  test.each<[string, [string, string][], fc.Arbitrary<Deed[][]>?]>([
    ['walk-ins are let in while somebody waits', [['where w.event_id = events.id and', 'where false and w.event_id = events.id and']]],
    ['the last comes first', [['order by w.seq limit 1', 'order by w.seq desc limit 1']]],
    [
      'rounds do not take turns, and an order may be placed twice',
      [
        ['select pg_advisory_xact_lock(', 'select ('],
        ['limit 1 for update of w', 'limit 1'],
        ["and t.status = 'waiting' and", 'and'],
        ['and s.places + (select count(*) from order_items i where', 'and s.places + (select count(*) from order_items i where false and'],
        [
          'select w.id, w.account_id, w.quantity, w.offer_id, w.notify',
          'select pg_sleep(0.02), w.id, w.account_id, w.quantity, w.offer_id, w.notify',
        ], // a slow moment
      ],
      rush,
    ],
    ['a hold counts as free', [[' <= now())', " <= now() + interval '1 day')"]]],
    ['a group is counted as one person', [['and w.quantity <= (select', 'and 1 <= (select']]],
    ['joining does not ask for free seats', [[') free', ') free where false']]],
    ['who was offered places is still in line', [['set in_line = false, offered_at = now()', 'set offered_at = now()']]],
    ['who left is still in line', [['set in_line = false\n', 'set in_line = true\n']]],
  ])(
    'is caught when %s',
    async (_, changes, stories) => {
      const { db: broken, met } = mutated(db, changes);
      const error = await check(broken, { numRuns: 300, endOnFailure: true }, stories).catch((e) => e);
      expect(error?.cause?.name, String(error)).toBe('AssertionError');
      expect([...met].sort(), 'the words to change are still there').toEqual(changes.map(([from]) => from).sort());
    },
    600_000,
  );
});
