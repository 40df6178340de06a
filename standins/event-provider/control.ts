// `/_standin/...`: the switches, the other partners, and what a test may look into. No part of the provider's interface.
import type { IncomingMessage } from 'node:http';
import type { Answer } from './api.ts';
import { calm, changed, type Faults } from './faults.ts';
import type { Hall } from './hall.ts';
import { PARTNER, type Store } from './store.ts';

export type Control = { store: Store; hall: Hall; faults: Faults };

export function control({ store, hall, faults }: Control, request: IncomingMessage, path: string, body: Record<string, unknown>): Answer {
  const asked = `${request.method} ${path}`;
  if (asked === 'GET /_standin/health') return { status: 200, body: { ok: true } };
  if (asked === 'GET /_standin/faults') return { status: 200, body: faults };
  if (asked === 'GET /_standin/orders') return { status: 200, body: orders(store, hall) };
  // Any web page may send a POST to a local port; only programs may turn the switches.
  if (request.method === 'POST' && request.headers.origin !== undefined) return { status: 403, body: { error: 'not from a page' } };
  if (asked === 'POST /_standin/faults') return set(faults, body);
  if (asked === 'POST /_standin/reset') return set(faults, calm);
  if (asked === 'POST /_standin/wipe') {
    store.wipe();
    return set(faults, calm);
  }
  if (asked === 'POST /_standin/take' || asked === 'POST /_standin/free') return byPartner(store, hall, body, asked.endsWith('take'));
  if (asked === 'POST /_standin/cancel') return byHand(store, body);
  return { status: 404, body: { error: `nothing at ${asked}` } };
}

function set(faults: Faults, wish: unknown): Answer {
  const after = changed(faults, wish);
  if (typeof after === 'string') return { status: 400, body: { error: after } };
  return { status: 200, body: Object.assign(faults, after) };
}

/** Every order with the ids of its places, as they truly are. */
function orders(store: Store, hall: Hall) {
  const places = new Map<string, string[]>();
  for (const [index, holder] of store.truth.holders) places.set(holder, [...(places.get(holder) ?? []), hall.idOf(index)]);
  return [...store.truth.orders.values()].map((order) => ({ ...order, places: places.get(order.id) ?? [] }));
}

/** Another partner's customer takes a free place, or gives it up. */
function byPartner(store: Store, hall: Hall, body: Record<string, unknown>, take: boolean): Answer {
  const index = hall.indexOf(String(body.place));
  if (index === undefined) return { status: 404, body: { error: `no place ${body.place}` } };
  const holder = store.truth.holders.get(index);
  if (take ? holder !== undefined : holder !== PARTNER) return { status: 409, body: { error: `the place is ${holder ?? 'free'}` } };
  store.give(index, take ? PARTNER : null);
  return { status: 200, body: { place: body.place } };
}

/** The provider itself ends an order. */
function byHand(store: Store, body: Record<string, unknown>): Answer {
  const order = store.truth.orders.get(String(body.order));
  if (!order) return { status: 404, body: { error: `no order ${body.order}` } };
  for (const place of store.placesOf(order.id)) store.give(place, null);
  store.putOrder({ ...order, status: 'CANCELLED', updated_at: Date.now(), places: 0 });
  return { status: 200, body: { order: order.id } };
}
