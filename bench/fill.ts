// Fills the tables as years of selling would: events, and the rows of confirmed orders, by a few statements.
import { sql } from 'kysely';
import { step } from '../deploy/local/say.ts';
import { type House, settleDatabase } from './house.ts';

/** Places of one filled event, and of one filled order. */
const PLACES_EACH = 1_000;
const ORDER_PLACES = 4;
const BUYERS = 10_000;
const PRICE = 5_000;

/** Makes more events of the fill until there are so many in all, each with one offer; its statistics are fresh then. */
export async function fillEvents(house: House, wanted: number): Promise<void> {
  await step(house.say, `${wanted} events`, async () => {
    const { rows } = await sql<{ n: number }>`select count(*)::int as n from events`.execute(house.db);
    await sql`with venue as (
        insert into venues (name, city, capacity, of_event) select 'Hall ' || n, 'City ' || n % 40, ${PLACES_EACH}::int, true
        from generate_series(${rows[0]!.n + 1}::int, ${wanted}::int) n returning id, name),
      event as (
        insert into events (slug, venue_id, name, description, starts_at, ends_at, capacity, status)
        select 'growth-' || n, v.id, 'Growth ' || n, repeat('What happens there. ', 10), now() + make_interval(hours => 1 + n % 8760),
          now() + make_interval(hours => 3 + n % 8760), ${PLACES_EACH}::int, 'published'
        from venue v, lateral (select substr(v.name, 6)::int as n) x returning id, currency)
      insert into offers (event_id, name, price_minor, currency, quantity, seated)
      select id, 'Floor', ${PRICE}::int, currency, ${PLACES_EACH}::int, true from event`.execute(house.db);
    await settleDatabase(house);
  });
}

/**
 * Writes so many sold places into filled events that have none, with the orders, items, payments, tickets and mails of who bought them. The
 * checks of foreign keys are left out: they would take most of the time, and what is written refers to what is written with it.
 */
export async function fillSold(house: House, places: number): Promise<void> {
  await step(house.say, `${places} sold places with orders, items, payments, tickets and mails`, async () => {
    await house.db.transaction().execute(async (tx) => {
      await sql`set local session_replication_role = replica`.execute(tx);
      await sql`insert into accounts (id, email, password_hash)
        select md5('growth ' || n)::uuid, 'growth' || n || '@bench.test', '' from generate_series(0, ${BUYERS - 1}::int) n
        on conflict do nothing`.execute(tx);
      await sql`create temp table sold on commit drop as
        select o.event_id, o.id as offer_id, o.currency, i, md5(o.id || '/place/' || i)::uuid as place_id,
          md5(o.id || '/item/' || i)::uuid as item_id, md5(o.id || '/order/' || i / ${ORDER_PLACES}::int)::uuid as order_id
        from (select o.* from events e join offers o on o.event_id = e.id
          where e.slug like 'growth-%' and not exists (select from places p where p.offer_id = o.id)
          order by e.starts_at limit ${Math.ceil(places / PLACES_EACH)}::int) o, generate_series(0, ${PLACES_EACH - 1}::int) i`.execute(tx);
      await sql`insert into orders (id, event_id, account_id, status, total_minor, currency, expires_at, confirmed_at, created_at)
        select order_id, event_id, md5('growth ' || abs(hashtext(order_id::text)) % ${BUYERS}::int)::uuid, 'confirmed', count(*) * ${PRICE}::int,
          currency, at, at, at
        from sold, lateral (select now() - make_interval(mins => 60 + abs(hashtext(order_id::text)) % 500000) as at) t
        group by order_id, event_id, currency, at`.execute(tx);
      await sql`insert into places (id, event_id, offer_id, section, row_label, seat_label, row_index, seat_index, position, order_id, sold_at)
        select place_id, event_id, offer_id, 'Floor', (i / 50)::text, (i % 50)::text, i / 50, i % 50, i, order_id, now() from sold`.execute(
        tx,
      );
      await sql`insert into order_items (id, order_id, place_id, offer_id, price_minor)
        select item_id, order_id, place_id, offer_id, ${PRICE}::int from sold`.execute(tx);
      await sql`insert into payments (order_id, provider, provider_ref, amount_minor, currency, status, succeeded_at, settled_at, created_at, updated_at)
        select id, 'growth', id::text, total_minor, currency, 'succeeded', confirmed_at, confirmed_at, created_at, confirmed_at
        from orders where id in (select order_id from sold)`.execute(tx);
      await sql`insert into tickets (order_id, order_item_id, event_id, offer_id, place_id, code)
        select order_id, item_id, event_id, offer_id, place_id, item_id::text from sold`.execute(tx);
      await sql`insert into mails (kind, recipient, order_id, created_at, sent_at)
        select 'tickets', 'growth@bench.test', id, confirmed_at, confirmed_at from orders where id in (select order_id from sold)`.execute(
        tx,
      );
    });
    await settleDatabase(house);
  });
}
