// Prices that meet Stripe's own rules, through its library against the stand-in.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { stripeProvider } from '../../services/payments/stripe.ts';
import { minor } from '../../services/shared/money.ts';
import { type RunningStandin, startStripeStandin } from '../../standins/stripe/standin.ts';
import { charge, startWorld, type World } from '../support/gateway.ts';
import { person, show } from '../support/made.ts';

let world: World;
let standin: RunningStandin;
let buyer: { id: string; token: string };

beforeAll(async () => {
  standin = await startStripeStandin({ port: 0, webhookUrl: 'http://127.0.0.1:9/', webhookSecret: 'whsec_x' });
  const provider = stripeProvider({ secretKey: 'sk_test_x', webhookSecret: 'whsec_x', standinUrl: standin.url, timeoutMs: 2000 });
  // Without it a sum beyond Stripe's greatest is refused when it is booked, and Stripe is never asked.
  world = await startWorld({ overrides: { providers: { stripe: provider }, mostAtOnce: undefined } });
  buyer = await person(world.db);
});
afterAll(async () => {
  await world?.stop();
  await standin?.close();
});

async function booking(currency: string, price: number) {
  const { id, seats } = await show(world.db, { currency, priceMinor: minor(price, currency) });
  const made = await world.call('POST', '/api/v1/bookings', { token: buyer.token, body: { event_id: id, seat_ids: [seats[0]] } });
  return made.body.data.booking.id as string;
}
const initiate = (id: string) => world.call('POST', `/api/v1/payments/initiate/${id}`, { token: buyer.token });
async function asked(intent: string): Promise<unknown> {
  const answer = await fetch(`${standin.url}/v1/payment_intents/${intent}`, { headers: { authorization: 'Bearer sk_test_x' } });
  return ((await answer.json()) as { amount: unknown }).amount;
}

describe('what Stripe is asked for', () => {
  it('is the price, in the unit Stripe counts the currency in', async () => {
    for (const [currency, price, amount] of [
      ['USD', 19.99, 1999],
      ['HUF', 5000, 500_000],
      ['JPY', 5000, 5000],
      ['ISK', 5000, 500_000],
    ] as const) {
      const id = await booking(currency, price);
      const { body } = await initiate(id);
      expect([body.data.amount, await asked(body.data.payment_intent_id)], currency).toEqual([price, amount]);
      const paid = await charge(world, id);
      expect(paid.outcome, currency).toBe('succeeded');
      // Stripe's word names the order it is for, or it is not believed.
      const row = await world.db.selectFrom('payments').select(['status', 'contradicted_at']).where('order_id', '=', id).executeTakeFirst();
      expect(row, currency).toEqual({ status: 'succeeded', contradicted_at: null });
    }
  });

  it('402 PAYMENT_FAILED, and a decline for the workflow, for an amount Stripe takes from nobody', async () => {
    for (const [price, code] of [
      [0.1, 'amount_too_small'],
      [1_000_000, 'amount_too_large'],
    ] as const) {
      const id = await booking('USD', price);
      const { status, body } = await initiate(id);
      expect([status, body.error.code, body.error.details.decline_code]).toEqual([402, 'PAYMENT_FAILED', code]);
      const paid = await charge(world, id);
      expect(paid).toMatchObject({ outcome: 'declined', declineCode: code });
    }
  });
});
