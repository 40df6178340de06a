// Workflows: an order that is owed something has a running one, an order with nothing left to do has none.
import { type RawBuilder, sql } from 'kysely';
import { isBehind } from '../../orders/aligning.ts';
import { isOwed } from '../../outbox/mails.ts';
import { allReturned } from '../../payments/refunds.ts';
import { isOpen, isSuspect } from '../../payments/states.ts';
import { isUuid } from '../../shared/ids.ts';
import { type Check, collect, cut, type Look, readOnly } from './check.ts';

/** What the check asks of the engine. Orders are named by their ids. */
export type Workflows = {
  /** The orders whose workflow has been running since before that moment, a page at a time. May lag a little. */
  running(since: Date): AsyncIterable<string[]>;
  /** Those of the orders whose workflow runs, asked of the list: cheap, and may lag a little. */
  listed(orderIds: string[]): Promise<Set<string>>;
  /** Those of the orders whose workflow runs, asked one by one: certain. */
  certain(orderIds: string[]): Promise<Set<string>>;
};

const PAGE = 200;

/** What an order's workflow sees to, each part a statement of the orders that have had it since before `moment`. A new duty is a new part. */
const duties = (moment: RawBuilder<Date>): Record<string, RawBuilder<{ order_id: string }>> => ({
  'the end of its hold': sql`select id as order_id from orders where status = 'pending' and created_at < ${moment}`,
  'an attempt to pay': sql`select a.order_id from payment_attempts a join orders e on e.id = a.order_id
    where e.status = 'pending' and a.decided_at is null and a.begun_at < ${moment}`,
  'money to settle': sql`select order_id from payments where status = 'succeeded' and settled_at is null and succeeded_at < ${moment}`,
  'a payment to close': sql`select y.order_id from payments y join orders e on e.id = y.order_id
    where ${isOpen} and e.status <> 'pending' and e.ended_at < ${moment}`,
  'a payment to ask about': sql`select y.order_id from payments y where ${isSuspect} and coalesce(y.contradicted_at, y.updated_at) < ${moment}`,
  'the provider of its places': sql`select o.id as order_id from events e join orders o on o.event_id = e.id
    where e.external and o.created_at < ${moment} and ${isBehind}`,
  'tickets whose money went back': sql`select o.id as order_id from refunds r join orders o on o.id = r.order_id
    where o.status = 'confirmed' and r.created_at < ${moment} and ${allReturned}`,
  'a refund to make': sql`select order_id from refunds where status = 'pending' and created_at < ${moment}`,
  'a mail to send': sql`select order_id from mails where ${isOwed('mails')} and order_id is not null and created_at < ${moment}`,
});

const owed = (moment: RawBuilder<Date>) =>
  sql.join(
    Object.entries(duties(moment)).map(([what, orders]) => sql`select d.order_id, ${sql.lit(what)} as what from (${orders}) d`),
    sql` union all `,
  );

/** The order (alias `o`) has just changed, or a message to its workflow waits, or an attempt to pay is with the provider although it is over. */
const underWay = (moment: RawBuilder<Date>) => sql`(
  exists (select from outbox b where b.subject_id = o.id)
  or exists (select from payment_attempts a where a.order_id = o.id and a.begun_at is not null and a.decided_at is null)
  or greatest(o.created_at, o.confirmed_at, o.ended_at,
    (select max(y.updated_at) from payments y where y.order_id = o.id), (select max(y.settled_at) from payments y where y.order_id = o.id),
    (select x.updated_at from external_orders x where x.order_id = o.id),
    (select max(a.decided_at) from payment_attempts a where a.order_id = o.id),
    (select max(r.updated_at) from refunds r where r.order_id = o.id), (select max(coalesce(m.sent_at, m.refused_at)) from mails m where m.order_id = o.id)) > ${moment})`;

/** Orders with something left to do whose workflow does not run. Each doubt costs a call of the engine: the search ends when the list is full. */
export const forsaken = (workflows: Workflows): Check => ({
  name: 'workflows/forsaken',
  async run(look) {
    const notes = collect('workflows/forsaken', look);
    for (let after: string | undefined = '00000000-0000-0000-0000-000000000000'; after && !notes.full(); ) {
      const { ids, next } = await page(look, after);
      notes.looked(ids.length);
      const listed = await workflows.listed(ids);
      const doubtful = ids.filter((id) => !listed.has(id));
      const running = await workflows.certain(doubtful);
      // Some may have ended between our question to the database and the one to the engine.
      const still = await open(
        look,
        doubtful.filter((id) => !running.has(id)),
      );
      for (const { id, event_id, status, what } of still)
        notes.add(id, [id, event_id], `order ${id} is ${status} and its workflow does not run, which has to see to ${what.join(' and ')}`);
      after = next;
    }
    return notes.seen;
  },
});

async function page(look: Look, after: string): Promise<{ ids: string[]; next: string | undefined }> {
  const { rows } = await readOnly(look.db, look.seconds, (tx) =>
    sql<{ id: string }>`select distinct o.id from (${owed(cut(look.grace))}) d join orders o on o.id = d.order_id
      where o.id > ${after}::uuid and not array[o.id, o.event_id] && ${look.leaveOut}::uuid[] order by o.id limit ${PAGE}`.execute(tx),
  );
  const ids = rows.map((row) => row.id);
  return { ids, next: ids.length === PAGE ? ids.at(-1) : undefined };
}

type Open = { id: string; event_id: string; status: string; what: string[] };

async function open(look: Look, ids: string[]): Promise<Open[]> {
  if (!ids.length) return [];
  const { rows } = await readOnly(look.db, look.seconds, (tx) =>
    sql<Open>`select o.id, o.event_id, o.status, array_agg(distinct d.what) as what
      from orders o join (${owed(cut(look.grace))}) d on d.order_id = o.id
      where o.id = any(${ids}::uuid[]) and not exists (select from outbox b where b.subject_id = o.id) group by o.id`.execute(tx),
  );
  return rows;
}

/** Workflows that run although their order has nothing left to do, or is not there. */
export const idle = (workflows: Workflows): Check => ({
  name: 'workflows/idle',
  async run(look) {
    const notes = collect('workflows/idle', look);
    for await (const ids of workflows.running(new Date(Date.now() - look.grace * 1000))) {
      notes.looked(ids.length);
      const doubtful = await closed(look, ids.filter(isUuid));
      const running = await workflows.certain(doubtful.map((order) => order.id));
      for (const { id, event_id, status } of doubtful)
        if (running.has(id))
          notes.add(
            id,
            [id, event_id],
            `the workflow of order ${id} runs, but ${status ? `the order is ${status} and nothing is left to do` : 'there is no such order'}`,
          );
    }
    return notes.seen;
  },
});

async function closed(look: Look, ids: string[]): Promise<{ id: string; event_id: string | null; status: string | null }[]> {
  if (!ids.length) return [];
  const moment = cut(look.grace);
  const { rows } = await readOnly(look.db, look.seconds, (tx) =>
    sql<{ id: string; event_id: string | null; status: string | null }>`
      select u.id::text, o.event_id, o.status from unnest(${ids}::uuid[]) as u (id) left join orders o on o.id = u.id
      where o.id is null or not (${underWay(moment)} or exists (select from (${owed(sql`'infinity'::timestamptz`)}) d where d.order_id = o.id))`.execute(
      tx,
    ),
  );
  return rows;
}
