// Which prices can be paid: what we say of Stripe is what it does, and what no provider takes is refused when the event is made.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as venues from '../../services/events/venues.ts';
import { cancel } from '../../services/orders/cancel.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import { priceFault } from '../../services/payments/prices.ts';
import { stripeProvider } from '../../services/payments/stripe.ts';
import { stripeAmounts } from '../../services/payments/stripeAmounts.ts';
import * as waitlist from '../../services/waitlist/waitlist.ts';
import { serve } from '../../services/waitlist/waitlistOffers.ts';
import { startStripeStandin } from '../../standins/stripe/standin.ts';
import { as, wish } from '../support/claims.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person, show } from '../support/made.ts';
import { OFFER_TERMS } from '../support/offerTerms.ts';
import { pageProvider } from '../support/pageProvider.ts';

const SECRET = 'whsec_test';
let standin: Awaited<ReturnType<typeof startStripeStandin>>;
let world: World;
let organizer: { token: string };
let buyer: { id: string; token: string };
let venueId: string;
beforeAll(async () => {
  standin = await startStripeStandin({ port: 0, webhookUrl: 'http://127.0.0.1:9/', webhookSecret: SECRET });
  world = await startWorld();
  organizer = await person(world.db, 'organizer');
  buyer = await person(world.db);
  venueId = (await venues.create(world.db, { name: 'Hall', city: 'Aarhus', capacity: 100 })).id;
});
afterAll(async () => {
  await world?.stop();
  await standin?.close();
});

describe('what Stripe takes', () => {
  it.each(['USD', 'GBP', 'JPY', 'KWD', 'HUF', 'ISK', 'IDR', 'COP'])(
    '%s: the least and the greatest, and nothing beside',
    async (currency) => {
      const stripe = stripeProvider({ secretKey: 'sk_test_x', webhookSecret: SECRET, standinUrl: standin.url, timeoutMs: 5000 });
      const takes = (amountMinor: number) =>
        stripe
          .create({
            key: `${currency}-${amountMinor}`,
            amountMinor,
            currency,
            orderId: 'o',
            orderNumber: 1,
            paymentId: 'p',
            description: '',
          })
          .then(
            () => true,
            (error: { code: string }) => (error.code === 'payment_failed' ? false : Promise.reject(error)),
          );
      const { leastMinor, mostMinor, stepMinor } = stripeAmounts(currency);
      const greatest = mostMinor - (mostMinor % stepMinor);
      expect([await takes(leastMinor), await takes(greatest)]).toEqual([true, true]);
      expect([await takes(leastMinor - 1), await takes(greatest + stepMinor)]).toEqual([false, false]);
      if (stepMinor > 1) expect(await takes(leastMinor + 1)).toBe(false);
    },
  );

  it('one provider that takes a price is enough', () => {
    const stripe = stripeProvider({ secretKey: 'sk_test_x', webhookSecret: SECRET, standinUrl: standin.url, timeoutMs: 5000 });
    expect(priceFault({ stripe }, 20, 'USD')).toMatch(/at least 0.50 USD/);
    expect(priceFault({ stripe, other: pageProvider('other').provider }, 20, 'USD')).toBeUndefined();
  });
});

const body = (price: number, currency: string) => ({
  name: 'Priced',
  venue_id: venueId,
  start_time: '2030-01-01T18:00:00Z',
  end_time: '2030-01-01T21:00:00Z',
  currency,
  seat_configuration: {
    sections: [
      { name: 'Free', rows: ['A'], seats_per_row: 1, price: 0 },
      { name: 'Floor', rows: ['B'], seats_per_row: 1, price },
    ],
  },
});
const post = (price: number, currency: string) =>
  world.call('POST', '/api/v1/admin/events', { token: organizer.token, body: body(price, currency) });

describe('an event is refused, by field, with a price that nobody could pay', () => {
  it.each([
    [18.605, 'KWD', /steps of 0.010 KWD/],
    [0.3, 'USD', /at least 0.50 USD/],
    [0.2, 'GBP', /at least 0.30 GBP/],
    [1_000_000, 'USD', /At most 999999.99 USD/],
  ])('%s %s', async (price, currency, words) => {
    const answer = await post(price, currency);
    expect([answer.status, answer.body.error.code]).toEqual([400, 'VALIDATION_ERROR']);
    expect(answer.body.error.details.fields).toEqual({ 'seat_configuration.sections.1.price': expect.stringMatching(words) });
  });

  it('and when its plan or its currency is changed; what can be paid, or is free, stays possible', async () => {
    const made = await post(0.4, 'GBP');
    expect(made.status).toBe(201);
    const put = (change: object) =>
      world.call('PUT', `/api/v1/admin/events/${made.body.data.id}`, { token: organizer.token, body: change });
    const plan = await put({ seat_configuration: body(0.2, 'GBP').seat_configuration });
    expect([plan.status, Object.keys(plan.body.error.details.fields)]).toEqual([400, ['seat_configuration.sections.1.price']]);
    const currency = await put({ currency: 'USD' });
    expect([currency.status, Object.keys(currency.body.error.details.fields)]).toEqual([400, ['currency']]);
    expect((await put({ seat_configuration: body(0, 'GBP').seat_configuration })).status).toBe(200);
    expect((await put({ currency: 'USD' })).status).toBe(200);
  });
});

describe('a sum that nobody could pay at once', () => {
  it.each([
    ['USD', 60_000_000, 2, /at most 999999.99 USD/],
    ['VND', 10_000_000, 10, /at most 99999999 VND/],
    ['ISK', 500_000, 2, /at most 999999 ISK/],
  ])('%s: 400 when it is booked; one item less is booked', async (currency, priceMinor, n, words) => {
    const made = await show(world.db, { seats: n, currency, priceMinor });
    const post = (seats: string[]) =>
      world.call('POST', '/api/v1/bookings', { token: buyer.token, body: { event_id: made.id, seat_ids: seats } });
    const refused = await post(made.seats);
    expect([refused.status, refused.body.error.code, refused.body.error.message]).toEqual([
      400,
      'VALIDATION_ERROR',
      expect.stringMatching(words),
    ]);
    expect((await post(made.seats.slice(1))).status).toBe(201);
  });

  it('400 when somebody would wait for it; one item less may be waited for, and where another tier is cheaper that many', async () => {
    const made = await show(world.db, { seats: 2, priceMinor: 60_000_000 });
    await claim(world.db, wish((await person(world.db)).id, made.id, { places: made.seats }));
    const join = (body: object) => world.call('POST', '/api/v1/waitlist/join', { token: buyer.token, body });
    const refused = await join({ event_id: made.id, quantity: 2 });
    expect([refused.status, refused.body.error.code, refused.body.error.message]).toEqual([
      400,
      'VALIDATION_ERROR',
      expect.stringMatching(/at most 999999.99 USD/),
    ]);
    expect(refused.body.error.details).toMatchObject({ quantity: 2, max: 1 });
    expect((await join({ event_id: made.id, quantity: 1 })).status).toBe(201);

    const section = (name: string, priceMinor: number) => ({ name, rows: ['1'], seatsPerRow: 2, priceMinor });
    const mixed = await show(world.db, { sections: [section('Gold', 60_000_000), section('Silver', 1_000)] });
    await claim(world.db, wish((await person(world.db)).id, mixed.id, { places: mixed.seats }));
    expect((await join({ event_id: mixed.id, quantity: 2, price_tier: 'Gold' })).status).toBe(400);
    expect((await join({ event_id: mixed.id, quantity: 2 })).status).toBe(201);
  });

  it('is never offered: of what is free together who waits for any tier gets one that can be paid', async () => {
    const section = (name: string, priceMinor: number) => ({ name, rows: ['1'], seatsPerRow: 2, priceMinor });
    const made = await show(world.db, { sections: [section('Gold', 60_000_000), section('Silver', 1_000)] });
    const places = await world.db
      .selectFrom('places')
      .innerJoin('offers', 'offers.id', 'places.offer_id')
      .select(['places.id', 'offers.name'])
      .where('places.event_id', '=', made.id)
      .execute();
    const holder = await person(world.db);
    const hold = async (tier: string) =>
      (await claim(world.db, wish(holder.id, made.id, { places: places.filter((p) => p.name === tier).map((p) => p.id) }))).id;
    const [gold, silver] = [await hold('Gold'), await hold('Silver')];
    const notify = { email: false, sms: false };
    const { mostAtOnce } = world.gateway;
    const wanted = { accountId: buyer.id, eventId: made.id, quantity: 2, notify, maxPlaces: 5, mostAtOnce, smsAvailable: false };
    const { entry } = await waitlist.join(world.db, wanted);
    const terms = { ...OFFER_TERMS, mostAtOnce };
    await cancel(world.db, gold, as(holder.id), { reason: 'test' });
    expect(await serve(world.db, made.id, terms)).toMatchObject({ offered: 0, waiting: 1 });
    await cancel(world.db, silver, as(holder.id), { reason: 'test' });
    expect(await serve(world.db, made.id, terms)).toMatchObject({ offered: 1, waiting: 0 });
    const order = await world.db.selectFrom('orders').select('total_minor').where('id', '=', entry.order_id).executeTakeFirst();
    expect(order).toEqual({ total_minor: 2_000 });
  });

  it('nor does an order grow to such a sum', async () => {
    const made = await show(world.db, { seats: 2, priceMinor: 60_000_000 });
    const terms = { mostAtOnce: world.gateway.mostAtOnce };
    const { id } = await claim(world.db, wish(buyer.id, made.id, { places: [made.seats[0]!] }, terms));
    const more = claim(world.db, { ...wish(buyer.id, made.id, { places: [made.seats[1]!] }, terms), into: id });
    await expect(more).rejects.toMatchObject({ code: 'limit_exceeded' });
  });
});
