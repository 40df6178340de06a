// temp
import { sql } from 'kysely';
import { it } from 'vitest';
import * as analytics from '../../services/analytics.ts';
import { freshDatabase, person } from './support.ts';
it('perf', async () => {
  const { db, close } = await freshDatabase();
  const p = await person(db); const org = await person(db, 'organizer');
  await sql`insert into events (slug, organizer_id, name, starts_at, ends_at, capacity, status, created_at) select 'e'||n, case when n % 10 = 0 then ${org.id}::uuid end, 'E'||n, now() + interval '1 day', now() + interval '2 days', 1000, 'published', now() - interval '1 year' from generate_series(1, 200) n`.execute(db);
  await sql`insert into offers (event_id, name, price_minor, currency, quantity) select id, x, 1000, 'USD', 500 from events, (values ('A'),('B')) v (x)`.execute(db);
  await sql`insert into orders (event_id, account_id, status, total_minor, currency, confirmed_at, created_at)
    select e.id, ${p.id}::uuid, 'confirmed', 2000, 'USD', now() - (n % 365) * interval '1 day', now() from events e, generate_series(1, 500) n`.execute(db);
  await sql`insert into places (event_id, offer_id, position, order_id, sold_at) select o.event_id, f.id, row_number() over (partition by f.id order by o.id), o.id, now() from orders o join offers f on f.event_id = o.event_id`.execute(db);
  await sql`insert into order_items (order_id, place_id, offer_id, price_minor) select order_id, id, offer_id, 1000 from places`.execute(db);
  await sql`insert into payments (order_id, provider, amount_minor, currency, status, settled_at) select id, 'stripe', 2000, 'USD', 'succeeded', now() from orders`.execute(db);
  await sql`insert into tickets (order_id, order_item_id, event_id, offer_id, place_id, code) select i.order_id, i.id, p.event_id, i.offer_id, i.place_id, i.id::text from order_items i join places p on p.id = i.place_id`.execute(db);
  await sql`analyze`.execute(db);
  const day = (o: number) => new Date(Date.now() - o * 86400000).toISOString().slice(0, 10);
  for (const [start, organizerId] of [[29, undefined], [364, undefined], [29, org.id], [364, org.id]] as const)
    for (let i = 0; i < 2; i++) {
      const t = performance.now();
      const d = await analytics.dashboard(db, { period: analytics.period({ start: day(start) }, new Date()), organizerId });
      console.log(start, !!organizerId, Math.round(performance.now() - t), 'ms', d.total_events, d.by_currency, d.utilization, d.categories);
    }
  await close();
}, 150000);
