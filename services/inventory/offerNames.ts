// What an offer is called where it stands alone, and what it is: a tier or a day carries its ticket type's name before its own.
import { sql } from 'kysely';

/** The whole name of an offer (alias `offer`), whose type is `type`, joined from the left: "Festival Pass - Day 1 VIP". */
export const fullName = (offer: string, type: string) => {
  const column = (name: string) => sql.ref(`${offer}.${name}`);
  const isCell = sql`${column('tier_number')} is not null and (${column('day_number')} is not null or ${column('all_days')})`;
  return sql<string>`case when ${sql.ref(`${type}.id`)} is null then ${column('name')} else ${sql.ref(`${type}.name`)} || ' - ' ||
    case when ${isCell} then concat_ws(' ', ${column('day_name')}, coalesce(${column('tier_name')}, ${column('name')})) else ${column('name')} end end`;
};

/** What an offer is among those of its ticket type. */
export type OfferKind = 'type' | 'tier' | 'day' | 'day-tier';

/** What an offer (alias `f`) is among the offers of its type (alias `t`). */
export const offerKind = sql<OfferKind>`case when t.id is null then 'type'
    when f.day_number is null and not f.all_days then 'tier' when f.tier_number is null then 'day' else 'day-tier' end`;

/** The name of an offer's tier (alias `f`), and that of its day; null where it has none. */
export const tierName = sql<string | null>`case when t.id is not null and f.tier_number is not null then coalesce(f.tier_name, f.name) end`;
export const dayName = sql<
  string | null
>`case when t.id is not null and (f.day_number is not null or f.all_days) then coalesce(f.day_name, f.name) end`;
