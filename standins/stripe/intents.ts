// PaymentIntents: create, update, confirm, cancel.
import { validAmount, validCurrency } from './amounts.ts';
import { assertConfirmable, assertSecret, confirm, methodFrom, noMethod } from './confirm.ts';
import { invalid, unexpectedState } from './errors.ts';
import { type Form, flag, group, mergeMetadata, onlyKnown, required, text, texts } from './form.ts';
import { find } from './lists.ts';
import { emit, type Scene } from './scene.ts';
import { type Intent, newId, newSecret, seconds } from './wire.ts';

// The lists are the library's own parameter types, so that a call it can make is not refused here for being unknown.
const onUpdate =
  'allowed_payment_method_types amount amount_details application_fee_amount capture_method currency customer customer_account description excluded_payment_method_types expand hooks metadata payment_details payment_method payment_method_configuration payment_method_data payment_method_options payment_method_types receipt_email setup_future_usage shipping statement_descriptor statement_descriptor_suffix transfer_data transfer_group'.split(
    ' ',
  );
const onConfirm =
  'allowed_payment_method_types amount_details amount_to_confirm capture_method client_secret confirmation_token error_on_requires_action excluded_payment_method_types expand hooks key mandate mandate_data off_session payment_details payment_method payment_method_data payment_method_options payment_method_types radar_options receipt_email return_url setup_future_usage shipping use_stripe_sdk'.split(
    ' ',
  );
const onCreate = [
  ...onUpdate,
  ...onConfirm.filter((name) => name !== 'client_secret' && name !== 'key'),
  'automatic_payment_methods',
  'confirm',
  'confirmation_method',
  'on_behalf_of',
];

export function createIntent(scene: Scene, form: Form): Intent {
  onlyKnown(form, onCreate);
  required(form, 'amount');
  const currency = validCurrency(required(form, 'currency'));
  const amount = validAmount(form, currency);
  const capture = text(form, 'capture_method') ?? 'automatic_async';
  if (!capture.startsWith('automatic')) throw invalid('The stand-in captures at once only.', { param: 'capture_method' });
  const types = texts(form, 'payment_method_types');
  const automatic = group(form, 'automatic_payment_methods');
  const uses = types.length > 0 || (automatic && !flag(automatic, 'enabled')) ? null : automatic;
  const id = newId('pi');
  const confirmNow = flag(form, 'confirm');
  if (!confirmNow) for (const only of ['off_session', 'error_on_requires_action', 'return_url']) assertAbsent(form, only);
  const intent: Intent = {
    id,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount,
    amount_capturable: 0,
    amount_details: { tip: {} } as Intent['amount_details'],
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods:
      uses === null ? null : { allow_redirects: (uses && text(uses, 'allow_redirects')) === 'never' ? 'never' : 'always', enabled: true },
    canceled_at: null,
    cancellation_reason: null,
    capture_method: capture as Intent['capture_method'],
    client_secret: newSecret(id),
    confirmation_method: 'automatic',
    created: seconds(),
    currency,
    customer: text(form, 'customer') ?? null,
    customer_account: null,
    description: text(form, 'description') ?? null,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: mergeMetadata({}, form),
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: { card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' } },
    payment_method_types: types.length > 0 ? types : ['card'],
    payment_record: null,
    processing: null,
    receipt_email: text(form, 'receipt_email') ?? null,
    review: null,
    setup_future_usage: null,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: text(form, 'statement_descriptor_suffix') ?? null,
    status: 'requires_payment_method',
    transfer_data: null,
    transfer_group: text(form, 'transfer_group') ?? null,
  };
  if (confirmNow) assertReturnUrl(intent, form);
  const method = methodFrom(scene, form);
  if (confirmNow && !method) throw noMethod();
  const created: Intent = method ? { ...intent, payment_method: method.id, status: 'requires_confirmation' } : intent;
  scene.store.put('intents', created);
  emit(scene, 'payment_intent.created', created);
  return confirmNow ? confirm(scene, created, form, method) : created;
}

export function updateIntent(scene: Scene, id: string, form: Form): Intent {
  onlyKnown(form, onUpdate);
  const before = find(scene.store, 'intents', id, 'intent');
  const open =
    before.status === 'requires_payment_method' || before.status === 'requires_confirmation' || before.status === 'requires_action';
  for (const name of ['amount', 'currency', 'payment_method', 'payment_method_data']) {
    if (!open && form[name] !== undefined) {
      const allowed = 'requires_payment_method, requires_confirmation, requires_action';
      const message = `This PaymentIntent's ${name} could not be updated because it has a status of ${before.status}. You may only update the ${name} of a PaymentIntent with one of the following statuses: ${allowed}.`;
      throw unexpectedState(message, before);
    }
  }
  const currency = form.currency === undefined ? before.currency : validCurrency(required(form, 'currency'));
  const amount = form.amount === undefined ? before.amount : validAmount(form, currency);
  const metadata = mergeMetadata(before.metadata, form);
  const method = methodFrom(scene, form);
  const after: Intent = {
    ...before,
    amount,
    currency,
    metadata,
    ...(method && { payment_method: method.id, status: 'requires_confirmation' as const }),
    ...(form.description !== undefined && { description: text(form, 'description') ?? null }),
    ...(form.receipt_email !== undefined && { receipt_email: text(form, 'receipt_email') ?? null }),
  };
  scene.store.put('intents', after);
  return after;
}

export function confirmIntent(scene: Scene, id: string, form: Form, publishable: boolean): Intent {
  onlyKnown(form, onConfirm);
  const intent = find(scene.store, 'intents', id, 'intent');
  if (publishable) assertSecret(intent, form);
  assertConfirmable(intent);
  if (!publishable) assertReturnUrl(intent, form);
  return confirm(scene, intent, form, methodFrom(scene, form));
}

/** A late card cannot be called back: money under way arrives although its buyer has gone, which is the harder case to get right. */
export function cancelIntent(scene: Scene, id: string, form: Form): Intent {
  onlyKnown(form, ['cancellation_reason', 'expand']);
  const before = find(scene.store, 'intents', id, 'intent');
  const reason = text(form, 'cancellation_reason') ?? null;
  if (reason !== null && !['duplicate', 'fraudulent', 'requested_by_customer', 'abandoned'].includes(reason)) {
    throw invalid(`Invalid cancellation_reason: must be one of duplicate, fraudulent, requested_by_customer, or abandoned`, {
      param: 'cancellation_reason',
    });
  }
  if (['succeeded', 'canceled', 'processing'].includes(before.status)) {
    const allowed = 'requires_payment_method, requires_capture, requires_confirmation, requires_action';
    const message = `You cannot cancel this PaymentIntent because it has a status of ${before.status}. Only a PaymentIntent with one of the following statuses may be canceled: ${allowed}.`;
    throw unexpectedState(message, before);
  }
  const after: Intent = {
    ...before,
    status: 'canceled',
    canceled_at: seconds(),
    cancellation_reason: reason as Intent['cancellation_reason'],
  };
  scene.store.put('intents', after);
  emit(scene, 'payment_intent.canceled', after);
  return after;
}

/** What a page with a publishable key may see: not the metadata, not the charge. */
export function publicView(intent: Intent): Partial<Intent> {
  const { metadata: _, latest_charge: __, customer: ___, application: ____, ...shown } = intent;
  return shown;
}

function assertAbsent(form: Form, name: string): void {
  if (form[name] !== undefined)
    throw invalid(`You can only pass ${name} when you confirm the PaymentIntent, that is with confirm=true.`, { param: name });
}

/** The default intent allows methods that lead away from the page, and Stripe then insists on a way back. Easily forgotten, so kept. */
function assertReturnUrl(intent: Intent, form: Form): void {
  const redirects = intent.automatic_payment_methods !== null && intent.automatic_payment_methods.allow_redirects !== 'never';
  const stays =
    form.return_url !== undefined || flag(form, 'off_session') || flag(form, 'error_on_requires_action') || flag(form, 'use_stripe_sdk');
  if (!redirects || stays) return;
  throw invalid(
    "This PaymentIntent is configured to accept payment methods enabled in your Dashboard. Because some of these payment methods might redirect your customer off of your page, you must provide a `return_url`. If you don't want to accept redirect-based payment methods, set `automatic_payment_methods[enabled]` to `true` and `automatic_payment_methods[allow_redirects]` to `never` when creating Setup Intents and Payment Intents.",
    { param: 'return_url' },
  );
}
