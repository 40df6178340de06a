// The claim's statements as they are run: the text is made once for all requests of a shape, which have the same parts and as many places.
import type { Kysely, RawBuilder, Transaction } from 'kysely';
import { prepared } from '../../../db/prepared.ts';
import type { DB } from '../../../db/tables.ts';
import type { Asked, Value, Wanted } from './request.ts';

type Run<R> = (db: Kysely<DB> | Transaction<DB>, values: Record<string, unknown>) => Promise<R[]>;

/** The request with each of its values put through `put`, in an order that is its shape's. */
function each(w: Wanted, put: <T>(value: T) => Value<T>): Asked {
  const { terms: t } = w;
  const optional = <T>(value: T | undefined) => (value === undefined ? undefined : put(value));
  return {
    accountId: put(w.accountId),
    eventId: put(w.eventId),
    orderId: optional(w.orderId),
    into: optional(w.into),
    places: w.places.map((id) => put(id)),
    offers: w.offers.map(({ offerId, quantity }) => ({ offerId: put(offerId), quantity: put(quantity) })),
    count: put(w.count),
    terms: {
      mostAtOnce: t.mostAtOnce,
      forWaiter: t.forWaiter,
      complimentary: t.complimentary,
      holdSeconds: put(t.holdSeconds),
      maxPlaces: put(t.maxPlaces),
      maxPerAccount: optional(t.maxPerAccount),
      maxOpen: optional(t.maxOpen),
      feeBasisPoints: optional(t.feeBasisPoints || undefined),
      acceptsEqualPlace: put(t.acceptsEqualPlace ?? false),
      codePrefix: put(t.codePrefix ?? null),
      buyer: { name: put(t.buyer?.name ?? null), email: put(t.buyer?.email ?? null), phone: put(t.buyer?.phone ?? null) },
      notes: put(t.notes ?? null),
      participant: t.participant && { ref: put(t.participant.ref), details: put(t.participant.details) },
    },
  };
}

/**
 * A statement of several shapes. The shape is the request without its values, so whatever else shapes the text is in it by itself. There are as
 * many as there are numbers of places an order may have, times what APIs ask for.
 */
export function shaped<R>(build: (w: Asked) => RawBuilder<R>): (db: Kysely<DB> | Transaction<DB>, w: Wanted) => Promise<R> {
  const shapes = new Map<string, Run<R>>();

  return async (db, w) => {
    const values: Record<string, unknown> = {};
    let n = 0;
    const shape = JSON.stringify(
      each(w, (value) => {
        values[n++] = value;
        return '' as never;
      }),
    );
    let run = shapes.get(shape);
    if (!run) {
      run = prepared<Record<string, unknown>>()((slots) => {
        let i = 0;
        return build(each(w, <T>() => slots[i++] as RawBuilder<T>));
      });
      shapes.set(shape, run);
    }
    return (await run(db, values))[0]!;
  };
}
