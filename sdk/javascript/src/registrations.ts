// client.registrations: participants of your events.
import { pages } from './pages';
import type { Transport } from './transport';
import type { CallOptions, Filter, NewRegistration, Query, Registration, RegistrationChange, RegistrationPage } from './types';

export class Registrations {
  readonly #call: Transport;

  constructor(call: Transport) {
    this.#call = call;
  }

  /** Registers a participant: confirmed with a ticket, or waitlisted where the event is full and has a waitlist. */
  create(registration: NewRegistration, options?: CallOptions): Promise<Registration> {
    return this.#call('createRegistration', { body: registration }, options);
  }

  get(registrationId: string, options?: CallOptions): Promise<Registration> {
    return this.#call('getRegistration', { path: { registrationId } }, options);
  }

  /** Changes the ticket type, the metadata, or both: all of it or nothing. */
  update(registrationId: string, change: RegistrationChange, options?: CallOptions): Promise<Registration> {
    return this.#call('updateRegistration', { path: { registrationId }, body: change }, options);
  }

  cancel(registrationId: string, options?: CallOptions): Promise<Registration> {
    return this.#call('cancelRegistration', { path: { registrationId } }, options);
  }

  /** All registrations that the filter names, the newest first; pages are fetched as they are needed. `limit` is the size of a page. */
  list(filter: Filter<'listRegistrations'> = {}, options?: CallOptions): AsyncGenerator<Registration, void, undefined> {
    return pages(async (cursor) => {
      const page = await this.listPage({ ...filter, cursor }, options);
      return { items: page.registrations, next: page.nextCursor };
    });
  }

  /** One page, and where the next begins. */
  listPage(query: Query<'listRegistrations'> = {}, options?: CallOptions): Promise<RegistrationPage> {
    return this.#call('listRegistrations', { query }, options);
  }
}
