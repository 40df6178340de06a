// One small event on a real database, what people do to it, and its rows as the waitlist's model sees them.

import { type Kysely, OperationNodeTransformer, type RawNode, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { cancel } from '../../services/orders/cancel.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import * as orders from '../../services/orders/orders.ts';
import { settle } from '../../services/orders/settlement.ts';
import * as waitlist from '../../services/waitlist/waitlist.ts';
import { serve } from '../../services/waitlist/waitlistOffers.ts';
import { as, wish } from './claims.ts';
import { show } from './made.ts';
import { OFFER_TERMS } from './offerTerms.ts';
import { TICKET_KEYS } from './ticketKeys.ts';

export const TIERS = { A: 3, B: 2 } as const;
export type Tier = keyof typeof TIERS;
export const PEOPLE = 6;

/** What people and time do. `at` picks one of the live orders there are (modulo their number). */
export type Deed =
  | { kind: 'join'; who: number; quantity: number; tier: Tier | null }
  | { kind: 'leave' | 'look'; who: number }
  | { kind: 'claim'; who: number; quantity: number; tier: Tier }
  | { kind: 'cancel' | 'pay' | 'lapse' | 'expire'; at: number }
  | { kind: 'serve' };

export type Waiter = { id: string; order: string; who: number; quantity: number; tier: Tier | null };
export type Live = { id: string; who: number; paid: boolean; places: Tier[] };
/**
 * The rows, by the clock: who waits (in order), which orders hold or own places, which of them are offers, what is free. `twice` counts
 * places in two live orders, `astray` entries that are in line although their order does not wait or the other way about, and waiting
 * orders without an entry.
 */
export type Sight = {
  line: Waiter[];
  live: Live[];
  offers: Map<string, string>;
  free: Record<Tier, number>;
  twice: number;
  astray: number;
};

export type World = Awaited<ReturnType<typeof openWorld>>;

/** A new event for one run; the people are shared by all runs. */
export async function openWorld(db: Kysely<DB>, people: string[]) {
  const section = (name: Tier) => ({ name, rows: ['1'], seatsPerRow: TIERS[name], priceMinor: 1000 });
  const { id: eventId } = await show(db, { sections: [section('A'), section('B')] });
  const offers = await db.selectFrom('offers').select(['id', 'name']).where('event_id', '=', eventId).execute();
  const offerId = (tier: Tier) => offers.find((o) => o.name === tier)!.id;

  async function see(): Promise<Sight> {
    const [line, live, offered, free, twice, astray] = await Promise.all([
      sql<
        Omit<Waiter, 'who'> & { account: string }
      >`select w.id, w.order_id as order, w.account_id as account, w.quantity, f.name as tier from waitlist_entries w
        join orders o on o.id = w.order_id left join offers f on f.id = w.offer_id where w.event_id = ${eventId} and o.status = 'waiting' order by w.seq`.execute(
        db,
      ),
      sql<Omit<Live, 'who'> & { account: string }>`select o.id, o.account_id as account, o.status = 'confirmed' as paid,
          array(select f.name from order_items i join offers f on f.id = i.offer_id where i.order_id = o.id order by f.name) as places
        from orders o where o.event_id = ${eventId} and (o.status = 'confirmed' or (o.status = 'pending' and o.expires_at > now())) order by o.created_at, o.number`.execute(
        db,
      ),
      sql<{
        order_id: string;
        id: string;
      }>`select order_id, id from waitlist_entries where event_id = ${eventId} and offered_at is not null`.execute(db),
      sql<{ tier: Tier; count: number }>`select f.name as tier, count(*)::int from places p join offers f on f.id = p.offer_id
        where p.event_id = ${eventId} and p.sold_at is null and (p.order_id is null or p.held_until <= now()) group by f.name`.execute(db),
      sql<{ count: number }>`select count(*)::int from (select i.place_id from order_items i join orders o on o.id = i.order_id
        where o.event_id = ${eventId} and (o.status = 'confirmed' or (o.status = 'pending' and o.expires_at > now()))
        group by i.place_id having count(*) > 1) t`.execute(db),
      sql<{ count: number }>`select count(*)::int from orders o full join waitlist_entries w on w.order_id = o.id
        where o.event_id = ${eventId} and coalesce(w.in_line, false) is distinct from (o.status = 'waiting')`.execute(db),
    ]);
    const who = ({ account, ...rest }: { account: string }) => ({ ...rest, who: people.indexOf(account) });
    return {
      line: line.rows.map(who) as Waiter[],
      live: live.rows.map(who) as Live[],
      offers: new Map(offered.rows.map((r) => [r.order_id, r.id])),
      free: { A: 0, B: 0, ...Object.fromEntries(free.rows.map((r) => [r.tier, r.count])) },
      twice: twice.rows[0]!.count,
      astray: astray.rows[0]!.count,
    };
  }

  /** Does it, on the product's own functions; answers with what came of it, or the code of the refusal. */
  async function act(deed: Deed, live: Live[]): Promise<string> {
    const order = 'at' in deed ? live[deed.at % Math.max(1, live.length)] : undefined;
    if ('at' in deed && !order) return 'none';
    const account = 'who' in deed ? people[deed.who]! : '';
    try {
      switch (deed.kind) {
        case 'join': {
          const { quantity, tier } = deed;
          const notify = { email: true, sms: false };
          const request = { accountId: account, eventId, quantity, tier: tier ?? undefined, notify, maxPlaces: 5, smsAvailable: true };
          const { entry, created } = await waitlist.join(db, request);
          return `${created ? 'joined' : 'known'} ${entry.id} ${entry.position}`;
        }
        case 'leave':
        case 'look': {
          const mine = await db
            .selectFrom('waitlist_entries')
            .select('id')
            .where('event_id', '=', eventId)
            .where('account_id', '=', account)
            .orderBy('seq', 'desc')
            .executeTakeFirst();
          if (!mine) return 'none';
          if (deed.kind === 'leave') await waitlist.leave(db, mine.id, account);
          return (await waitlist.findOwn(db, mine.id, account)).status;
        }
        case 'claim': {
          const wanted = [{ offerId: offerId(deed.tier), quantity: deed.quantity }];
          return `claimed ${(await claim(db, wish(account, eventId, { offers: wanted }))).id}`;
        }
        case 'cancel':
          await cancel(db, order!.id, as(people[order!.who]!), { reason: 'model' });
          return 'cancelled';
        case 'pay':
          await sql`insert into payments (order_id, provider, provider_ref, amount_minor, currency, status, succeeded_at)
            select id, 'model', gen_random_uuid()::text, total_minor, currency, 'succeeded', now() from orders where id = ${order!.id}
              and not exists (select from payments where order_id = ${order!.id})`.execute(db);
          return await settle(db, order!.id, TICKET_KEYS);
        case 'lapse': // the hold's time is over and no worker has noticed
          await sql`with o as (update orders set expires_at = now() - interval '1 second' where id = ${order!.id} and status = 'pending' returning id)
            update places p set held_until = now() - interval '1 second' from o where p.order_id = o.id and p.sold_at is null`.execute(db);
          return 'lapsed';
        case 'expire':
          await act({ ...deed, kind: 'lapse' }, live);
          return await orders.expire(db, order!.id, new Date());
        case 'serve':
          return `served ${(await serve(db, eventId, OFFER_TERMS)).offered}`;
      }
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
  }
  return { see, act };
}

/** The same database, with some words of the product's SQL replaced: how the proof takes a guard out. Throws if a word was never met. */
export function mutated(db: Kysely<DB>, changes: [from: string, to: string][]): { db: Kysely<DB>; met: Set<string> } {
  const met = new Set<string>();
  const swap = (fragment: string) =>
    changes.reduce((text, [from, to]) => {
      if (text.includes(from)) met.add(from);
      return text.replaceAll(from, to);
    }, fragment);
  class Swap extends OperationNodeTransformer {
    protected override transformRaw(node: RawNode): RawNode {
      const made = super.transformRaw(node);
      return { ...made, sqlFragments: made.sqlFragments.map(swap) };
    }
  }
  const transformer = new Swap();
  const plugin = { transformQuery: ({ node }: any) => transformer.transformNode(node), transformResult: async ({ result }: any) => result };
  return { db: db.withPlugin(plugin), met };
}
