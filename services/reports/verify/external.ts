// External events: our orders and their provider's agree, and nothing is open there that nobody here has.
import { sql } from 'kysely';
import type { EventProvider, ProviderStatus } from '../../external/provider.ts';
import type { State } from '../../external/rows.ts';
import { type Check, collect, cut, type Look, readOnly, rowCheck } from './check.ts';

const PAGE = 200;
const AT_ONCE = 8;

const unconfirmed = rowCheck<{ state: string | null; items: number; had: number }>({
  name: 'external/unconfirmed',
  of: 'external_orders',
  rows: () => sql`
    select o.id as subject, array[o.id, o.event_id] as about, x.state, n.items, n.had
    from events e join orders o on o.event_id = e.id left join external_orders x on x.order_id = o.id cross join lateral (
      select count(*)::int as items, count(y.place_id)::int as had from order_items i
      left join external_places y on y.order_id = i.order_id and y.place_id = i.place_id and y.state = 'selected' where i.order_id = o.id) n
    where e.external and o.status = 'confirmed' and (x.state is distinct from 'confirmed' or n.had < n.items)`,
  says: ({ subject, state, items, had }) =>
    `order ${subject} is confirmed with ${items} place(s); its provider's is ${state ?? 'not there'} with ${had} of them`,
});

const leftOpen = rowCheck<{ status: string; state: string }>({
  name: 'external/left-open',
  of: 'external_orders',
  rows: (before) => sql`
    select o.id as subject, array[o.id, o.event_id] as about, o.status, x.state
    from external_orders x join orders o on o.id = x.order_id
    where x.state in ('started', 'submitted') and o.status in ('cancelled', 'expired') and greatest(o.ended_at, x.updated_at) < ${before}
      and not exists (select from outbox b where b.subject_id = o.id)`,
  says: ({ subject, status, state }) => `order ${subject} is ${status}, but its provider's is ${state}`,
});

const STATES: Record<ProviderStatus, State> = {
  STARTED: 'started',
  SUBMITTED: 'submitted',
  CONFIRMED: 'confirmed',
  CANCELLED: 'cancelled',
};

type Row = { id: string; event_id: string; ref: string; state: State; had: number };

/** Each of the provider's orders that we have opened is there as our rows have it. */
const unlike = (provider: EventProvider): Check => ({
  name: 'external/unlike',
  async run(look) {
    const notes = collect('external/unlike', look);
    for (let after = '00000000-0000-0000-0000-000000000000'; ; ) {
      const rows = await page(look, after);
      notes.looked(rows.length);
      for (let i = 0; i < rows.length; i += AT_ONCE)
        await Promise.all(
          rows.slice(i, i + AT_ONCE).map(async (row) => {
            const fault = await compare(provider, row);
            if (fault) notes.add(row.id, [row.id, row.event_id], fault);
          }),
        );
      if (rows.length < PAGE) return notes.seen;
      after = rows.at(-1)!.id;
    }
  },
});

async function compare(provider: EventProvider, { id, ref, state, had }: Row): Promise<string | undefined> {
  const told = await provider.order(ref);
  if (!told) return state === 'cancelled' ? undefined : `order ${id} is ${state} at its provider, who knows no order ${ref}`;
  if (STATES[told.status] !== state) return `order ${id} is ${state} in our rows, and ${told.status} at its provider`;
  if (state !== 'cancelled' && told.places !== had)
    return `order ${id} has ${had} place(s) in our rows, and ${told.places} at its provider`;
  return undefined;
}

async function page({ db, seconds, leaveOut, grace }: Look, after: string): Promise<Row[]> {
  const { rows } = await readOnly(db, seconds, (tx) =>
    sql<Row>`
      select o.id, o.event_id, x.ref, x.state, (select count(*)::int from external_places y where y.order_id = o.id and y.state in ('selected', 'kept')) as had
      from external_orders x join orders o on o.id = x.order_id
      where x.ref is not null and o.id > ${after}::uuid and x.updated_at < ${cut(grace)} and coalesce(x.busy_until < now(), true)
        and not array[o.id, o.event_id] && ${leaveOut}::uuid[]
      order by o.id limit ${PAGE}`.execute(tx),
  );
  return rows;
}

/** Without a provider only the rows are looked at. */
export const external = (provider: EventProvider | undefined): Check[] => [unconfirmed, leftOpen, ...(provider ? [unlike(provider)] : [])];
