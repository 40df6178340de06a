// Messages that will never arrive, for operators: who has to be told another way.
import { type Kysely, type RawBuilder, sql } from 'kysely';
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

/** The newest first, at most `limit`; `after` goes on behind the message of that id. Many are given up in the same moment, so a time would skip some. */
export async function undelivered(db: Kysely<DB>, { limit, after }: { limit: number; after?: string }): Promise<Undelivered[]> {
  const { rows } = await sql<Undelivered>`
    with seen as (
      select refused_at as at, id from mails where id = ${after ?? null}::uuid
      union all select failed_at, id from texts where id = ${after ?? null}::uuid)
    select * from (
      (select m.id, 'mail' as channel, m.kind, m.recipient, m.order_id as "orderId", coalesce(m.refusal, '') as reason, m.refused_at as at
        from mails m where m.refused_at is not null and ${isBehind(sql`m.refused_at, m.id`, after)} order by m.refused_at desc, m.id desc limit ${limit})
      union all
      (select t.id, 'text', t.kind, t.recipient, t.order_id, coalesce(t.refusal, ''), t.failed_at
        from texts t where t.failed_at is not null and ${isBehind(sql`t.failed_at, t.id`, after)} order by t.failed_at desc, t.id desc limit ${limit})) lost
    order by at desc, id desc limit ${limit}`.execute(db);
  return rows;
}

const isBehind = (row: RawBuilder<unknown>, after: string | undefined): RawBuilder<boolean> =>
  after ? sql<boolean>`(${row}) < (select at, id from seen)` : sql<boolean>`true`;
