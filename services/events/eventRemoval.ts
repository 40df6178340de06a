// Taking an event away altogether: only one that nobody ever ordered anything of.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import type { Manager } from '../accounts/actor.ts';
import { despiteDeadlocks } from '../shared/deadlocks.ts';
import { DomainError } from '../shared/errors.ts';
import { checkManager, named } from './events.ts';
import { dropUnused } from './eventVenues.ts';

/**
 * Deletes the event with what it sells. With orders it stays, for they are somebody's history: it can be cancelled.
 * @throws DomainError event_not_found | forbidden | event_fixed
 */
export async function remove(db: Kysely<DB>, idOrSlug: string, by: Manager): Promise<void> {
  const work = async (tx: Transaction<DB>) => {
    const { rows } = await sql<{ id: string; organizer_id: string | null; venue_id: string | null }>`
      select e.id, e.organizer_id, e.venue_id from events e where ${named(idOrSlug)} for update`.execute(tx);
    const event = rows[0];
    if (!event) throw new DomainError('event_not_found', 'Event does not exist.', { eventId: idOrSlug });
    checkManager(event, by);
    const found = await sql<{ orders: number }>`select count(*)::int as orders from orders where event_id = ${event.id}::uuid`.execute(tx);
    const { orders } = found.rows[0]!;
    if (orders) {
      const message = `There have been ${orders} order(s) of this event: it can be cancelled, but not deleted.`;
      throw new DomainError('event_fixed', message, { fields: { status: message }, because: 'ordered', orders });
    }
    await sql`delete from event_notices where event_id = ${event.id}::uuid`.execute(tx);
    await sql`delete from events where id = ${event.id}::uuid`.execute(tx);
    await dropUnused(tx, event.venue_id);
  };
  await despiteDeadlocks(() => db.transaction().execute(work));
}
