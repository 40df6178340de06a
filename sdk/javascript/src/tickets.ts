// client.tickets: tickets of registrations, shown, checked in, and many at once.
import { pages } from './pages';
import type { Transport } from './transport';
import type { Body, BulkJob, BulkResult, CallOptions, CheckedIn, Query, Ticket } from './types';

const FILES = { png: 'getTicketPng', svg: 'getTicketSvg', pdf: 'getTicketPdf' } as const;

export class Tickets {
  readonly #call: Transport;

  constructor(call: Transport) {
    this.#call = call;
  }

  /** The ticket of a confirmed registration. Asked for again it is the same ticket with the same code. */
  generate(wish: Body<'generateTicket'>, options?: CallOptions): Promise<Ticket> {
    return this.#call('generateTicket', { body: wish }, options);
  }

  /** Checks a ticket in, once; the error's `code` tells why it is refused. */
  validate(scan: Body<'validateTicket'>, options?: CallOptions): Promise<CheckedIn> {
    return this.#call('validateTicket', { body: scan }, options);
  }

  /** One operation on the tickets of many registrations. A job that is still `running` is followed by `bulkStatus`. */
  bulk(operation: Body<'bulkTickets'>, options?: CallOptions): Promise<BulkJob> {
    return this.#call('bulkTickets', { body: operation }, options);
  }

  /** How far a bulk operation is, with one page of its results. */
  bulkStatus(jobId: string, query: Query<'getBulkJob'> = {}, options?: CallOptions): Promise<BulkJob> {
    return this.#call('getBulkJob', { path: { jobId }, query }, options);
  }

  /** All results of a bulk operation; pages are fetched as they are needed. */
  bulkResults(jobId: string, options?: CallOptions): AsyncGenerator<BulkResult, void, undefined> {
    return pages(async (mark) => {
      const page = await this.bulkStatus(jobId, mark === undefined ? {} : { cursor: Number(mark) }, options);
      return { items: page.results, next: page.nextCursor };
    });
  }

  /** The bytes of a ticket's file. */
  file(registrationId: string, kind: keyof typeof FILES, options?: CallOptions): Promise<Uint8Array> {
    if (!Object.hasOwn(FILES, kind)) throw new TypeError(`kind must be one of ${Object.keys(FILES).join(', ')}`);
    return this.#call(FILES[kind], { path: { registrationId } }, options);
  }
}
