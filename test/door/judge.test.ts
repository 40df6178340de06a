// What a door without a network decides: from the code, and from what it knows.
import { describe, expect, it } from 'vitest';
import { createGuests, type Guest } from '../../gateway/door/app/guests.js';
import { judge, ofGuests } from '../../gateway/door/app/judge.js';

const event = { id: '11111111-2222-4333-8444-555555555555', ends_at: '2026-12-01T22:00:00Z', status: 'published' };
const EVENT = '111111112222';
const during = new Date('2026-12-01T20:00:00Z');
const after = new Date('2026-12-01T22:00:00Z');

const guest = (ticket: string, more: Partial<Guest> = {}): Guest => ({
  ...{ ticket, order: 'o1', number: 1, code: 'EVT1', name: 'Ann', offer: 'Gold', place: null, void: false, used_at: null, gate: null },
  ...more,
});
const list = (...guests: Guest[]) => {
  const made = createGuests();
  made.put(guests);
  return made;
};
const ticket = (id: string, tag = EVENT) => ({ kind: 'ticket' as const, id, event: tag });
const order = (id: string) => ({ kind: 'order' as const, id, event: EVENT });
const participant = (id: string) => ({ kind: 'participant' as const, id });
const used = { used_at: '2026-12-01T18:02:00Z', gate: 'North' };

describe('a code', () => {
  it.each([
    ['nobody signed', undefined, list(), 'unknown_code'],
    ['of another event', ticket('t1', 'aaaaaaaaaaaa'), list(guest('t1')), 'other_event'],
    ['of a guest', ticket('t1'), list(guest('t1')), 'admitted'],
    ['of a guest who is in', ticket('t1'), list(guest('t1', used)), 'already_used'],
    ['that is void', ticket('t1'), list(guest('t1', { void: true })), 'void'],
    ['that is void and was used: it has been paid back', ticket('t1'), list(guest('t1', { void: true, ...used })), 'void'],
    ['sold after the list was read', ticket('t9'), list(guest('t1')), 'admitted'],
    ['of an order that the list does not have: nobody knows whether it is paid', order('o9'), list(guest('t1')), 'unsure'],
    ['of a participant, by its digest', participant('d1'), list(guest('t1', { code_digest: 'd1' })), 'admitted'],
    ['of a participant who is in', participant('d1'), list(guest('t1', { code_digest: 'd1', ...used })), 'already_used'],
    ['of a participant that the list does not have: nobody knows of which event', participant('d9'), list(guest('t1')), 'unsure'],
    [
      'of an order some of whose people are in, the others void',
      order('o1'),
      list(guest('t1', used), guest('t2', { void: true })),
      'already_used',
    ],
    ['of an order', order('o1'), list(guest('t1'), guest('t2')), 'admitted'],
    ['of an order whose people are in', order('o1'), list(guest('t1', used), guest('t2', used)), 'already_used'],
  ])('%s', (_, coded, guests, outcome) => {
    expect(judge(coded, guests, event, during).outcome).toBe(outcome);
  });

  it('of a group lets in those who are not in yet', () => {
    const verdict = judge(order('o1'), list(guest('t1', used), guest('t2'), guest('t3', { void: true }), guest('t4')), event, during);
    expect([verdict.outcome, verdict.people, verdict.guests.map((g) => g.ticket)]).toEqual(['admitted', 2, ['t2', 't4']]);
  });

  it('of who is in says when and where', () => {
    expect(judge(ticket('t1'), list(guest('t1', used)), event, during)).toMatchObject({ used_at: used.used_at, used_gate: 'North' });
  });

  it('of what is over still says that it was used, or is void, as the gateway does', () => {
    expect(judge(ticket('t1'), list(guest('t1', used)), event, after).outcome).toBe('already_used');
    expect(judge(ticket('t1'), list(guest('t1', { void: true })), event, after).outcome).toBe('void');
  });

  it('admits nobody to what is over or cancelled', () => {
    for (const guests of [list(guest('t1')), list()]) expect(judge(ticket('t1'), guests, event, after).outcome).toBe('event_over');
    expect(judge(ticket('t1'), list(guest('t1')), { ...event, status: 'cancelled' }, during).outcome).toBe('event_cancelled');
    expect(ofGuests([guest('t1')], { ...event, status: 'cancelled' }, during).outcome).toBe('event_cancelled');
  });
});

describe('guests', () => {
  const some = list(
    guest('t1', { name: 'Zoë Ångström' }),
    guest('t2', { name: 'Жанна', order: 'o2' }),
    guest('t3', { name: 'Ann Berg', code: 'EVT77' }),
  );
  const names = (asked: string) => some.find(asked, 10).map(({ name }) => name);

  it('are found by parts of their name in any order, without accents or capitals, and by order', () => {
    expect(names('angstrom zoe')).toEqual(['Zoë Ångström']);
    expect(names('ЖАН')).toEqual(['Жанна']);
    expect(names('evt77')).toEqual(['Ann Berg']);
    expect(names('  ')).toEqual([]);
    expect(some.find('o', 1)).toHaveLength(1);
  });

  it('a newer row replaces the older', () => {
    some.put([guest('t2', { name: 'Jana', order: 'o2', void: true })]);
    expect(names('Жанна')).toEqual([]);
    expect(some.order('o2')).toMatchObject([{ name: 'Jana', void: true }]);
  });
});
