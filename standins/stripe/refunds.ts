// Refunds: whole or in part, never more than was charged, and some that settle (or fail) later.
import { assertStep } from './amounts.ts';
import { behaviour } from './cards.ts';
import { invalid, refused } from './errors.ts';
import { type Form, integer, mergeMetadata, onlyKnown, text } from './form.ts';
import { find } from './lists.ts';
import { emit, type Scene } from './scene.ts';
import { type Charge, money, newId, newToken, type Refund, seconds } from './wire.ts';

const known =
  'amount charge currency customer expand instructions_email metadata origin payment_intent reason refund_application_fee reverse_transfer'.split(
    ' ',
  );
const reasons = ['duplicate', 'fraudulent', 'requested_by_customer'];

export function createRefund(scene: Scene, form: Form): Refund {
  onlyKnown(form, known);
  const reason = text(form, 'reason') ?? null;
  if (reason !== null && !reasons.includes(reason)) {
    throw invalid('Invalid reason: must be one of duplicate, fraudulent, or requested_by_customer', { param: 'reason' });
  }
  const metadata = mergeMetadata({}, form);
  const wanted = integer(form, 'amount');
  if (wanted !== undefined && wanted < 1) {
    throw invalid('This value must be greater than or equal to 1.', { code: 'parameter_invalid_integer', param: 'amount' });
  }
  const charge = chargeFrom(scene, form);
  const left = charge.amount - charge.amount_refunded;
  if (left === 0) throw refused(`Charge ${charge.id} has already been refunded.`, { code: 'charge_already_refunded', charge: charge.id });
  const amount = wanted ?? left;
  if (wanted !== undefined) assertStep(wanted, charge.currency);
  if (amount > left) {
    const [asked, rest] = [money(amount, charge.currency), money(left, charge.currency)];
    throw refused(`Refund amount (${asked}) is greater than unrefunded amount on charge (${rest})`, { param: 'amount' });
  }
  const method = scene.store.methods.get(charge.payment_method ?? '');
  const slow = method && behaviour(method).refund;
  const refund: Refund = {
    id: newId('re'),
    object: 'refund',
    amount,
    balance_transaction: newId('txn'),
    charge: charge.id,
    created: seconds(),
    currency: charge.currency,
    customer: null,
    customer_account: null,
    destination_details: {
      card: { reference_status: 'pending', reference_type: 'acquirer_reference_number', type: 'refund' },
      type: 'card',
    },
    metadata,
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: reason as Refund['reason'],
    receipt_number: null,
    source_transfer_reversal: null,
    // 5126 settles later; 7726 looks done at first and fails later, the worst a refund can do.
    status: slow === 'late' ? 'pending' : 'succeeded',
    transfer_reversal: null,
  };
  const after = withRefunded(charge, charge.amount_refunded + amount);
  scene.store.put('refunds', refund);
  scene.store.put('charges', after);
  emit(scene, 'refund.created', refund);
  emit(scene, 'charge.refunded', after, {
    amount_refunded: charge.amount_refunded,
    receipt_url: charge.receipt_url,
    refunded: charge.refunded,
  });
  if (slow) {
    scene.store.put('duties', {
      id: refund.id,
      does: 'settle_refund',
      fails: slow === 'late_failure',
      at: Date.now() + scene.faults.lateMs,
    });
    return refund;
  }
  // The acquirer's reference follows at once here, some hours later at Stripe; the answer to the request is from before it.
  const referenced: Refund = {
    ...refund,
    destination_details: {
      card: { reference: newToken(), reference_status: 'available', reference_type: 'acquirer_reference_number', type: 'refund' },
      type: 'card',
    },
  };
  announceUpdate(scene, referenced, { destination_details: refund.destination_details });
  return refund;
}

function announceUpdate(scene: Scene, refund: Refund, previous: Record<string, unknown>): void {
  scene.store.put('refunds', refund);
  emit(scene, 'refund.updated', refund, previous);
  emit(scene, 'charge.refund.updated', refund, previous);
}

/** The bank's late word on a refund. A failed one gives the money back to the merchant, so the charge owes it again. */
export function settleRefund(scene: Scene, before: Refund, fails: boolean): void {
  scene.store.drop('duties', before.id);
  if (!fails) {
    announceUpdate(scene, { ...before, status: 'succeeded' }, { status: before.status });
    return;
  }
  const charge = find(scene.store, 'charges', before.charge);
  const after: Refund = {
    ...before,
    status: 'failed',
    failure_reason: 'expired_or_canceled_card',
    failure_balance_transaction: newId('txn'),
  };
  scene.store.put('charges', withRefunded(charge, charge.amount_refunded - before.amount));
  announceUpdate(scene, after, { status: before.status });
  emit(scene, 'refund.failed', after, { status: before.status });
}

function withRefunded(charge: Charge, amount_refunded: number): Charge {
  return { ...charge, amount_refunded, refunded: amount_refunded === charge.amount };
}

function chargeFrom(scene: Scene, form: Form): Charge {
  const id = text(form, 'charge');
  const intentId = text(form, 'payment_intent');
  if (id === undefined && intentId === undefined) {
    throw invalid('One of the following params should be provided for this request: payment_intent or charge.', {
      code: 'parameter_missing',
    });
  }
  if (id !== undefined && intentId !== undefined) throw invalid('You may only specify one of these parameters: charge, payment_intent.');
  if (intentId !== undefined) {
    const intent = find(scene.store, 'intents', intentId, 'payment_intent');
    const charge = scene.store.charges.get(intent.latest_charge ?? '');
    if (charge?.status === 'succeeded') return charge;
    throw refused(`This PaymentIntent (${intent.id}) does not have a successful charge to refund.`, { param: 'payment_intent' });
  }
  const charge = find(scene.store, 'charges', id!, 'charge');
  if (charge.status !== 'succeeded') throw refused(`Charge ${charge.id} is not paid, so it cannot be refunded.`, { param: 'charge' });
  return charge;
}
