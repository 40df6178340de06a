// Who is blocked gets nothing more: by no kind of claim, and not from a waitlist. What was there before stays. And whose block holds where.
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../db/connect.ts';
import type { DB } from '../../db/tables.ts';
import type { Manager } from '../../services/accounts/actor.ts';
import * as blocks from '../../services/accounts/blocks.ts';
import { cancel } from '../../services/orders/cancel.ts';
import { type ClaimRequest, claim, type Want } from '../../services/orders/claim/claim.ts';
import { settle } from '../../services/orders/settlement.ts';
import * as waitlist from '../../services/waitlist/waitlist.ts';
import { serve } from '../../services/waitlist/waitlistOffers.ts';
import { as, wish } from '../support/claims.ts';
import { freshDatabase, lockWaits } from '../support/database.ts';
import { capture, offersOf, person, show } from '../support/made.ts';
import { OFFER_TERMS } from '../support/offerTerms.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';
import { mutated } from '../support/waitlistWorld.ts';

type Person = Awaited<ReturnType<typeof person>>;

let db: Kysely<DB>;
let many: Kysely<DB>;
let close: () => Promise<void>;
let organizer: Person;
let admin: Person;

beforeAll(async () => {
  let url: string;
  ({ db, url, close } = await freshDatabase());
  many = connect({ url, max: 12 });
  [organizer, admin] = await Promise.all([person(db, 'organizer'), person(db, 'admin')]);
});
afterAll(async () => {
  await many?.destroy();
  await close?.();
});

const own = (who: Person): Manager => ({ accountId: who.id, admin: false });
const house = (who = admin): Manager => ({ accountId: who.id, admin: true });
const block = (who: Person, by = own(organizer), reason?: string) => blocks.block(db, by, { email: who.email }, reason);
const numberOf = async ({ id }: Person) =>
  (await db.selectFrom('accounts').select('number').where('id', '=', id).executeTakeFirstOrThrow()).number;
const unblock = async (who: Person, by = own(organizer)) => blocks.unblock(db, by, await numberOf(who));

const give = (eventId: string, to = organizer) => db.updateTable('events').set({ organizer_id: to.id }).where('id', '=', eventId).execute();
async function shown(seats: number, by = organizer) {
  const event = await show(db, { seats });
  await give(event.id, by);
  return event;
}

const outcome = (request: ClaimRequest, on = db) =>
  claim(on, request).then(
    (order) => order.places.length,
    (error) => error.code as string,
  );
const code = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (error) => error.code,
  );

/** All that a claim writes: orders, items, holds, announcements, and words to live seats. */
async function written(eventId: string): Promise<number[]> {
  const { rows } = await sql<{ counts: number[] }>`select array[
    (select count(*) from orders where event_id = ${eventId}::uuid), (select count(*) from order_items i join orders o on o.id = i.order_id where o.event_id = ${eventId}::uuid),
    (select count(*) from places where event_id = ${eventId}::uuid and order_id is not null),
    (select count(*) from outbox b join orders o on o.id = b.subject_id where o.event_id = ${eventId}::uuid),
    (select count(*) from place_changes where event_id = ${eventId}::uuid)]::int[] as counts`.execute(db);
  return rows[0]!.counts;
}

describe('a claim of who is blocked', () => {
  test('is refused by named places, by offers, of nothing yet; nothing is written', async () => {
    const who = await person(db);
    const event = await shown(3);
    const sold = await offersOf(db, 'tiered');
    await give(sold.eventId);
    await block(who);

    const before = [await written(event.id), await written(sold.eventId)];
    const wants: [string, Want][] = [
      [event.id, { places: event.seats.slice(0, 2) }],
      [sold.eventId, { offers: sold.offers.map((offerId) => ({ offerId, quantity: 1 })) }],
      [event.id, 'nothing'],
    ];
    for (const [eventId, want] of wants) {
      expect(await outcome(wish(who.id, eventId, want))).toBe('blocked');
      expect(await outcome(wish(who.id, eventId, want, { maxPerAccount: 9, complimentary: true }))).toBe('blocked');
    }
    expect([await written(event.id), await written(sold.eventId)]).toEqual(before);
    for (const [eventId, want] of wants) expect(await outcome(wish((await person(db)).id, eventId, want))).not.toBe('blocked');
  });

  test('says no more than that, and what is not there or over is said first', async () => {
    const who = await person(db);
    const [event, off] = [await shown(1), await shown(1)];
    await block(who, own(organizer), 'a private matter');
    const refused = await claim(db, wish(who.id, event.id, { places: event.seats })).catch((error) => error);
    expect([refused.message, refused.details]).toEqual(['You cannot book this event.', { eventId: event.id }]);
    await sql`update events set status = 'cancelled' where id = ${off.id}::uuid`.execute(db);
    expect(await outcome(wish(who.id, off.id, { places: off.seats }))).toBe('event_cancelled');
    await sql`update events set status = 'draft' where id = ${off.id}::uuid`.execute(db);
    expect(await outcome(wish(who.id, off.id, { places: off.seats }))).toBe('event_not_found');
  });

  test('into a hold that was there before is refused too; the hold itself is paid all the same, and its tickets are valid', async () => {
    const who = await person(db);
    const event = await shown(2);
    const held = await claim(db, wish(who.id, event.id, { places: [event.seats[0]!] }));
    await block(who);
    expect(await outcome({ ...wish(who.id, event.id, { places: [event.seats[1]!] }), into: held.id })).toBe('blocked');
    await capture(db, held.id);
    expect(await settle(db, held.id, TICKET_KEYS)).toBe('confirmed');
    const tickets = await db.selectFrom('tickets').select('voided_at').where('order_id', '=', held.id).execute();
    expect(tickets).toEqual([{ voided_at: null }]);
  });
});

describe('a block', () => {
  test("holds for its organizer's events alone, an admin's for all and for those of nobody, and only until it is lifted", async () => {
    const [who, other] = [await person(db), await person(db, 'organizer')];
    const [theirs, others, nobodys] = [await shown(9), await shown(9, other), await show(db, { seats: 9 })];
    const buys = async () =>
      Promise.all([theirs, others, nobodys].map(({ id, seats }) => outcome(wish(who.id, id, { places: [seats.pop()!] }))));
    expect(await buys()).toEqual([1, 1, 1]);
    await block(who);
    expect(await buys()).toEqual(['blocked', 1, 1]);
    await block(who, house());
    expect(await buys()).toEqual(['blocked', 'blocked', 'blocked']);
    await unblock(who, house());
    expect(await buys()).toEqual(['blocked', 1, 1]);
    await unblock(who);
    expect(await buys()).toEqual([1, 1, 1]);
  });

  test("is its maker's to see and to lift; any admin lifts an admin's; no organizer does, not one who was an admin once", async () => {
    const [who, other, second] = [await person(db), await person(db, 'organizer'), await person(db, 'admin')];
    await block(who);
    await block(who, house(), 'chargebacks');
    const listed = async (by: Manager) =>
      (await blocks.list(db, by, { page: 1, perPage: 100 })).rows.filter((row) => row.reason === 'chargebacks').length;
    expect([await listed(house()), await listed(house(second)), await listed(own(organizer)), await listed(own(admin))]).toEqual([
      1, 1, 0, 0,
    ]);
    expect(await code(unblock(who, own(other)))).toBe('not_found');
    expect(await code(unblock(who, own(admin)))).toBe('not_found');
    expect(await code(unblock(who, house(second)))).toBe('done');
    expect(await code(unblock(who, house()))).toBe('not_found');
    expect(await code(unblock(who))).toBe('done');
    expect(await code(unblock(who))).toBe('not_found');
  });

  test('made again is the same one, made after it was lifted a new one; two at once are one', async () => {
    const who = await person(db);
    const first = await block(who, own(organizer), 'touting');
    expect(await block(who)).toEqual(first);
    expect((await block(who, own(organizer), 'and worse')).reason).toBe('and worse');
    await unblock(who);
    const again = await block(who);
    expect([again.reason, again.created_at > first.created_at]).toEqual([null, true]);
    await unblock(who);
    await Promise.all([block(who), block(who), block(who)]);
    const rows = await db.selectFrom('blocks').select('lifted_at').where('account_id', '=', who.id).execute();
    expect(rows).toEqual([{ lifted_at: null }]);
    expect(await code(unblock(who))).toBe('done');
  });

  test('is of somebody there is, not of oneself and not of an admin', async () => {
    expect(await code(blocks.block(db, own(organizer), { number: 999_999_999 }))).toBe('account_not_found');
    expect(await code(blocks.block(db, own(organizer), { email: 'nobody@example.test' }))).toBe('account_not_found');
    for (const [by, whom] of [
      [own(organizer), organizer],
      [own(organizer), admin],
      [house(), admin],
      [house(), await person(db, 'admin')],
    ] as const)
      expect(await code(block(whom, by))).toBe('invalid');
  });
});

describe('in the very moment of a claim', () => {
  test('neither waits for the other: a claim before the commit has its place, one after it is refused', async () => {
    const who = await person(db);
    const event = await shown(2);
    const want = (i: number) => wish(who.id, event.id, { places: [event.seats[i]!] });
    await db.transaction().execute(async (tx) => {
      await blocks.block(tx, own(organizer), { email: who.email });
      expect(await outcome(want(0), many)).toBe(1);
    });
    expect(await outcome(want(1), many)).toBe('blocked');
  });

  /** Claims of one account that all wait for their buyer's row, then the block; how many of those that began after it have got a place. */
  async function race(on: Kysely<DB>): Promise<{ before: (number | string)[]; after: (number | string)[]; held: number }> {
    const who = await person(db);
    const event = await shown(10);
    const want = (i: number) => outcome(wish(who.id, event.id, { places: [event.seats[i]!] }), on);
    const begun = await db.transaction().execute(async (tx) => {
      // A new order refers to its buyer's row, so whoever claims waits for it with all that it has seen and written.
      await sql`select from accounts where id = ${who.id}::uuid for update`.execute(tx);
      const all = Array.from({ length: 5 }, (_, i) => want(i));
      await lockWaits(db, 5);
      await blocks.block(tx, own(organizer), { email: who.email });
      return { all };
    });
    const before = await Promise.all(begun.all);
    const after = await Promise.all(Array.from({ length: 5 }, (_, i) => want(5 + i)));
    return { before, after, held: (await written(event.id))[2]! };
  }

  test('what began before it is an order with its place, what began after it is refused and nothing', async () => {
    expect(await race(many)).toEqual({ before: [1, 1, 1, 1, 1], after: Array(5).fill('blocked'), held: 5 });
  });

  test('without the words of the statement that say so a blocked account buys: the test above can fail', async () => {
    const { db: broken, met } = mutated(many, [['and not e.blocked', '']]);
    expect((await race(broken)).after).toEqual([1, 1, 1, 1, 1]);
    expect(met.size).toBe(1);
  });
});

describe('a waitlist', () => {
  const join = (eventId: string, who: Person) =>
    waitlist.join(db, {
      ...{ accountId: who.id, eventId, quantity: 1, maxPlaces: 5, smsAvailable: false },
      notify: { email: true, sms: false },
    });

  /** A sold out event whose only seat can be let go. */
  async function full() {
    const [event, holder] = [await shown(1), await person(db)];
    const held = await claim(db, wish(holder.id, event.id, { places: event.seats }));
    return { event, letGo: () => cancel(db, held.id, as(holder.id), { reason: 'test' }) };
  }
  const statusOf = async (entry: { id: string }, who: Person) => (await waitlist.findOwn(db, entry.id, who.id)).status;
  test('is not joined by who is blocked, and is once that is over', async () => {
    const { event } = await full();
    const who = await person(db);
    await block(who);
    const before = await written(event.id);
    const refused = await join(event.id, who).catch((error) => error);
    expect([refused.code, refused.message]).toEqual(['blocked', 'You cannot book this event.']);
    expect(await written(event.id)).toEqual(before);
    await unblock(who);
    expect((await join(event.id, who)).created).toBe(true);
  });

  test('passes over who is blocked: the next one has the offer; the entry keeps its place, and is served once that is over', async () => {
    const { event, letGo } = await full();
    const [first, second] = [await person(db), await person(db)];
    const [one, two] = [(await join(event.id, first)).entry, (await join(event.id, second)).entry];
    await block(first);
    await letGo();
    expect((await serve(db, event.id, OFFER_TERMS)).offered).toBe(1);
    expect([await statusOf(one, first), await statusOf(two, second)]).toEqual(['waiting', 'offered']);
    await unblock(first);
    await waitlist.leave(db, two.id, second.id);
    expect((await serve(db, event.id, OFFER_TERMS)).offered).toBe(1);
    expect(await statusOf(one, first)).toBe('offered');
  });

  test('holds nothing back for who is blocked: what is free is sold to whoever comes by', async () => {
    const { event, letGo } = await full();
    const [blocked, buyer] = [await person(db), await person(db)];
    await join(event.id, blocked);
    await letGo();
    expect(await outcome(wish(buyer.id, event.id, { places: event.seats }))).toBe('places_unavailable');
    await block(blocked);
    expect(await serve(db, event.id, OFFER_TERMS)).toMatchObject({ offered: 0, waiting: 1 });
    expect(await code(join(event.id, buyer))).toBe('seats_available');
    expect(await outcome(wish(buyer.id, event.id, { places: event.seats }))).toBe(1);
  });

  test('leaves an offer that was made before as it is: it is paid', async () => {
    const { event, letGo } = await full();
    const who = await person(db);
    const { entry } = await join(event.id, who);
    await letGo();
    expect((await serve(db, event.id, OFFER_TERMS)).offered).toBe(1);
    await block(who);
    await capture(db, entry.order_id);
    expect(await settle(db, entry.order_id, TICKET_KEYS)).toBe('confirmed');
    expect(await statusOf(entry, who)).toBe('accepted');
  });

  test('blocked in the very moment of the offer, after the entry was chosen: passed over, and the next one has it', async () => {
    const { event, letGo } = await full();
    const [first, second] = [await person(db), await person(db)];
    const [one, two] = [(await join(event.id, first)).entry, (await join(event.id, second)).entry];
    await block(first);
    await letGo();
    // The round's own look is made not to see the block, as one a moment earlier would not: the claim sees it.
    const { db: late, met } = mutated(db, [['::uuid[]) and not ', '::uuid[]) and false <= ']]);
    expect((await serve(late, event.id, OFFER_TERMS)).offered).toBe(1);
    expect(met.size).toBe(1);
    expect([await statusOf(one, first), await statusOf(two, second)]).toEqual(['waiting', 'offered']);
  });
});
