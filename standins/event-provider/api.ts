// `/api/partners/v1`: the provider's own interface. Error bodies are empty.
import { randomUUID } from 'node:crypto';
import { type Hall, rowOf, seatOf } from './hall.ts';
import { type Order, PARTNER, type Status, type Store } from './store.ts';

export type Answer = { status: number; body?: unknown };
export type Provider = { store: Store; hall: Hall; takesBack: () => boolean };
type Call = Provider & { id: string; body: Record<string, unknown>; query: URLSearchParams };

const MOST_PLACES = 1_000;

const routes: { method: string; path: RegExp; run(call: Call): Answer }[] = [
  { method: 'POST', path: /^\/orders$/, run: startOrder },
  { method: 'GET', path: /^\/orders\/([^/]+)$/, run: readOrder },
  { method: 'PATCH', path: /^\/orders\/([^/]+)\/submit$/, run: (call) => moveOrder(call, 'SUBMITTED') },
  { method: 'PATCH', path: /^\/orders\/([^/]+)\/confirm$/, run: (call) => moveOrder(call, 'CONFIRMED') },
  { method: 'PATCH', path: /^\/orders\/([^/]+)\/cancel$/, run: (call) => moveOrder(call, 'CANCELLED') },
  { method: 'GET', path: /^\/places$/, run: listPlaces },
  { method: 'GET', path: /^\/places\/([^/]+)$/, run: readPlace },
  { method: 'PATCH', path: /^\/places\/([^/]+)\/select$/, run: selectPlace },
  { method: 'PATCH', path: /^\/places\/([^/]+)\/release$/, run: releasePlace },
];

/** Does one call and says what it answers. */
export function answer(provider: Provider, method: string, path: string, query: URLSearchParams, body: Record<string, unknown>): Answer {
  const known = routes.filter((one) => one.path.test(path));
  const route = known.find((one) => one.method === method);
  if (!route) return { status: known.length ? 405 : 404 };
  return route.run({ ...provider, query, body, id: route.path.exec(path)?.[1] ?? '' });
}

function startOrder({ store }: Call): Answer {
  const now = Date.now();
  const order: Order = { id: randomUUID(), status: 'STARTED', started_at: now, updated_at: now, places: 0 };
  store.putOrder(order);
  return { status: 201, body: { order_id: order.id } };
}

function readOrder({ store, id }: Call): Answer {
  const order = store.seen().orders.get(id);
  if (!order) return { status: 404 };
  const { places, ...rest } = order;
  return { status: 200, body: { ...rest, places_count: places } };
}

/** From which state each move may begin. */
const FROM: Record<Exclude<Status, 'STARTED'>, Status[]> = {
  SUBMITTED: ['STARTED'],
  CONFIRMED: ['SUBMITTED'],
  CANCELLED: ['STARTED', 'SUBMITTED'],
};

function moveOrder({ store, id }: Call, to: Exclude<Status, 'STARTED'>): Answer {
  const order = store.truth.orders.get(id);
  if (!order) return { status: 404 };
  if (!FROM[to].includes(order.status) || (to === 'SUBMITTED' && !order.places)) return { status: 409 };
  if (to === 'CANCELLED') for (const place of store.placesOf(id)) store.give(place, null);
  store.putOrder({ ...order, status: to, updated_at: Date.now(), places: to === 'CANCELLED' ? 0 : order.places });
  return { status: 200 };
}

const view = (hall: Hall, index: number, isFree: boolean) => ({
  id: hall.idOf(index),
  row: rowOf(index),
  seat: seatOf(index),
  is_free: isFree,
});

function listPlaces({ store, hall, query }: Call): Answer {
  const [page, size] = [Number(query.get('page') ?? 1), Number(query.get('pageSize') ?? 20)];
  if (!Number.isInteger(page) || page < 1 || !Number.isInteger(size) || size < 1 || size > MOST_PLACES) return { status: 400 };
  const first = Math.min((page - 1) * size, hall.count);
  const { holders } = store.seen();
  const length = Math.min(size, hall.count - first);
  return { status: 200, body: Array.from({ length }, (_, i) => view(hall, first + i, !holders.has(first + i))) };
}

function readPlace({ store, hall, id }: Call): Answer {
  const index = hall.indexOf(id);
  if (index === undefined) return { status: 404 };
  return { status: 200, body: view(hall, index, !store.seen().holders.has(index)) };
}

function selectPlace({ store, hall, id, body }: Call): Answer {
  const index = hall.indexOf(id);
  if (index === undefined) return { status: 404 };
  const order = typeof body.order_id === 'string' ? store.truth.orders.get(body.order_id) : undefined;
  if (!order) return { status: 422 };
  // Also to the order that has it: who lost the first answer is told nothing by the second.
  if (store.truth.holders.has(index) || order.status !== 'STARTED') return { status: 409 };
  store.give(index, order.id);
  store.putOrder({ ...order, updated_at: Date.now(), places: order.places + 1 });
  return { status: 204 };
}

function releasePlace({ store, hall, id, body, takesBack }: Call): Answer {
  const index = hall.indexOf(id);
  if (index === undefined) return { status: 404 };
  const holder = store.truth.holders.get(index);
  if (holder === undefined) return { status: 409 };
  // Whoever names an order means that one's place.
  if (holder === PARTNER || (typeof body.order_id === 'string' && body.order_id !== holder)) return { status: 403 };
  const order = store.truth.orders.get(holder)!;
  if (order.status !== 'STARTED' && !(order.status === 'CONFIRMED' && takesBack())) return { status: 409 };
  store.give(index, null);
  store.putOrder({ ...order, updated_at: Date.now(), places: order.places - 1 });
  return { status: 204 };
}
