// `/_standin/...`: the switches, the late payer, the operator at the dashboard, and what a test may look into. No part of Stripe.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { confirm, methodFrom, settleIntent } from './confirm.ts';
import type { Courier } from './courier.ts';
import { errorBody, StripeFault } from './errors.ts';
import { calm, changed } from './faults.ts';
import { readBody } from './form.ts';
import { find } from './lists.ts';
import { createRefund } from './refunds.ts';
import type { Scene } from './scene.ts';
import { summarise } from './summary.ts';
import type { Intent, Refund } from './wire.ts';

export interface Control {
  scene: Scene;
  courier: Courier;
  /** Calls hanging at this moment. */
  busy: Set<string>;
  changed(): void;
}

export async function serveControl(control: Control, request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
  const { status, body } = await act(control, request, path).catch((error) => {
    if (error instanceof StripeFault) return { status: error.status, body: errorBody(error.fields) };
    return { status: 500, body: { error: String(error) } };
  });
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body, null, 2)}\n`);
}

async function act(control: Control, request: IncomingMessage, path: string): Promise<{ status: number; body: unknown }> {
  const { scene, courier } = control;
  const asked = `${request.method} ${path}`;
  if (request.method === 'POST') {
    // Any web page may send a POST to a local port; only our own page and programs may turn the switches.
    const { origin, host } = request.headers;
    if (origin !== undefined && origin !== `http://${host}`) return { status: 403, body: { error: 'not from another origin' } };
  }
  if (asked === 'GET /_standin/health') return ok({ ok: true });
  if (asked === 'GET /_standin/faults') return ok(scene.faults);
  if (asked === 'GET /_standin/state') return ok({ ...summarise(scene.store), hanging: control.busy.size });
  if (asked === 'GET /_standin/webhooks') return ok(deliveries(scene));
  if (asked === 'POST /_standin/reset') return setFaults(control, calm);
  const wish = request.method === 'POST' ? await readJson(request) : undefined;
  if (asked === 'POST /_standin/faults') return setFaults(control, wish);
  if (asked === 'POST /_standin/late-payment') return ok(payNow(control, wish));
  if (asked === 'POST /_standin/refund') return ok(refundByHand(control, wish));
  if (asked === 'POST /_standin/resend') {
    const event = field(wish, 'event');
    return courier.resend(event) ? ok({ event }) : { status: 404, body: { error: `no delivery of ${event} to send again` } };
  }
  return { status: 404, body: { error: `nothing at ${asked}` } };
}

const ok = (body: unknown) => ({ status: 200, body });

function setFaults(control: Control, wish: unknown): { status: number; body: unknown } {
  const { scene, courier } = control;
  const after = changed(scene.faults, wish);
  if (typeof after === 'string') return { status: 400, body: { error: after } };
  Object.assign(scene.faults, after);
  if (wish === calm) courier.hurry();
  else courier.wake();
  return ok(scene.faults);
}

/** The customer pays at this very moment, whatever the shop may think of the order by now. */
function payNow(control: Control, wish: unknown): Intent {
  const { scene } = control;
  const intent = find(scene.store, 'intents', field(wish, 'payment_intent'), 'intent');
  const form = { payment_method: 'pm_card_visa' };
  const paid = intent.status === 'processing' ? settleIntent(scene, intent, false) : confirm(scene, intent, form, methodFrom(scene, form));
  scene.store.commit();
  control.changed();
  return paid;
}

/** An operator refunds at the dashboard: the whole rest unless an `amount` is given. The shop hears of it by webhooks only. */
function refundByHand(control: Control, wish: unknown): Refund {
  const { scene } = control;
  const { amount } = (wish ?? {}) as { amount?: unknown };
  const form = { payment_intent: field(wish, 'payment_intent'), ...(amount !== undefined && { amount: String(amount) }) };
  const refund = createRefund(scene, form);
  scene.store.commit();
  control.changed();
  return refund;
}

function deliveries(scene: Scene): object[] {
  return [...scene.store.deliveries.values()].map(({ event: id, held, after, ...delivery }) => {
    const event = scene.store.events.get(id);
    const about = event?.data.object;
    return { ...delivery, event: id, type: event?.type, object: about?.id, held, payment_intent: intentOf(about) };
  });
}

function intentOf(about: { id: string; object: string; payment_intent?: unknown } | undefined): unknown {
  return about?.object === 'payment_intent' ? about.id : about?.payment_intent;
}

function field(wish: unknown, name: string): string {
  const value = typeof wish === 'object' && wish !== null ? (wish as Record<string, unknown>)[name] : undefined;
  return typeof value === 'string' ? value : '';
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const body = await readBody(request);
  try {
    return body === '' ? {} : JSON.parse(body);
  } catch {
    return undefined;
  }
}
