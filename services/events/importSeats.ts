// Seats of imported events out of a file: event_id, row, number, and a zone or a price.
import { sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { addImported } from '../inventory/importedSeats.ts';
import { text, whole } from '../shared/importFields.ts';
import type { Kind } from '../shared/imports.ts';
import { minor } from '../shared/money.ts';

const MAX_LABEL = 100_000;
const AMOUNT = /^\d{1,10}(\.\d{1,2})?$/;

/** Imports seats. What has no zone is in the zone of its price. */
export const seats: Kind = {
  name: 'seats',
  required: ['event_id', 'row', 'number', 'price'],
  stage: {
    table: 'import_seats',
    columns: { event: 'bigint', zone: 'text', row: 'integer', seat: 'integer', price: 'text' },
  },
  row(fields) {
    const event = whole(fields, 'event_id');
    const [row, seat] = [whole(fields, 'row'), whole(fields, 'number', 'seat')];
    if (!event) return 'event_id is no whole number';
    if (!row || !seat || row > MAX_LABEL || seat > MAX_LABEL) return 'row or number is no whole number';
    const price = text(fields, 'price');
    if (!AMOUNT.test(price)) return 'price is no amount';
    const zone = text(fields, 'zone', 'category', 'section') || price;
    if (zone.length > 100) return 'zone is longer than 100 characters';
    return [event, zone, row, seat, price];
  },
  write,
};

async function write(tx: Transaction<DB>): Promise<{ at: number; reason: string }[]> {
  const { rows: known } = await sql<{ id: string; number: number; currency: string; external: boolean; cancelled: boolean }>`
    select e.id, e.number, e.currency, e.external, e.status = 'cancelled' as cancelled from events e
    where e.number in (select event from import_seats) order by e.id for no key update`.execute(tx);
  const { rows: asked } = await sql<{ event: number; price: string }>`select distinct event, price from import_seats`.execute(tx);

  const refused = new Map<number, string>();
  for (const { number, external, cancelled } of known) {
    if (external) refused.set(number, "its event's places are those of the Event Provider");
    else if (cancelled) refused.set(number, 'its event is cancelled');
  }
  const priced = asked.flatMap(({ event, price }) => {
    const at = known.find((one) => one.number === event);
    return at && !refused.has(event) ? [{ event, price, id: at.id, currency: at.currency, minor: amount(price, at.currency) }] : [];
  });
  const sold = priced.filter((one) => one.minor !== undefined);
  const among = sql`(select s.at, p.id as event_id, p.currency, s.zone, s.row, s.seat, p.minor as price_minor from import_seats s
    join unnest(${sold.map((p) => p.event)}::bigint[], ${sold.map((p) => p.price)}::text[], ${sold.map((p) => p.id)}::uuid[],
      ${sold.map((p) => p.currency)}::text[], ${sold.map((p) => p.minor!)}::bigint[]) as p (event, price, id, currency, minor)
    on s.event = p.event and s.price = p.price)`;
  const doubles = await addImported(tx, among);
  await sql`update events e set capacity = greatest(e.capacity, (select count(*) from places p where p.event_id = e.id))
    where e.id = any(${[...new Set(sold.map((p) => p.id))]}::uuid[])`.execute(tx);

  const { rows: left } = await sql<{ at: number; event: number }>`select at, event from import_seats s
    where not exists (select from ${among} a where a.at = s.at)`.execute(tx);
  const reasonOf = (event: number) =>
    refused.get(event) ?? (known.some((one) => one.number === event) ? 'price has too many decimals' : 'there is no such event');
  return [...doubles, ...left.map(({ at, event }) => ({ at, reason: reasonOf(event) }))];
}

function amount(price: string, currency: string): number | undefined {
  try {
    return minor(price, currency);
  } catch {
    return undefined;
  }
}
