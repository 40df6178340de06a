// client.events: the capacity of your events, their settings, and figures of their registrations.
import type { Transport } from './transport';
import type { CallOptions, Capacity, EventSettings, EventSettingsChange, RegistrationStats } from './types';

export class Events {
  readonly #call: Transport;

  constructor(call: Transport) {
    this.#call = call;
  }

  capacity(eventId: string, options?: CallOptions): Promise<Capacity> {
    return this.#call('getCapacity', { path: { eventId } }, options);
  }

  /** Changes capacity, waitlist or deadline, and answers with all of them. What is left out stays as it is. */
  settings(eventId: string, change: EventSettingsChange, options?: CallOptions): Promise<EventSettings> {
    return this.#call('updateEventSettings', { path: { eventId }, body: change }, options);
  }

  stats(eventId: string, options?: CallOptions): Promise<RegistrationStats> {
    return this.#call('getStats', { path: { eventId } }, options);
  }
}
