// One small hackathon on a real database, what its organizer's programs do to it, and its rows as the participants' model sees them.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import * as rooms from '../../services/events/room.ts';
import { attendance } from '../../services/reports/attendance.ts';
import { enrol, hackathon, outcome, promote, revise, withdraw } from './hackathon.ts';

/** What each type can sell at most; together more than the event ever has room for. */
export const CAPS = { standard: 3, premium: 2, team: 4 } as const;
export type Type = keyof typeof CAPS;
export const TYPES = Object.keys(CAPS) as Type[];
export const PEOPLE = 8;

export type Deed =
  | { kind: 'enrol' | 'revise'; who: number; type: Type }
  | { kind: 'withdraw'; who: number }
  | { kind: 'resize'; total: number }
  | { kind: 'waitlist'; on: boolean }
  | { kind: 'serve' };

export type Live = { who: number; number: number; type: Type; since: string };

/**
 * The rows: who has a place, who waits (in order), how many places there are and are free, and how many slots of each type. `wrong` has a
 * line for each thing that may never be so.
 */
export type Sight = {
  confirmed: Live[];
  line: Live[];
  places: { total: number; free: number };
  slots: Record<Type, number>;
  waitlist: boolean;
  wrong: string[];
};

/** A new event for one run. */
export async function openWorld(db: Kysely<DB>, total: number) {
  const event = await hackathon(db, { total, types: CAPS, waitlist: true });
  const latest = async (who: number) =>
    db
      .selectFrom('orders')
      .select('number')
      .where('event_id', '=', event.id)
      .where('participant_ref', '=', `p-${who}`)
      .orderBy('number', 'desc')
      .executeTakeFirst();

  const changed = (changes: rooms.Changes) => rooms.change(db, event.by.id, event.id, changes).then(() => ({ status: 'changed' }));

  /** Does it, on the product's own functions; answers with what came of it, or the code of the refusal. */
  async function act(deed: Deed): Promise<string> {
    const details = { teamName: 'A' };
    switch (deed.kind) {
      case 'enrol':
        return outcome(enrol(db, event, `p-${deed.who}`, { offer: deed.type, details }));
      case 'revise':
      case 'withdraw': {
        const one = await latest(deed.who);
        if (!one) return 'none';
        return outcome(deed.kind === 'revise' ? revise(db, event, one, { offer: deed.type }) : withdraw(db, event, one));
      }
      case 'resize':
        return outcome(changed({ total: deed.total }));
      case 'waitlist':
        return outcome(changed({ waitlist: deed.on }));
      case 'serve':
        return promote(db, event).then(
          ({ offered }) => `served ${offered}`,
          (error) => String(error),
        );
    }
  }

  async function see(): Promise<Sight> {
    const alive = (status: 'confirmed' | 'waiting') =>
      sql<Live>`
      select substr(o.participant_ref, 3)::int as who, o.number, f.name as type, o.id as since from orders o
      left join order_items i on i.order_id = o.id left join waitlist_entries w on w.order_id = o.id join offers f on f.id = coalesce(i.offer_id, w.offer_id)
      where o.event_id = ${event.id}::uuid and o.status = ${status}::order_status order by w.seq nulls first, o.number`.execute(db);
    const [confirmed, line, places, slots, room, wrong] = await Promise.all([
      alive('confirmed'),
      alive('waiting'),
      sql<
        Sight['places']
      >`select count(*)::int as total, count(*) filter (where p.sold_at is null)::int as free from places p join offers f on f.id = p.offer_id
        where p.event_id = ${event.id}::uuid and f.is_active`.execute(db),
      sql<{
        type: Type;
        free: number;
      }>`select f.name as type, count(*) filter (where s.sold_at is null)::int as free from slots s join offers f on f.id = s.offer_id
        where f.event_id = ${event.id}::uuid group by f.name`.execute(db),
      rooms.find(db, event.by.id, event.id),
      faults(),
    ]);
    return {
      confirmed: confirmed.rows,
      line: line.rows,
      places: places.rows[0]!,
      slots: Object.fromEntries(slots.rows.map((row) => [row.type, row.free])) as Sight['slots'],
      waitlist: room.waitlist,
      wrong,
    };
  }

  /** What may never be so, in words. */
  async function faults(): Promise<string[]> {
    const { rows } = await sql<{ fault: string }>`
      with o as materialized (select * from orders where event_id = ${event.id}::uuid),
      told as materialized (select d.event, d.payload #>> '{data,registrationId}' as registration, count(*) as n from webhook_deliveries d
        where d.payload #>> '{data,eventId}' = ${event.slug} group by 1, 2)
      select 'twice ' || participant_ref as fault from o where status in ('waiting', 'confirmed', 'pending') group by participant_ref having count(*) > 1
      union all select 'pending ' || number from o where status = 'pending'
      union all select 'no place, slot or ticket of its own: ' || o.number from o where status = 'confirmed' and (
        select count(*) from order_items i join places p on p.id = i.place_id and p.order_id = o.id and p.sold_at is not null
          join slots s on s.id = i.slot_id and s.order_id = o.id and s.sold_at is not null and s.offer_id = i.offer_id
          join tickets t on t.order_item_id = i.id and t.voided_at is null and (t.offer_id, t.place_id) = (i.offer_id, i.place_id)
        where i.order_id = o.id) <> 1
      union all select 'a place taken for nobody: ' || p.position from places p where p.event_id = ${event.id}::uuid and p.order_id is not null
        and not exists (select from o join order_items i on i.order_id = o.id where o.id = p.order_id and o.status = 'confirmed' and i.place_id = p.id)
      union all select 'a slot taken for nobody: ' || s.position from slots s join offers f on f.id = s.offer_id and f.event_id = ${event.id}::uuid where s.order_id is not null
        and not exists (select from o join order_items i on i.order_id = o.id where o.id = s.order_id and o.status = 'confirmed' and i.slot_id = s.id)
      union all select 'astray ' || o.number from o left join waitlist_entries w on w.order_id = o.id where coalesce(w.in_line, false) <> (o.status = 'waiting')
      union all select 'told ' || coalesce(n, 0) || ' times that ' || o.number || ' ' || due.event from o cross join lateral (values
          ('registration.created', (o.confirmed_at is not null)::int), ('registration.cancelled', (o.ended_at is not null)::int),
          ('waitlist.added', exists (select from waitlist_entries w where w.order_id = o.id)::int)) due (event, times)
        left join told on told.event = due.event and told.registration = 'reg-' || o.number where coalesce(n, 0) <> due.times`.execute(db);
    return rows.map((row) => row.fault);
  }

  return { event, act, see, figures: () => rooms.figures(db, event.id), stats: () => attendance(db, event.id) };
}

export type World = Awaited<ReturnType<typeof openWorld>>;
