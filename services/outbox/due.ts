// What a relay has to do now, in one cheap question, so that a system with nothing to do pays for one statement and not for each lane's.
import { sql } from 'kysely';
import { prepared } from '../../db/prepared.ts';

/** Whether there is anything to take: for the outbox's two lanes, and among the deliveries to webhooks. */
export type Due = { rest: boolean; starts: boolean; webhooks: boolean };

/** Looks what is due. The limit is a parameter because only a statement with parameters is prepared (db/connect.ts). */
const look = prepared<{ one: number }>()(
  ({ one }) => sql<Due>`select
    exists(select from outbox where topic <> 'order.created' and available_at <= now()) as rest,
    exists(select from outbox where topic = 'order.created' and available_at <= now()) as starts,
    exists(select from webhook_deliveries where hand_at <= now()) as webhooks limit ${one}`,
);

/** @returns what a relay should take now; another relay may be quicker. */
export async function due(db: Parameters<typeof look>[0]): Promise<Due> {
  return (await look(db, { one: 1 }))[0]!;
}
