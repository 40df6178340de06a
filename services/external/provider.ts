// The Event Provider, whose the places of external events are, as its API has it: `/api/partners/v1`.
import { DomainError } from '../shared/errors.ts';

export type ProviderStatus = 'STARTED' | 'SUBMITTED' | 'CONFIRMED' | 'CANCELLED';
export type ProviderPlace = { id: string; row: number; seat: number; isFree: boolean };

/** What a call came to. `refused`: its state or somebody else stands in the way. `unknown`: there is no such order or place, or it is none of ours. */
export type Told = 'done' | 'refused' | 'unknown';

/**
 * Every call may be repeated. What it reads may be some tens of milliseconds behind what was written.
 * @throws DomainError unavailable: no answer, or none that says what happened. It may have taken effect, now or later.
 */
export type EventProvider = {
  /** Starts an order and returns its id. */
  start(): Promise<string>;
  /** Undefined: there is none, or none yet. */
  order(ref: string): Promise<{ status: ProviderStatus; places: number } | undefined>;
  move(ref: string, to: 'submit' | 'confirm' | 'cancel'): Promise<Told>;
  select(ref: string, placeId: string): Promise<Told>;
  release(ref: string, placeId: string): Promise<Told>;
  /** Undefined: there is no such place. */
  isFree(placeId: string): Promise<boolean | undefined>;
  /** A page of at most 1,000, counted from 1; empty past the last one. */
  places(page: number): Promise<ProviderPlace[]>;
};

export const PAGE_SIZE = 1_000;

/** Opens the provider at this base URL; undefined without one. */
export function eventProvider({ url, timeoutMs }: { url: string | undefined; timeoutMs: number }): EventProvider | undefined {
  if (!url) return undefined;
  const base = `${url.replace(/\/$/, '')}/api/partners/v1`;

  async function call(method: string, path: string, body?: object): Promise<{ status: number; body: any }> {
    const failed = (why: unknown) =>
      new DomainError('unavailable', `The event provider does not answer ${method} ${path.split('/')[1]}: ${why}`);
    try {
      const answer = await fetch(base + path, {
        method,
        signal: AbortSignal.timeout(timeoutMs),
        ...(body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
      });
      const text = await answer.text();
      if (answer.status >= 500 || answer.status === 429) throw failed(answer.status);
      return { status: answer.status, body: text ? JSON.parse(text) : undefined };
    } catch (error) {
      throw error instanceof DomainError ? error : failed(error instanceof Error ? error.message : error);
    }
  }

  /** A write that answers nothing but whether it was done. */
  async function write(path: string, body?: object): Promise<Told> {
    const { status } = await call('PATCH', path, body);
    if (status === 200 || status === 204) return 'done';
    return status === 409 ? 'refused' : 'unknown';
  }

  return {
    async start() {
      const { status, body } = await call('POST', '/orders');
      if (status === 201 && typeof body?.order_id === 'string') return body.order_id;
      throw new DomainError('unavailable', `The event provider starts no order: it answers ${status}.`);
    },
    async order(ref) {
      const { status, body } = await call('GET', `/orders/${ref}`);
      return status === 200 ? { status: body.status, places: body.places_count } : undefined;
    },
    move: (ref, to) => write(`/orders/${ref}/${to}`),
    select: (ref, id) => write(`/places/${id}/select`, { order_id: ref }),
    release: (ref, id) => write(`/places/${id}/release`, { order_id: ref }),
    async isFree(id) {
      const { status, body } = await call('GET', `/places/${id}`);
      return status === 200 ? body.is_free : undefined;
    },
    async places(page) {
      const { status, body } = await call('GET', `/places?page=${page}&pageSize=${PAGE_SIZE}`);
      if (status !== 200) throw new DomainError('unavailable', `The event provider lists no places: it answers ${status}.`);
      return body.map((p: { id: string; row: number; seat: number; is_free: boolean }) => ({
        id: p.id,
        row: p.row,
        seat: p.seat,
        isFree: p.is_free,
      }));
    },
  };
}
