// Test cards and tokens: which of Stripe's known numbers does what, and the two of our own that answer late.
import { cardError, type Decline, missing } from './errors.ts';
import { type Form, group, required, text } from './form.ts';
import { type Method, newId, seconds } from './wire.ts';

export interface TestCard {
  last4: string;
  brand: string;
  /** What a confirmation with it does: money at once, a refusal, or `processing` first and one of the two after `lateMs`. */
  outcome: 'succeed' | 'decline' | 'late' | 'late_decline';
  decline?: Decline;
  /** What becomes of a refund to it: Stripe's own pair of numbers for refunds that settle later. */
  refund?: 'late' | 'late_failure';
}

const declined = (decline_code: string, message = 'Your card was declined.'): Decline => ({ code: 'card_declined', decline_code, message });
const visa = { brand: 'visa', outcome: 'succeed' } as const;
const refusing = { brand: 'visa', outcome: 'decline' } as const;

/** By number, for what a browser types. Numbers live in this table only: rows keep brand and last four. */
const byNumber: Record<string, TestCard> = {
  '4242424242424242': { ...visa, last4: '4242' },
  '5555555555554444': { ...visa, brand: 'mastercard', last4: '4444' },
  '4000000000000002': { ...refusing, last4: '0002', decline: declined('generic_decline') },
  '4000000000009995': { ...refusing, last4: '9995', decline: declined('insufficient_funds', 'Your card has insufficient funds.') },
  '4000000000000069': { ...refusing, last4: '0069', decline: { code: 'expired_card', message: 'Your card has expired.' } },
  '4000000000000127': {
    ...refusing,
    last4: '0127',
    decline: { code: 'incorrect_cvc', message: "Your card's security code is incorrect." },
  },
  '4000000000000119': {
    ...refusing,
    last4: '0119',
    decline: { code: 'processing_error', message: 'An error occurred while processing your card. Try again in a little bit.' },
  },
  // Ours: Stripe has no card that stays `processing`, its bank debits do. At Stripe this number only raises the risk score.
  '4000000000009235': { ...visa, last4: '9235', outcome: 'late' },
  '4000000000005126': { ...visa, last4: '5126', refund: 'late' },
  '4000000000007726': { ...visa, last4: '7726', refund: 'late_failure' },
};
const card = (number: string): TestCard => byNumber[number]!;
/** Ours too, and by token only: `processing` first, refused later. */
const lateDecline: TestCard = { brand: 'visa', last4: '9236', outcome: 'late_decline', decline: declined('generic_decline') };

/** By the part after `tok_` or `pm_card_`. */
const byName: Record<string, TestCard> = {
  visa: card('4242424242424242'),
  mastercard: card('5555555555554444'),
  chargeDeclined: card('4000000000000002'),
  visa_chargeDeclined: card('4000000000000002'),
  chargeDeclinedInsufficientFunds: card('4000000000009995'),
  visa_chargeDeclinedInsufficientFunds: card('4000000000009995'),
  chargeDeclinedExpiredCard: card('4000000000000069'),
  visa_chargeDeclinedExpiredCard: card('4000000000000069'),
  chargeDeclinedIncorrectCvc: card('4000000000000127'),
  chargeDeclinedProcessingError: card('4000000000000119'),
  pendingRefund: card('4000000000005126'),
  refundFail: card('4000000000007726'),
  late: card('4000000000009235'),
  lateDeclined: lateDecline,
};
/** A seed's own example token. Real Stripe has never heard of it; here it is one more name for 4242. */
const seedToken = 'stripe_token_123';

function named(prefix: string, id: string): TestCard | undefined {
  if (id === seedToken) return byName.visa;
  const name = id.startsWith(prefix) ? id.slice(prefix.length) : '';
  return Object.hasOwn(byName, name) ? byName[name] : undefined;
}

export const sharedMethod = (id: string): TestCard | undefined => named('pm_card_', id);

/** `payment_method_data` or the body of `POST /v1/payment_methods`: a token, or a number typed into a browser. */
export function cardFrom(form: Form, at = 'card'): { card: TestCard; month: number; year: number } {
  const fields = group(form, 'card') ?? {};
  const token = text(fields, 'token');
  const later = new Date().getFullYear() + 3;
  if (token !== undefined) {
    const found = named('tok_', token);
    if (!found) throw missing('token', token, `${at}[token]`, 400);
    return { card: found, month: 12, year: later };
  }
  const number = required(fields, 'number').replaceAll(/[\s-]/g, '');
  const month = Number(text(fields, 'exp_month'));
  let year = Number(text(fields, 'exp_year'));
  if (year < 100) year += 2000;
  if (!passesLuhn(number)) throw typo('incorrect_number', 'Your card number is incorrect.', 'number');
  if (!(month >= 1 && month <= 12)) throw typo('invalid_expiry_month', "Your card's expiration month is invalid.", 'exp_month');
  const now = new Date();
  if (!(year >= now.getFullYear() && year < now.getFullYear() + 50)) {
    throw typo('invalid_expiry_year', "Your card's expiration year is invalid.", 'exp_year');
  }
  if (year === now.getFullYear() && month < now.getMonth() + 1) {
    throw typo('invalid_expiry_month', "Your card's expiration month is invalid.", 'exp_month');
  }
  const cvc = text(fields, 'cvc');
  if (cvc !== undefined && !/^\d{3,4}$/.test(cvc)) throw typo('invalid_cvc', "Your card's security code is invalid.", 'cvc');
  if (!Object.hasOwn(byNumber, number)) {
    const message = 'Your card was declined. Your request was in test mode, but used a non test card.';
    throw cardError({ code: 'card_declined', decline_code: 'test_mode_live_card', message });
  }
  return { card: card(number), month, year };
}

const typo = (code: string, message: string, param: string) => cardError({ code, message, param });

function passesLuhn(number: string): boolean {
  if (!/^\d{12,19}$/.test(number)) return false;
  let sum = 0;
  for (const [place, digit] of [...number].reverse().entries()) {
    const doubled = place % 2 ? Number(digit) * 2 : Number(digit);
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}

/** A stored method keeps no number; brand and last four are enough to find its line in the table again. */
export function behaviour(method: Method): TestCard {
  const { brand, last4 } = method.card;
  return [...Object.values(byNumber), lateDecline].find((one) => one.last4 === last4 && one.brand === brand) ?? card('4242424242424242');
}

export function newMethod(from: { card: TestCard; month: number; year: number }, metadata: Record<string, string> = {}): Method {
  const { brand, last4 } = from.card;
  return {
    id: newId('pm'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: {
      address: { city: null, country: null, line1: null, line2: null, postal_code: null, state: null },
      email: null,
      name: null,
      phone: null,
      tax_id: null,
    },
    card: {
      brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country: 'US',
      display_brand: brand,
      exp_month: from.month,
      exp_year: from.year,
      fingerprint: `standin${brand}${last4}`,
      funding: 'credit',
      generated_from: null,
      last4,
      networks: { available: [brand], preferred: null },
      regulated_status: 'unregulated',
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
    created: seconds(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata,
    type: 'card',
  };
}
