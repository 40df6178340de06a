// An event whose places are the Event Provider's, and that provider's stand-in with its switches, its other partners and its books.
import { randomBytes } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { create } from '../../services/events/eventCreation.ts';
import { sync } from '../../services/events/externalSync.ts';
import { type EventProvider, eventProvider } from '../../services/external/provider.ts';
import { startEventProvider } from '../../standins/event-provider/standin.ts';
import { call } from './client.ts';

export type AtProvider = { id: string; status: string; places: string[] };
export type ExternalWorld = Awaited<ReturnType<typeof startExternal>>;

/** A published external event without its places, which come by a sync. */
export const externalEvent = (db: Kysely<DB>) => {
  const startsAt = new Date(Date.now() + 30 * 86_400_000);
  return create(
    db,
    {
      ...{ organizerId: null, name: `Star ${randomBytes(4).toString('hex')}`, description: 'made by a test', venueId: null },
      ...{ startsAt, endsAt: new Date(startsAt.getTime() + 3_600_000), currency: 'KZT', status: 'published' as const },
      ...{ sections: [], external: true },
    },
    {},
  );
};

/** The stand-in as its operators and other partners see it. */
export function atProvider(url: string) {
  const post = async (path: string, body: object) => {
    const answer = await call(url, 'POST', `/_standin/${path}`, { body });
    if (answer.status !== 200) throw new Error(`the stand-in answers ${path} with ${answer.status}: ${JSON.stringify(answer.body)}`);
  };
  return {
    faults: (switches: object) => post('faults', switches),
    calm: () => post('reset', {}),
    take: (place: string) => post('take', { place }),
    free: (place: string) => post('free', { place }),
    cancel: (order: string) => post('cancel', { order }),
    orders: async (): Promise<AtProvider[]> => (await call(url, 'GET', '/_standin/orders')).body,
  };
}

/** An event and a stand-in of its own with `places` places, in a database of the test's. */
export async function startExternal(db: Kysely<DB>, { places = 300, timeoutMs = 300 } = {}) {
  const standin = await startEventProvider({ port: 0, places, realm: randomBytes(4).toString('hex') });
  const provider = eventProvider({ url: standin.url, timeoutMs })!;
  const event = await externalEvent(db);
  await sync(db, provider, event);
  const rows = await db
    .selectFrom('places')
    .select(['id', 'external_id'])
    .where('event_id', '=', event)
    .orderBy('row_index')
    .orderBy('seat_index')
    .execute();

  return {
    ...atProvider(standin.url),
    url: standin.url,
    provider: provider as EventProvider,
    event,
    /** In the order of the hall: our id and the provider's. */
    places: rows.map((row) => ({ id: row.id, externalId: row.external_id! })),
    /** What our rows say of an order's provider's order. */
    row: (orderId: string) => db.selectFrom('external_orders').selectAll().where('order_id', '=', orderId).executeTakeFirst(),
    /** What readers see of a place: free, held, sold, or sold elsewhere. */
    async seen(placeId: string): Promise<string> {
      const { rows: found } = await sql<{
        seen: string;
      }>`select case when sold_at is not null then case when order_id is null then 'elsewhere' else 'sold' end
        when order_id is null or held_until <= now() then 'free' else 'held' end as seen from places where id = ${placeId}::uuid`.execute(
        db,
      );
      return found[0]!.seen;
    },
    close: () => standin.close(),
  };
}
