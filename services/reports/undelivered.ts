// Messages that will never arrive, for operators: who has to be told another way.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';

export type Undelivered = {
  id: string;
  channel: 'mail' | 'text';
  kind: string;
  recipient: string;
  orderId: string | null;
  /** Why, in the words of who refused it. */
  reason: string;
  at: Date;
};

/** The newest first, at most `limit`; `before` is the time of the last one seen. */
export async function undelivered(db: Kysely<DB>, { limit, before }: { limit: number; before?: Date }): Promise<Undelivered[]> {
  const until = before ? sql`${before}::timestamptz` : sql`'infinity'::timestamptz`;
  const { rows } = await sql<Undelivered>`
    select * from (
      (select id, 'mail' as channel, kind, recipient, order_id as "orderId", coalesce(refusal, '') as reason, refused_at as at
        from mails where refused_at < ${until} order by refused_at desc, id limit ${limit})
      union all
      (select id, 'text', kind, recipient, order_id, coalesce(refusal, ''), failed_at
        from texts where failed_at < ${until} order by failed_at desc, id limit ${limit})) lost
    order by at desc, id limit ${limit}`.execute(db);
  return rows;
}
