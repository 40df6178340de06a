// What every operation works on: the rows, the switches, the request that asked; and how it announces what it did.
import { type Faults, takeCopies } from './faults.ts';
import type { Delivery, Store } from './store.ts';
import { apiVersion, type EventRow, newId, seconds, type WireObject } from './wire.ts';

export interface Scene {
  store: Store;
  /** One object for the life of the stand-in, its fields changed by `/_standin/faults`. */
  faults: Faults;
  /** Deliveries the courier has not seen yet. */
  outbox: Delivery[];
  /** The types of events that are delivered; undefined: all. */
  wanted: readonly string[] | undefined;
  /** Named in the events it causes. Empty for what the bank does on its own. */
  request: { id: string | null; idempotency_key: string | null };
}

/** Writes the event and its delivery in the same commit as the change it speaks of: the outbox a receiver may rely on. */
export function emit(scene: Scene, type: EventRow['type'], object: WireObject, previous?: Record<string, unknown>): void {
  const wanted = scene.wanted?.includes(type) ?? true;
  const event: EventRow = {
    id: newId('evt'),
    object: 'event',
    api_version: apiVersion,
    created: seconds(),
    data: { object, ...(previous && { previous_attributes: previous }) },
    livemode: false,
    pending_webhooks: wanted ? 1 : 0,
    request: scene.request,
    type,
  };
  scene.store.put('events', event);
  if (!wanted) return;
  const copies = takeCopies(scene.faults);
  const delivery: Delivery = {
    id: event.id,
    event: event.id,
    status: copies === 0 ? 'dropped' : 'pending',
    attempts: 0,
    copies: copies || 1,
    received: 0,
    next_at: Date.now() + scene.faults.delayWebhooksMs,
    after: null,
    held: scene.faults.reorderWebhooks,
    last_status: null,
    last_error: null,
    delivered_at: null,
  };
  scene.store.put('deliveries', delivery);
  scene.outbox.push(delivery);
}
