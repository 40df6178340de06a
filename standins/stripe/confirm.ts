// Confirming an intent: money moves, is refused, or is on its way; and what happens when it arrives late.
import { behaviour, cardFrom, newMethod, sharedMethod, type TestCard } from './cards.ts';
import { cardError, type Decline, invalid, missing, refused, unexpectedState } from './errors.ts';
import { type Form, group, text } from './form.ts';
import { emit, type Scene } from './scene.ts';
import { type Charge, type Intent, type Method, newId, newToken, seconds } from './wire.ts';

/** The method a request names: a stored `pm_...`, a shared `pm_card_...` (which becomes a fresh one), or card data with a token. */
export function methodFrom(scene: Scene, form: Form): Method | undefined {
  const id = text(form, 'payment_method');
  const data = group(form, 'payment_method_data');
  if (id !== undefined && data !== undefined)
    throw invalid('You may only specify one of these parameters: payment_method, payment_method_data.');
  if (id !== undefined) {
    const stored = scene.store.methods.get(id);
    if (stored) return stored;
    const card = sharedMethod(id);
    if (!card) throw missing('PaymentMethod', id, 'payment_method', 400);
    return keep(scene, newMethod({ card, month: 12, year: new Date().getFullYear() + 3 }));
  }
  if (data === undefined) return undefined;
  if (text(data, 'type') !== 'card') throw invalid('The stand-in takes cards only.', { param: 'payment_method_data[type]' });
  return keep(scene, newMethod(cardFrom(data, 'payment_method_data[card]')));
}

function keep(scene: Scene, method: Method): Method {
  scene.store.put('methods', method);
  return method;
}

export function assertConfirmable(intent: Intent): void {
  if (intent.status === 'succeeded') {
    throw unexpectedState(
      'You cannot confirm this PaymentIntent because it has already succeeded after being previously confirmed.',
      intent,
    );
  }
  if (intent.status === 'canceled' || intent.status === 'processing') {
    const allowed = 'requires_payment_method, requires_confirmation, requires_action';
    const message = `You cannot confirm this PaymentIntent because it has a status of ${intent.status}. Only a PaymentIntent with one of the following statuses may be confirmed: ${allowed}.`;
    throw unexpectedState(message, intent);
  }
}

/** Everything is checked before anything is written: a thrown refusal (402) is itself an outcome and leaves its rows behind. */
export function confirm(scene: Scene, before: Intent, form: Form, method: Method | undefined): Intent {
  assertConfirmable(before);
  const used = method ?? (before.payment_method ? scene.store.methods.get(before.payment_method) : undefined);
  if (!used) throw noMethod();
  const card = behaviour(used);
  const receipt = text(form, 'receipt_email');
  const intent = { ...before, payment_method: used.id, last_payment_error: null, ...(receipt && { receipt_email: receipt }) };
  if (card.outcome === 'succeed') return succeed(scene, intent, newCharge(intent, used));
  if (card.outcome === 'decline') throw decline(scene, intent, newCharge(intent, used), used, card);
  return startProcessing(scene, intent, newCharge(intent, used), card);
}

export function noMethod() {
  return refused(
    "You cannot confirm this PaymentIntent because it's missing a payment method. You can either update the PaymentIntent with a payment method and then confirm it again, or confirm it again directly with a payment method or ConfirmationToken.",
    { code: 'payment_intent_unexpected_state' },
  );
}

function startProcessing(scene: Scene, intent: Intent, charge: Charge, card: TestCard): Intent {
  const pending: Charge = { ...charge, status: 'pending', paid: false, captured: false, amount_captured: 0, balance_transaction: null };
  const after: Intent = { ...intent, status: 'processing', latest_charge: pending.id };
  scene.store.put('charges', pending);
  scene.store.put('intents', after);
  const fails = card.outcome === 'late_decline';
  scene.store.put('duties', { id: after.id, does: 'settle_intent', fails, at: Date.now() + scene.faults.lateMs });
  emit(scene, 'charge.pending', pending);
  emit(scene, 'payment_intent.processing', after);
  return after;
}

/** The bank's late answer. Called by the clock, or sooner by `/_standin/late-payment`. */
export function settleIntent(scene: Scene, intent: Intent, fails: boolean): Intent {
  scene.store.drop('duties', intent.id);
  const charge = scene.store.charges.get(intent.latest_charge ?? '');
  const method = scene.store.methods.get(intent.payment_method ?? '');
  if (intent.status !== 'processing' || !charge || !method) return intent;
  if (!fails) return succeed(scene, intent, { ...charge, ...paid(charge.amount) });
  decline(scene, intent, charge, method, behaviour(method));
  return scene.store.intents.get(intent.id)!;
}

const paid = (amount: number) => ({
  status: 'succeeded' as const,
  paid: true,
  captured: true,
  amount_captured: amount,
  balance_transaction: newId('txn'),
});

function succeed(scene: Scene, intent: Intent, charge: Charge): Intent {
  const after: Intent = { ...intent, status: 'succeeded', amount_received: intent.amount, latest_charge: charge.id };
  scene.store.put('charges', charge);
  scene.store.put('intents', after);
  emit(scene, 'charge.succeeded', charge);
  emit(scene, 'payment_intent.succeeded', after);
  return after;
}

function decline(scene: Scene, intent: Intent, charge: Charge, method: Method, card: TestCard) {
  const why: Decline = card.decline ?? { code: 'card_declined', message: 'Your card was declined.', decline_code: 'generic_decline' };
  const failed: Charge = {
    ...charge,
    status: 'failed',
    paid: false,
    captured: false,
    amount_captured: 0,
    balance_transaction: null,
    failure_code: why.code,
    failure_message: why.message,
    receipt_url: null,
    outcome: {
      advice_code: null,
      network_advice_code: null,
      network_decline_code: null,
      network_status: 'declined_by_network',
      reason: why.decline_code ?? why.code,
      risk_level: 'normal',
      seller_message: 'The bank did not return any further details with this decline.',
      type: 'issuer_declined',
    },
  };
  const details = { charge: failed.id, ...why, payment_method: method };
  const doc_url = `https://docs.stripe.com/error-codes#${why.code.replaceAll('_', '-')}`;
  const after: Intent = {
    ...intent,
    status: 'requires_payment_method',
    // Stripe takes the refused method off again: the customer must give one anew.
    payment_method: null,
    latest_charge: failed.id,
    last_payment_error: { type: 'card_error', doc_url, ...details } as Intent['last_payment_error'],
  };
  scene.store.put('charges', failed);
  scene.store.put('intents', after);
  emit(scene, 'charge.failed', failed);
  emit(scene, 'payment_intent.payment_failed', after);
  return cardError({ ...details, payment_intent: after });
}

function newCharge(intent: Intent, method: Method): Charge {
  const id = newId('ch');
  const { card } = method;
  return {
    id,
    object: 'charge',
    amount: intent.amount,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    billing_details: method.billing_details,
    calculated_statement_descriptor: 'BILLETTER STAND-IN',
    created: seconds(),
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: null,
    failure_message: null,
    fraud_details: {},
    livemode: false,
    // Copied once, at the moment of charging: a later change of the intent's metadata does not reach the charge.
    metadata: intent.metadata,
    on_behalf_of: null,
    outcome: {
      advice_code: null,
      network_advice_code: null,
      network_decline_code: null,
      network_status: 'approved_by_network',
      reason: null,
      risk_level: 'normal',
      risk_score: 20,
      seller_message: 'Payment complete.',
      type: 'authorized',
    },
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: { card: chargedCard(card, intent.amount), type: 'card' } as unknown as Charge['payment_method_details'],
    radar_options: {},
    receipt_email: intent.receipt_email,
    receipt_number: null,
    receipt_url: `https://pay.stripe.com/receipts/${newToken()}`,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    transfer_data: null,
    transfer_group: null,
    ...paid(intent.amount),
  };
}

function chargedCard(card: Method['card'], amount: number): Record<string, unknown> {
  const { brand, checks, country, exp_month, exp_year, fingerprint, funding, last4 } = card;
  const common = { brand, checks, country, exp_month, exp_year, fingerprint, funding, last4 };
  return { ...common, amount_authorized: amount, installments: null, mandate: null, network: brand, three_d_secure: null, wallet: null };
}

/** Client-side calls prove themselves by the secret that only the intent's own page was given. */
export function assertSecret(intent: Intent, form: Form): void {
  if (text(form, 'client_secret') === intent.client_secret) return;
  throw refused('The client_secret provided does not match the client_secret associated with the PaymentIntent.', {
    code: 'payment_intent_invalid_parameter',
    param: 'client_secret',
  });
}
