// Which call is which operation, and which of them a browser with a publishable key may make.
import { cardFrom, newMethod } from './cards.ts';
import { assertSecret } from './confirm.ts';
import { invalid } from './errors.ts';
import { type Form, flag, mergeMetadata, onlyKnown, text, texts } from './form.ts';
import { cancelIntent, confirmIntent, createIntent, publicView, updateIntent } from './intents.ts';
import { find, page } from './lists.ts';
import { createRefund } from './refunds.ts';
import type { Scene } from './scene.ts';
import type { EventRow, Method } from './wire.ts';

export interface Call {
  scene: Scene;
  form: Form;
  publishable: boolean;
  id: string;
}
interface Route {
  method: 'GET' | 'POST';
  path: RegExp;
  /** What it answers with, or a list of. */
  kind: string;
  browser?: true;
  run(call: Call): object;
}

const route = (method: Route['method'], path: string, run: Route['run'], browser?: true): Route => ({
  method,
  path: new RegExp(`^/v1/${path.replace(':id', '(?<id>[A-Za-z0-9_]+)')}$`),
  kind: (path.split('/')[0] ?? '').slice(0, -1),
  run,
  ...(browser && { browser }),
});

const routes: Route[] = [
  route('POST', 'payment_intents', ({ scene, form }) => createIntent(scene, form)),
  route('GET', 'payment_intents', ({ scene, form }) => {
    const customer = text(form, 'customer');
    return page(scene.store, 'intents', form, (one) => customer === undefined || one.customer === customer);
  }),
  route('GET', 'payment_intents/:id', retrieveIntent, true),
  route('POST', 'payment_intents/:id', ({ scene, form, id }) => updateIntent(scene, id, form)),
  route(
    'POST',
    'payment_intents/:id/confirm',
    ({ scene, form, id, publishable }) => {
      if (!publishable) refuseRawCard(form);
      const intent = confirmIntent(scene, id, form, publishable);
      return publishable ? publicView(intent) : intent;
    },
    true,
  ),
  route('POST', 'payment_intents/:id/cancel', ({ scene, form, id }) => cancelIntent(scene, id, form)),
  route('GET', 'charges', ({ scene, form }) => {
    const intent = text(form, 'payment_intent');
    return page(scene.store, 'charges', form, (one) => intent === undefined || one.payment_intent === intent);
  }),
  route('GET', 'charges/:id', ({ scene, id }) => find(scene.store, 'charges', id)),
  route('POST', 'refunds', ({ scene, form }) => createRefund(scene, form)),
  route('GET', 'refunds', ({ scene, form }) => {
    const [charge, intent] = [text(form, 'charge'), text(form, 'payment_intent')];
    return page(
      scene.store,
      'refunds',
      form,
      (one) => (charge ?? one.charge) === one.charge && (intent ?? one.payment_intent) === one.payment_intent,
    );
  }),
  route('GET', 'refunds/:id', ({ scene, id }) => find(scene.store, 'refunds', id)),
  route('POST', 'payment_methods', createMethod, true),
  route('GET', 'payment_methods/:id', ({ scene, id }) => find(scene.store, 'methods', id)),
  route('GET', 'events', ({ scene, form }) => {
    const types = [...texts(form, 'types'), ...texts(form, 'type')];
    const undelivered = form.delivery_success !== undefined && !flag(form, 'delivery_success');
    const delivered = form.delivery_success !== undefined && !undelivered;
    const found = page(scene.store, 'events', form, ({ id, type }) => {
      const arrived = scene.store.deliveries.get(id)?.status === 'delivered';
      return (types.length === 0 || types.includes(type)) && !(undelivered && arrived) && !(delivered && !arrived);
    });
    return { ...found, data: found.data.map((event) => withPending(scene, event)) };
  }),
  route('GET', 'events/:id', ({ scene, id }) => withPending(scene, find(scene.store, 'events', id))),
];

/** The stored event is the one that was sent, with a webhook pending; whether it still is, its delivery knows. */
function withPending(scene: Scene, event: EventRow): EventRow {
  return { ...event, pending_webhooks: scene.store.deliveries.get(event.id)?.status === 'delivered' ? 0 : 1 };
}

export function routeOf(method: string, path: string): { route: Route; id: string } {
  for (const one of routes) {
    const found = one.method === method ? one.path.exec(path) : null;
    if (found) return { route: one, id: found.groups?.id ?? '' };
  }
  throw invalid(
    `Unrecognized request URL (${method}: ${path}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/.`,
    {},
    404,
  );
}

function retrieveIntent({ scene, form, id, publishable }: Call): object {
  const intent = find(scene.store, 'intents', id, 'intent');
  if (!publishable) return intent;
  assertSecret(intent, form);
  return publicView(intent);
}

function createMethod({ scene, form, publishable }: Call): Method {
  onlyKnown(form, [
    'billing_details',
    'card',
    'expand',
    'key',
    'metadata',
    'type',
    'allow_redisplay',
    'payment_user_agent',
    'referrer',
    'guid',
    'muid',
    'sid',
  ]);
  if (text(form, 'type') !== 'card') throw invalid('The stand-in takes cards only.', { param: 'type' });
  if (!publishable) refuseRawCard({ payment_method_data: form });
  const method = newMethod(cardFrom(form), mergeMetadata({}, form));
  scene.store.put('methods', method);
  return method;
}

/** A number in a server's hands is the mistake this stand-in must not teach: Stripe refuses it too, unless asked for in writing. */
export function refuseRawCard(form: Form): void {
  const data = form.payment_method_data;
  const card = typeof data === 'object' ? data.card : undefined;
  if (typeof card !== 'object' || card.number === undefined) return;
  throw invalid(
    'Sending credit card numbers directly to the Stripe API is generally unsafe. We suggest you use test tokens that map to the test card you are using, see https://stripe.com/docs/testing.',
    {},
    402,
  );
}
