// The claim's parts beyond the common case, one by one: pools, days, limits, orders that grow and shrink, and what a refusal tells.
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connect } from '../../db/connect.ts';
import type { DB } from '../../db/tables.ts';
import * as changes from '../../services/events/eventChanges.ts';
import { drop } from '../../services/orders/cancel.ts';
import { type ClaimRequest, claim } from '../../services/orders/claim/claim.ts';
import * as orders from '../../services/orders/orders.ts';
import { settle } from '../../services/orders/settlement.ts';

import { as, wish } from '../support/claims.ts';
import { freshDatabase, lockWaits } from '../support/database.ts';
import { capture, person, show } from '../support/made.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';
import { mutated } from '../support/waitlistWorld.ts';

let db: Kysely<DB>;
let url: string;
let close: () => Promise<void>;
let ann: string;
let bob: string;

beforeAll(async () => {
  ({ db, url, close } = await freshDatabase());
  [ann, bob] = [(await person(db)).id, (await person(db)).id];
});
afterAll(() => close?.());

const outcome = (request: ClaimRequest) =>
  claim(db, request).then(
    (order) => order.places.length,
    (error) => error.code as string,
  );

/** An event of one offer of `n` places, and that offer. */
async function hall(n: number) {
  const event = await show(db, { seats: n });
  const offer = await db.selectFrom('offers').selectAll().where('event_id', '=', event.id).executeTakeFirstOrThrow();
  return { ...event, offer };
}

/** One more offer of the event. */
const offer = async (eventId: string, more: Record<string, unknown>) =>
  (
    await db
      .insertInto('offers')
      .values({ event_id: eventId, name: 'Early', price_minor: 1000, currency: 'USD', quantity: 10, ...more })
      .returning('id')
      .executeTakeFirstOrThrow()
  ).id;

describe('offers of one pool (G2)', () => {
  test('draw on the same places, each at its own price, until none is left; its ticket names the offer that was bought', async () => {
    const { id, offer: stock } = await hall(5);
    const early = await offer(id, { pool_id: stock.id });
    const order = await claim(db, wish(ann, id, { offers: [{ offerId: early, quantity: 3 }] }));
    expect([order.total_minor, order.places.map((p) => p.offer_name)]).toEqual([3000, ['Early', 'Early', 'Early']]);
    expect(await outcome(wish(bob, id, { offers: [{ offerId: stock.id, quantity: 3 }] }))).toBe('places_unavailable');
    expect(await outcome(wish(bob, id, { offers: [{ offerId: stock.id, quantity: 2 }] }))).toBe(2);

    await capture(db, order.id, { amountMinor: 3000 });
    expect(await settle(db, order.id, TICKET_KEYS)).toBe('confirmed');
    const tickets = await db.selectFrom('tickets').select('offer_id').where('order_id', '=', order.id).execute();
    expect(tickets).toEqual([{ offer_id: early }, { offer_id: early }, { offer_id: early }]);
  });

  test('do not sell a place twice when both are asked for it at once', async () => {
    const { id, offer: stock } = await hall(10);
    const early = await offer(id, { pool_id: stock.id });
    const many = Array.from({ length: 20 }, (_, i) =>
      outcome(wish(i % 2 ? ann : bob, id, { offers: [{ offerId: i % 2 ? early : stock.id, quantity: 1 }] })),
    );
    const got = (await Promise.all(many)).filter((n) => n === 1).length;
    const { rows } = await sql<{
      places: number;
    }>`select count(distinct place_id)::int as places from order_items i join orders o on o.id = i.order_id
      where o.event_id = ${id}::uuid`.execute(db);
    expect([got <= 10, rows[0]!.places]).toEqual([true, got]);
  });
});

describe('the sale of an event that has begun (G10)', () => {
  test('goes on for an offer that says until when, and for no other; nothing is sold once the event is over', async () => {
    const { id, offer: first } = await hall(4);
    const second = await offer(id, { pool_id: first.id, sales_end: new Date(Date.now() + 3_600_000) });
    const buy = (offerId: string) => outcome(wish(ann, id, { offers: [{ offerId, quantity: 1 }] }));
    await sql`update events set starts_at = now() - interval '1 hour', ends_at = now() + interval '1 hour' where id = ${id}::uuid`.execute(
      db,
    );
    expect([await buy(first.id), await buy(second)]).toEqual(['event_over', 1]);
    await sql`update events set ends_at = now() where id = ${id}::uuid`.execute(db);
    expect(await buy(second)).toBe('event_over');
  });
});

describe('a claim into an order (G11, G32)', () => {
  test('an order begins with nothing, and grows seat by seat', async () => {
    const { id, seats } = await hall(3);
    const empty = await claim(db, wish(ann, id, 'nothing'));
    expect([empty.places, empty.total_minor, empty.status]).toEqual([[], 0, 'pending']);
    for (const seat of seats.slice(0, 2)) await claim(db, { ...wish(ann, id, { places: [seat] }), into: empty.id });
    const grown = (await orders.find(db, empty.id))!;
    expect([grown.places.map((p) => p.id), grown.total_minor]).toEqual([seats.slice(0, 2), 10_000]);
    expect(Number(grown.expires_at)).toBe(Number(empty.expires_at));
  });

  test('an offer’s minimum and maximum count what the order has already', async () => {
    const { id, seats, offer: floor } = await hall(4);
    await sql`update offers set max_per_order = 2 where id = ${floor.id}::uuid`.execute(db);
    const { id: into } = await claim(db, wish(ann, id, { places: [seats[0]!] }));
    const add = (seat: string) => outcome({ ...wish(ann, id, { places: [seat] }), into });
    expect([await add(seats[1]!), await add(seats[2]!)]).toEqual([1, 'limit_exceeded']);
    expect(await outcome({ ...wish(ann, id, { places: [seats[3]!] }, { maxPlaces: 2 }), into })).toBe('limit_exceeded');
  });

  test('not while it is being paid, nor once it is over; another’s order is forbidden, and none is none', async () => {
    const { id, seats } = await hall(4);
    const { id: into } = await claim(db, wish(ann, id, { places: [seats[0]!] }));
    const add = (who: string, order = into) => outcome({ ...wish(who, id, { places: [seats[1]!] }), into: order });
    expect([await add(bob), await add(ann, randomUUID())]).toEqual(['forbidden', 'order_not_found']);
    await sql`insert into payments (order_id, provider, amount_minor, currency) values (${into}::uuid, 'stripe', 5000, 'USD')`.execute(db);
    expect(await add(ann)).toBe('order_not_payable');
    await sql`update payments set status = 'cancelled' where order_id = ${into}::uuid`.execute(db);
    await sql`update orders set expires_at = now() where id = ${into}::uuid`.execute(db);
    expect(await add(ann)).toBe('order_expired');
  });
});

describe('letting one place go (G17)', () => {
  test('frees it at once, and the order costs so much less; the last one may go too', async () => {
    const { id, seats } = await hall(2);
    const order = await claim(db, wish(ann, id, { places: seats }));
    const less = await drop(db, order.id, [seats[0]!], as(ann));
    expect([less.places.map((p) => p.id), less.total_minor]).toEqual([[seats[1]], 5000]);
    expect(await outcome(wish(bob, id, { places: [seats[0]!] }))).toBe(1);
    expect((await drop(db, order.id, [seats[1]!], as(ann))).total_minor).toBe(0);
  });

  test('only by its owner, only its own, and not while it is being paid', async () => {
    const { id, seats } = await hall(2);
    const order = await claim(db, wish(ann, id, { places: [seats[0]!] }));
    const let1 = (place: string, who: string) =>
      drop(db, order.id, [place], as(who)).then(
        () => 'gone',
        (error) => error.code,
      );
    expect([await let1(seats[0]!, bob), await let1(seats[1]!, ann)]).toEqual(['forbidden', 'invalid']);
    await sql`insert into payments (order_id, provider, amount_minor, currency) values (${order.id}::uuid, 'stripe', 5000, 'USD')`.execute(
      db,
    );
    expect(await let1(seats[0]!, ann)).toBe('order_not_payable');
    expect((await orders.find(db, order.id))!.places).toHaveLength(1);
  });
});

describe('so many places for one account (G31)', () => {
  const most = { maxPerAccount: 3 };

  test('over all its live orders of the event, whichever they are', async () => {
    const { id, seats } = await hall(6);
    expect(await outcome(wish(ann, id, { places: seats.slice(0, 2) }, most))).toBe(2);
    expect(await outcome(wish(ann, id, { places: seats.slice(2, 4) }, most))).toBe('limit_exceeded');
    expect(await outcome(wish(ann, id, { places: [seats[2]!] }, most))).toBe(1);
    expect(await outcome(wish(bob, id, { places: seats.slice(3, 6) }, most))).toBe(3);
  });

  test('also when they come at once: the account’s claims of an event take turns', async () => {
    const { id, seats } = await hall(8);
    const got = await Promise.all(seats.map((seat) => outcome(wish(ann, id, { places: [seat] }, most))));
    expect(got.filter((n) => n === 1)).toHaveLength(3);
  });

  test('without taking turns more come through: the test above can fail', async () => {
    const { id, seats } = await hall(8);
    const many = connect({ url, max: 8 });
    await sql`create function untaken_turns(account uuid, event uuid) returns integer language sql volatile as $$
      select count(*)::int from orders h join order_items i on i.order_id = h.id where h.account_id = account and h.event_id = event $$`.execute(
      db,
    );
    const { db: unlocked, met } = mutated(many, [['places_of_account(', 'untaken_turns(']]);
    // Each counts before any of them has committed: they wait for the account's row, which their orders refer to.
    const claims = await db.transaction().execute(async (tx) => {
      await sql`select from accounts where id = ${ann}::uuid for update`.execute(tx);
      const all = seats.slice(0, 5).map((seat) => claim(unlocked, wish(ann, id, { places: [seat] }, most)).then(() => true));
      await lockWaits(db, 5);
      return all;
    });
    expect(met.size).toBe(1);
    expect((await Promise.all(claims)).filter(Boolean).length).toBeGreaterThan(3);
    await many.destroy();
  });
});

describe('a refusal tells', () => {
  test('of which offers too few are left, and how many (G33)', async () => {
    const { id, offer: floor } = await hall(3);
    const vip = await offer(id, { name: 'VIP', quantity: 0 });
    const refused = await claim(
      db,
      wish(ann, id, {
        offers: [
          { offerId: floor.id, quantity: 5 },
          { offerId: vip, quantity: 1 },
        ],
      }),
    ).catch((e) => e);
    expect([refused.code, refused.details.offers]).toEqual([
      'places_unavailable',
      expect.arrayContaining([
        { id: floor.id, name: 'Floor', left: 3 },
        { id: vip, name: 'VIP', left: 0 },
      ]),
    ]);
  });
});

describe('an event’s currency (G36)', () => {
  const organizer = { accountId: randomUUID(), admin: true };

  test('changed in the moment of a claim: the order is of the new one', async () => {
    const { id, seats } = await hall(2);
    const claimed = await db.transaction().execute(async (tx) => {
      await sql`select from accounts where id = ${ann}::uuid for update`.execute(tx); // the claim has read the event, and waits to refer to its buyer
      const order = claim(db, wish(ann, id, { places: [seats[0]!] }));
      await lockWaits(db, 1);
      await changes.update(db, { event: id, by: organizer, providers: {}, changes: { currency: 'EUR' } });
      return { order };
    });
    expect((await claimed.order).currency).toBe('EUR');
  });

  test('is fixed by the database once there is an order', async () => {
    const { id, seats } = await hall(1);
    await claim(db, wish(ann, id, { places: seats }));
    await expect(sql`update events set currency = 'EUR' where id = ${id}::uuid`.execute(db)).rejects.toThrow('orders_event_currency');
  });
});
