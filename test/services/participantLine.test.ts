// Participants of a full event: refused or waiting, promoted under the same number, and moved from one type to another.
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';
import * as rooms from '../../services/events/room.ts';
import { freshDatabase } from '../support/database.ts';
import { enrol, hackathon, look, outcome, promote, revise, sound, told, withdraw } from '../support/hackathon.ts';
import { slotsOf } from '../support/pools.ts';

let db: Kysely<DB>;
let close: () => Promise<void>;
beforeAll(async () => {
  ({ db, close } = await freshDatabase());
});
afterAll(() => close?.());

describe('a full event', () => {
  test('refuses with its figures, those of the type where only that is full', async () => {
    const event = await hackathon(db, { total: 3, types: { standard: 3, premium: 1 } });
    await enrol(db, event, 'p-1', { offer: 'premium' });
    const premium = await enrol(db, event, 'p-2', { offer: 'premium' }).catch((error) => error);
    expect([premium.code, premium.details.capacity]).toEqual(['places_unavailable', { taken: 1, total: 1, waitlist: false }]);
    await enrol(db, event, 'p-2');
    await enrol(db, event, 'p-3');
    const full = await enrol(db, event, 'p-4').catch((error) => error);
    expect([full.message, full.details.capacity]).toEqual(['Event has reached maximum capacity', { taken: 3, total: 3, waitlist: false }]);
  });

  test('lets wait where it has a waitlist, unless somebody would not', async () => {
    const event = await hackathon(db, { total: 1, waitlist: true });
    await enrol(db, event, 'p-1');
    const two = await enrol(db, event, 'p-2', { offer: 'premium' });
    expect(two).toMatchObject({ status: 'waiting', position: 1, ticket: null, offer: { name: 'premium' } });
    expect(await outcome(enrol(db, event, 'p-2'))).toBe('already_registered');
    const refused = await enrol(db, event, 'p-3', { mayWait: false }).catch((error) => error);
    expect([refused.code, refused.details.capacity]).toEqual(['places_unavailable', { taken: 1, total: 1, waitlist: true }]);
    expect(await rooms.figures(db, event.id)).toEqual({ total: 1, taken: 1, available: 0, waiting: 1 });
    expect(await told(db, event)).toEqual([
      'capacity.reached p-1 standard',
      'registration.created p-1 standard',
      'waitlist.added p-2 premium',
    ]);
    await sound(db);
  });

  test('a cancellation promotes the first under the same number; whoever comes by meanwhile waits behind', async () => {
    const event = await hackathon(db, { total: 1, waitlist: true });
    const [one, two] = [await enrol(db, event, 'p-1'), await enrol(db, event, 'p-2', { offer: 'premium' })];
    expect((await withdraw(db, event, one)).status).toBe('cancelled');
    expect((await rooms.figures(db, event.id)).available).toBe(0);
    // Another type of the same capacity: the place is still for who waits.
    const three = await enrol(db, event, 'p-3');
    expect([three.status, three.position]).toEqual(['waiting', 2]);
    expect(await promote(db, event)).toMatchObject({ offered: 1, waiting: 1 });
    const after = await look(db, event, two);
    expect(after).toMatchObject({
      id: two.id,
      status: 'confirmed',
      position: null,
      offer: { name: 'premium' },
      registered_at: two.registered_at,
    });
    expect(after.ticket!.code).toMatch(/^hackathon-\w+:[\w-]+:\d+:[\w-]{88}$/);
    expect((await told(db, event)).slice(-2)).toEqual(['waitlist.added p-2 premium', 'waitlist.added p-3 standard']);
    expect(await told(db, event, 'registration.created')).toEqual([
      'registration.created p-1 standard',
      'registration.created p-2 premium',
    ]);
    expect(
      await db.selectFrom('mails').innerJoin('orders as o', 'o.id', 'order_id').where('o.event_id', '=', event.id).select('kind').execute(),
    ).toEqual([]);
    await sound(db);
  });

  test('who waits for a type that has reached its own cap is in nobody’s way', async () => {
    const event = await hackathon(db, { total: 5, types: { standard: 5, premium: 1 }, waitlist: true });
    await enrol(db, event, 'p-1', { offer: 'premium' });
    const waits = await enrol(db, event, 'p-2', { offer: 'premium' });
    expect(waits.status).toBe('waiting');
    expect(await outcome(enrol(db, event, 'p-3'))).toBe('confirmed');
    expect(await promote(db, event)).toMatchObject({ offered: 0, waiting: 1 });
    await sql`update offers set is_active = false where id = ${event.offers.standard!}::uuid`.execute(db);
    expect(await outcome(revise(db, event, waits, { offer: 'standard' }))).toBe('event_not_on_sale');
    await sql`update offers set is_active = true where id = ${event.offers.standard!}::uuid`.execute(db);
    // Wishing for another type keeps the place in the line, and that has room.
    expect((await revise(db, event, waits, { offer: 'standard' })).status).toBe('waiting');
    expect(await promote(db, event)).toMatchObject({ offered: 1, waiting: 0 });
    expect((await look(db, event, waits)).offer!.name).toBe('standard');
  });

  test('who waits can leave, and is over when the event begins or is cancelled', async () => {
    const event = await hackathon(db, { total: 1, waitlist: true });
    await enrol(db, event, 'p-1');
    const [two, three] = [await enrol(db, event, 'p-2'), await enrol(db, event, 'p-3')];
    expect((await withdraw(db, event, two)).status).toBe('cancelled');
    expect((await withdraw(db, event, two)).status).toBe('cancelled');
    expect((await look(db, event, three)).position).toBe(1);
    expect(await outcome(enrol(db, event, 'p-2'))).toBe('waiting');
    await sql`update events set starts_at = now() - interval '1 minute', ends_at = now() + interval '1 hour' where id = ${event.id}::uuid`.execute(
      db,
    );
    await promote(db, event);
    expect((await look(db, event, three)).status).toBe('expired');
    expect((await withdraw(db, event, three)).status).toBe('expired');
    expect(await told(db, event, 'registration.cancelled')).toEqual(
      ['p-2', 'p-2', 'p-3'].map((p) => `registration.cancelled ${p} standard`),
    );
  });
});

describe('changing the type', () => {
  test('within one capacity keeps the place and moves the slot, the ticket and its code with it', async () => {
    const event = await hackathon(db, { total: 3, types: { standard: 2, premium: 1 } });
    const made = await enrol(db, event, 'p-1');
    const moved = await revise(db, event, made, { offer: 'premium', details: { dietary: 'vegan' } });
    expect(moved).toMatchObject({ status: 'confirmed', offer: { name: 'premium' }, details: { dietary: 'vegan' }, ticket: made.ticket });
    expect([await slotsOf(db, event.offers.standard!), await slotsOf(db, event.offers.premium!)]).toEqual([
      { free: 2, held: 0, sold: 0 },
      { free: 0, held: 0, sold: 1 },
    ]);
    const other = await enrol(db, event, 'p-2');
    const full = await revise(db, event, other, { offer: 'premium', details: { kept: 'no' } }).catch((error) => error);
    expect([full.code, full.details.capacity]).toEqual(['places_unavailable', { taken: 1, total: 1, waitlist: false }]);
    expect(await look(db, event, other)).toMatchObject({ offer: { name: 'standard' }, details: {} });
    expect((await revise(db, event, moved, { offer: 'PREMIUM' })).offer!.name).toBe('premium');
    await sound(db);
  });

  test('between types with places of their own moves the place, and wakes who waits for the old one', async () => {
    const event = await hackathon(db, { apart: true, types: { standard: 1, premium: 1 }, waitlist: true });
    const made = await enrol(db, event, 'p-1');
    const waits = await enrol(db, event, 'p-2');
    await revise(db, event, made, { offer: 'premium' });
    expect(await promote(db, event)).toMatchObject({ offered: 1, waiting: 0 });
    expect((await look(db, event, waits)).status).toBe('confirmed');
    expect(await outcome(revise(db, event, made, { offer: 'standard' }))).toBe('places_unavailable');
    expect(await rooms.figures(db, event.id)).toEqual({ total: 2, taken: 2, available: 0, waiting: 0 });
    await sound(db);
  });

  test('takes nothing that those who wait need', async () => {
    const event = await hackathon(db, { total: 3, types: { standard: 1, premium: 2, team: 1 }, waitlist: true });
    const [premium] = [await enrol(db, event, 'p-1', { offer: 'premium' }), await enrol(db, event, 'p-2', { offer: 'premium' })];
    const standard = await enrol(db, event, 'p-3');
    await enrol(db, event, 'p-4');
    await revise(db, event, standard, { offer: 'team', details: { teamName: 'A' } });
    expect(await outcome(revise(db, event, premium, { offer: 'standard' }))).toBe('places_unavailable');
    await withdraw(db, event, premium);
    expect(await promote(db, event)).toMatchObject({ offered: 1, waiting: 0 });
  });

  test('is refused once cancelled, for a used ticket, for what is not on sale; a change of metadata needs no sale', async () => {
    const event = await hackathon(db);
    const [gone, used] = [await enrol(db, event, 'p-1'), await enrol(db, event, 'p-2')];
    await withdraw(db, event, gone);
    expect(await outcome(revise(db, event, gone, { details: { a: 1 } }))).toBe('order_not_payable');
    await sql`update offers set is_active = false where id = ${event.offers.premium!}::uuid`.execute(db);
    expect(await outcome(revise(db, event, used, { offer: 'premium' }))).toBe('event_not_on_sale');
    await sql`update tickets set checked_in_at = now() where id = ${used.ticket!.id}::uuid`.execute(db);
    expect(await outcome(revise(db, event, used, { offer: 'team', details: { teamName: 'A' } }))).toBe('order_not_payable');
    expect(await outcome(withdraw(db, event, used))).toBe('order_not_cancellable');
    expect((await revise(db, event, used, { details: { a: 1 } })).details).toEqual({ a: 1 });
  });
});
