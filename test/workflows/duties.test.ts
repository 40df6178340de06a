// What comes next for an order, told from its facts and the clock: a table of every combination that matters.
import { describe, expect, test } from 'vitest';
import type { OrderFacts } from '../../services/orders/facts.ts';
import { type Clock, type Duty, nextDuty } from '../../workflows/duties.ts';

const NOW = Date.parse('2026-11-21T10:00:00.000Z');
const at = (seconds: number) => NOW + seconds * 1000;
const iso = (seconds: number) => new Date(at(seconds)).toISOString();

const HELD: OrderFacts = {
  status: 'pending',
  expiresAt: iso(300),
  unsettled: false,
  attempts: [],
  openPayments: [],
  suspectPayments: [],
  pendingRefunds: [],
  failedRefunds: 0,
  unsentMails: [],
};
const ENDED: Partial<OrderFacts> = { expiresAt: iso(-1) };
const OVER = { status: 'expired' } as const;
const CANCELLED = { status: 'cancelled' } as const;
const CONFIRMED = { status: 'confirmed' } as const;

const asking = (...ids: string[]) => ({ asking: new Set(ids) });
const again = (times: Record<string, number>) => ({ again: new Map(Object.entries(times).map(([id, seconds]) => [id, at(seconds)])) });
const wait = (until: number | null) => ({ do: 'wait', until: until === null ? null : at(until) }) as const;

/** The duty without its words. */
function duty(facts: Partial<OrderFacts>, clock: Partial<Clock>): Duty {
  const next = nextDuty({ ...HELD, ...facts }, { now: NOW, lateMs: 0, asking: new Set(), again: new Map(), ...clock });
  if (next.do === 'wait') delete (next as Partial<typeof next>).why;
  return next;
}

type Row = [name: string, facts: Partial<OrderFacts>, clock: Partial<Clock>, next: object];
const table = (rows: Row[]) => test.each(rows)('%s', (_, facts, clock, next) => expect(duty(facts, clock)).toEqual(next));

describe('a hold', () => {
  table([
    ['runs: waited for until its end', {}, {}, wait(300)],
    ['runs, with a payment page open: the same', { openPayments: ['p'] }, {}, wait(300)],
    ['runs, started late: the timer is later by as much', {}, { lateMs: 40_000 }, wait(340)],
    ['has ended: ended', ENDED, {}, { do: 'end', payments: [] }],
    ['ends in this very moment: ended', { expiresAt: iso(0) }, {}, { do: 'end', payments: [] }],
    ['has ended with a payment open: asked about on the way', { ...ENDED, openPayments: ['p'] }, {}, { do: 'end', payments: ['p'] }],
    [
      'has ended and something woke the loop: ended now, however late it was started',
      ENDED,
      { lateMs: 40_000 },
      { do: 'end', payments: [] },
    ],
  ]);
});

describe('captured money', () => {
  table([
    [
      'is settled before all else',
      { unsettled: true, attempts: ['a'], suspectPayments: ['p'], pendingRefunds: ['r'] },
      {},
      { do: 'settle' },
    ],
    ['is settled though the hold has ended', { ...ENDED, unsettled: true }, {}, { do: 'settle' }],
    ['is settled though the order is over', { ...OVER, unsettled: true }, {}, { do: 'settle' }],
    ['is settled though a charge is under way', { unsettled: true, attempts: ['a'] }, asking('a'), { do: 'settle' }],
  ]);
});

describe('an attempt to pay', () => {
  table([
    ['is charged', { attempts: ['a'] }, {}, { do: 'charge', attempt: 'a' }],
    [
      'is charged though the hold has ended: whether it came in time stands in its receipt',
      { ...ENDED, attempts: ['a'] },
      {},
      { do: 'charge', attempt: 'a' },
    ],
    ['waits for the one before it', { attempts: ['a', 'b'] }, asking('a'), wait(null)],
    ['and the next one has its turn', { attempts: ['b'] }, {}, { do: 'charge', attempt: 'b' }],
    ['of an order that is paid, cancelled or expired is not charged', { ...CONFIRMED, attempts: ['a'] }, {}, { do: 'done' }],
    ['... cancelled', { ...CANCELLED, attempts: ['a'] }, {}, { do: 'done' }],
    ['... expired', { ...OVER, attempts: ['a'] }, {}, { do: 'done' }],
    ['under way keeps the hold from being ended', { ...ENDED, attempts: ['a'], openPayments: ['p'] }, asking('a'), wait(null)],
    ['under way is waited for when its order is over meanwhile', { ...CONFIRMED, attempts: ['a'] }, asking('a'), wait(null)],
    ['that was decided, its errand not yet back, is waited for', CONFIRMED, asking('a'), wait(null)],
  ]);
});

describe('an order whose provider is behind', () => {
  const behind = { behind: true };
  const paid = { behind: true, awaitsProvider: true };
  table([
    ['is brought in step', behind, {}, { do: 'align' }],
    ['once at a time, while its hold is waited for', behind, asking('align'), wait(300)],
    ['that is left undecided is tried again after its pause', behind, again({ align: 60 }), wait(60)],
    ['... and not before', behind, again({ align: 0 }), { do: 'align' }],
    ['in step: no attempt to pay is charged before', { ...behind, attempts: ['a'] }, {}, { do: 'align' }],
    ['... nor while it is under way', { ...behind, attempts: ['a'] }, asking('align'), wait(300)],
    ['... and is charged then', { behind: false, attempts: ['a'] }, {}, { do: 'charge', attempt: 'a' }],
    ['that does not answer does not keep a hold from being ended', { ...behind, ...ENDED }, asking('align'), { do: 'end', payments: [] }],
    [
      'with the money here: its places are waited for, however long',
      { ...paid, ...ENDED, openPayments: ['p'] },
      asking('align'),
      wait(null),
    ],
    ['... asked again after the pause', { ...paid, ...ENDED }, again({ align: 60 }), wait(60)],
    ['... and settled once the provider has spoken', { ...ENDED, unsettled: true, behind: false }, {}, { do: 'settle' }],
    [
      'refunds and contradicted payments come first',
      { ...behind, ...CANCELLED, pendingRefunds: ['r'] },
      {},
      { do: 'refund', refunds: ['r'] },
    ],
    ['over: its places go back', { ...OVER, ...behind }, {}, { do: 'align' }],
    [
      'over, under way: waited for beside the closing of its payments',
      { ...OVER, ...behind, openPayments: ['p'] },
      asking('align'),
      { do: 'close', payments: ['p'] },
    ],
    ['over and left undecided: not done', { ...CANCELLED, ...behind }, again({ align: 60 }), wait(60)],
    ['over and in step: done', { ...CANCELLED, behind: false }, {}, { do: 'done' }],
  ]);
});

describe('a payment that a callback contradicted', () => {
  const suspect = { openPayments: ['p'], suspectPayments: ['p'] };
  table([
    ['is asked about', suspect, {}, { do: 'ask', payments: ['p'] }],
    ['is asked about once', suspect, asking('p'), wait(300)],
    ['left undecided is asked about again after its pause', suspect, again({ p: 60 }), wait(60)],
    ['... and not before', suspect, again({ p: 0 }), { do: 'ask', payments: ['p'] }],
    ['does not keep the hold from being ended', { ...suspect, ...ENDED }, again({ p: 60 }), { do: 'end', payments: ['p'] }],
    ['of an order that is over is asked about, then closed', { ...suspect, ...OVER }, {}, { do: 'ask', payments: ['p'] }],
    [
      'two at once, one of them with the provider',
      { openPayments: ['p', 'q'], suspectPayments: ['p', 'q'] },
      asking('p'),
      { do: 'ask', payments: ['q'] },
    ],
  ]);
});

describe('a refund', () => {
  const owed = { pendingRefunds: ['r'] };
  table([
    ['is made', { ...CANCELLED, ...owed }, {}, { do: 'refund', refunds: ['r'] }],
    ['several are made at once', { ...CANCELLED, pendingRefunds: ['r', 's'] }, {}, { do: 'refund', refunds: ['r', 's'] }],
    ['is made once', { ...CANCELLED, ...owed }, asking('r'), wait(null)],
    ['pending at the bank is asked about again after its pause', { ...CANCELLED, ...owed }, again({ r: 60 }), wait(60)],
    ['... whatever calls before it is over', { ...CANCELLED, ...owed }, { ...again({ r: 60 }), now: at(59) }, wait(60)],
    ['... and then asked about', { ...CANCELLED, ...owed }, { ...again({ r: 60 }), now: at(60) }, { do: 'refund', refunds: ['r'] }],
    [
      'of two the one whose pause is over',
      { ...CANCELLED, pendingRefunds: ['r', 's'] },
      again({ r: 60, s: -1 }),
      { do: 'refund', refunds: ['s'] },
    ],
    ['of two pauses the shorter is waited for', { ...CANCELLED, pendingRefunds: ['r', 's'] }, again({ r: 60, s: 30 }), wait(30)],
    ['does not keep payments open', { ...CANCELLED, ...owed, openPayments: ['p'] }, again({ r: 60 }), { do: 'close', payments: ['p'] }],
    ['told by a callback while its errand is away: the errand is waited for', CANCELLED, asking('r'), wait(null)],
    ['refused for good leaves nothing to do', { ...CANCELLED, failedRefunds: 1 }, {}, { do: 'done' }],
  ]);
});

describe('a pending order that owes a refund (money of a wrong amount)', () => {
  const owes = { pendingRefunds: ['r'] };
  table([
    ['sends it back while the hold runs', owes, {}, { do: 'refund', refunds: ['r'] }],
    ['... and waits for the hold meanwhile', owes, asking('r'), wait(300)],
    ['waits for whatever comes first: the bank', owes, again({ r: 60 }), wait(60)],
    ['... or the hold', owes, again({ r: 600 }), wait(300)],
    // G35
    ['is ended at its hold’s end while the bank has not decided', { ...owes, ...ENDED }, again({ r: 60 }), { do: 'end', payments: [] }],
    ['is ended at its hold’s end while the provider does not answer', { ...owes, ...ENDED }, asking('r'), { do: 'end', payments: [] }],
    ['is charged for a new attempt', { ...owes, attempts: ['a'] }, again({ r: 60 }), { do: 'charge', attempt: 'a' }],
  ]);
});

// G35
describe('while a charge is under way, what the provider has left undecided', () => {
  const paying = { attempts: ['a'], pendingRefunds: ['r'], openPayments: ['p'], suspectPayments: ['p'] };
  table([
    ['is waited for with its pauses', paying, { ...asking('a'), ...again({ r: 60, p: 90 }) }, wait(60)],
    ['is asked about when a pause is over, once', paying, { ...asking('a'), ...again({ r: 0, p: 90 }) }, { do: 'refund', refunds: ['r'] }],
    ['is waited for while it is being asked about', paying, { ...asking('a', 'r'), ...again({ r: 0, p: 90 }) }, wait(90)],
    ['all of it being asked about: nothing but the charge’s end is waited for', paying, asking('a', 'r', 'p'), wait(null)],
  ]);
});

describe('an order that is over', () => {
  table([
    ['confirmed, nothing left', CONFIRMED, {}, { do: 'done' }],
    ['expired, nothing left', OVER, {}, { do: 'done' }],
    ['waiting in a line: there is nothing to do before it is placed', { status: 'waiting', expiresAt: null }, {}, { do: 'done' }],
    ['cancelled, nothing left', CANCELLED, {}, { do: 'done' }],
    ['mail is delivered beside the loop', { ...CONFIRMED, unsentMails: ['m'] }, {}, { do: 'done' }],
    ['an open payment is closed', { ...OVER, openPayments: ['p'] }, {}, { do: 'close', payments: ['p'] }],
    ['... once', { ...OVER, openPayments: ['p'] }, asking('p'), wait(null)],
    ['... and again after its pause', { ...OVER, openPayments: ['p'] }, again({ p: 60 }), wait(60)],
    ['a refund goes before the closing', { ...OVER, openPayments: ['p'], pendingRefunds: ['r'] }, {}, { do: 'refund', refunds: ['r'] }],
  ]);
});

test('no combination of facts and clock is a wait without an end: a time to come, or something under way that tells', () => {
  const sets = (ids: string[]) => [[], ids];
  let waits = 0;
  for (const status of ['pending', 'confirmed', 'cancelled', 'expired'] as const)
    for (const expires of [-1, 0, 300])
      for (const attempts of sets(['a']))
        for (const suspectPayments of sets(['p']))
          for (const pendingRefunds of sets(['r']))
            for (const away of [[], ['a'], ['p'], ['r'], ['a', 'r'], ['a', 'p', 'r']])
              for (const pause of [-1, 0, 60]) {
                const facts = { status, expiresAt: iso(expires), attempts, suspectPayments, pendingRefunds, openPayments: suspectPayments };
                const next = duty(facts, { ...asking(...away), ...again({ p: pause, r: pause }) });
                if (next.do !== 'wait') continue;
                waits++;
                if (next.until === null) expect(away, JSON.stringify(facts)).not.toEqual([]);
                else expect(next.until, JSON.stringify(facts)).toBeGreaterThan(NOW);
              }
  expect(waits).toBeGreaterThan(100);
});
