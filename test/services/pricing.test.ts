// Fees and discounts: priced once, in integers, before the payment opens.
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import * as orders from '../../services/orders/orders.ts';
import { price, priceOf, type Terms } from '../../services/orders/pricing.ts';
import { confirmFree } from '../../services/orders/settlement.ts';
import * as payments from '../../services/payments/payments.ts';
import { wish } from '../support/claims.ts';
import { freshDatabase } from '../support/database.ts';
import { capture, person, show } from '../support/made.ts';
import { pageProvider } from '../support/pageProvider.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';

describe('a price', () => {
  // items, currency, terms, fee, discount, total
  test.each<[number, string, Terms, number, number, number]>([
    [5000, 'USD', {}, 0, 0, 5000],
    [5000, 'USD', { feeBasisPoints: 500 }, 250, 0, 5250],
    [10, 'USD', { feeBasisPoints: 500 }, 1, 0, 11], // half a cent goes up
    [30, 'USD', { feeBasisPoints: 500 }, 2, 0, 32], // one and a half
    [9, 'USD', { feeBasisPoints: 500 }, 0, 0, 9], // 0.45 goes down
    [29, 'USD', { feeBasisPoints: 500 }, 1, 0, 30], // 1.45 goes down
    [1999, 'USD', { feeBasisPoints: 333 }, 67, 0, 2066], // 66.5667
    [1001, 'JPY', { feeBasisPoints: 500 }, 50, 0, 1051], // 50.05 yen: there are no parts of a yen
    [1010, 'JPY', { feeBasisPoints: 500 }, 51, 0, 1061], // 50.5
    [1250, 'KWD', { feeBasisPoints: 500 }, 60, 0, 1310], // 62.5 fils are 63, and the last of three digits is 0
    [1300, 'KWD', { feeBasisPoints: 500 }, 70, 0, 1370], // 65 go up
    [5000, 'USD', { feeMinor: 199 }, 199, 0, 5199],
    [5000, 'USD', { discountMinor: 1500 }, 0, 1500, 3500],
    [5000, 'USD', { feeBasisPoints: 500, discountMinor: 1000 }, 250, 1000, 4250], // the fee is of the items
    [5000, 'USD', { feeBasisPoints: 500, discountMinor: 5250 }, 250, 5250, 0],
    [5000, 'USD', { discountMinor: 9999 }, 0, 5000, 0], // never below nothing
    [0, 'USD', { feeBasisPoints: 500, discountMinor: 10 }, 0, 0, 0],
    [9_007_199_254_740, 'USD', { feeBasisPoints: 10_000 }, 9_007_199_254_740, 0, 18_014_398_509_480], // beyond what a number multiplies exactly
    [9_007_199_254_749, 'USD', { feeBasisPoints: 9_999 }, 9_006_298_534_824, 0, 18_013_497_789_573],
  ])('of %d %s under %j: fee %d, discount %d, total %d', (items, currency, terms, feeMinor, discountMinor, totalMinor) => {
    expect(priceOf(items, currency, terms)).toEqual({ itemsMinor: items, feeMinor, discountMinor, totalMinor });
  });

  test('is always items and fee less discount, and no fee is a whole unit away from its share', () => {
    for (let items = 0; items < 400; items++)
      for (const feeBasisPoints of [1, 250, 333, 500, 9999]) {
        const p = priceOf(items, 'USD', { feeBasisPoints, discountMinor: 7 });
        expect(p.totalMinor).toBe(items + p.feeMinor - p.discountMinor);
        const share = (items * feeBasisPoints) / 10_000;
        expect(p.feeMinor - share > -0.5 && p.feeMinor - share <= 0.5, `${items} at ${feeBasisPoints}`).toBe(true);
      }
  });

  test.each([{ feeMinor: -1 }, { feeBasisPoints: 1.5 }, { discountMinor: Number.NaN }])('is refused for %j', (terms) => {
    expect(() => priceOf(100, 'USD', terms as Terms)).toThrow(RangeError);
  });
});

describe('an order', () => {
  let db: Kysely<DB>;
  let close: () => Promise<void>;
  const { provider } = pageProvider('acquirer');
  const providers = { acquirer: provider };
  beforeAll(async () => {
    ({ db, close } = await freshDatabase());
  });
  afterAll(() => close?.());

  async function ordered(): Promise<string> {
    const [event, { id: accountId }] = [await show(db, { seats: 2, priceMinor: 1999 }), await person(db)];
    return (await claim(db, wish(accountId, event.id, { places: event.seats }))).id;
  }
  const priced = (id: string, terms: Terms) => db.transaction().execute((tx) => price(tx, id, terms));
  const row = (id: string) =>
    db.selectFrom('orders').select(['fee_minor', 'discount_minor', 'total_minor']).where('id', '=', id).executeTakeFirstOrThrow();
  const begin = (id: string, terms: Terms) => payments.begin(db, providers, { orderId: id, price: (tx) => price(tx, id, terms) });

  test('is priced in the transaction that opens its payment, and once: the second opening changes nothing', async () => {
    const id = await ordered();
    const open = await begin(id, { feeBasisPoints: 500, discountMinor: 100 });
    expect(open.amountMinor).toBe(3998 + 200 - 100);
    expect((await begin(id, { feeBasisPoints: 9000 })).amountMinor).toBe(open.amountMinor);
    expect(await row(id)).toEqual({ fee_minor: 200, discount_minor: 100, total_minor: 4098 });
  });

  test('keeps its price while a payment is open, once it is paid, and when it is over', async () => {
    const open = await ordered();
    await begin(open, {});
    const paid = await ordered();
    await capture(db, paid);
    const over = await ordered();
    await sql`update orders set status = 'expired' where id = ${over}::uuid`.execute(db);
    for (const id of [open, paid, over]) {
      await expect(priced(id, { feeMinor: 1 })).rejects.toMatchObject({ code: 'order_not_payable' });
      expect((await row(id)).total_minor).toBe(3998);
    }
  });

  test('is priced from its items however often: no fee upon a fee; again after its payment was closed', async () => {
    const id = await ordered();
    for (const _ of [1, 2]) expect(await priced(id, { feeBasisPoints: 500 })).toMatchObject({ itemsMinor: 3998, totalMinor: 4198 });
    const { paymentId } = await begin(id, { feeMinor: 2 });
    await payments.reconcile(db, providers, paymentId, true);
    expect((await priced(id, { feeMinor: 3 })).totalMinor).toBe(4001);
  });

  test('that comes to nothing needs no payment, keeps that price, and is confirmed as a free one', async () => {
    const id = await ordered();
    await expect(begin(id, { discountMinor: 5000 })).rejects.toMatchObject({ code: 'order_not_payable', details: { free: true } });
    expect(await row(id)).toEqual({ fee_minor: 0, discount_minor: 3998, total_minor: 0 });
    await confirmFree(db, id, TICKET_KEYS);
    expect((await orders.find(db, id))!.tickets).toHaveLength(2);
  });
});
