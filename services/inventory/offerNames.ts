// What an offer is called where it stands alone: a tier or a day carries its ticket type's name before its own.
import { sql } from 'kysely';

/** The whole name of an offer (alias `offer`), whose type is `type`, joined from the left: "Festival Pass - Day 1 VIP". */
export const fullName = (offer: string, type: string) => {
  const column = (name: string) => sql.ref(`${offer}.${name}`);
  const isCell = sql`${column('tier_number')} is not null and (${column('day_number')} is not null or ${column('all_days')})`;
  return sql<string>`case when ${sql.ref(`${type}.id`)} is null then ${column('name')} else ${sql.ref(`${type}.name`)} || ' - ' ||
    case when ${isCell} then concat_ws(' ', ${column('day_name')}, coalesce(${column('tier_name')}, ${column('name')})) else ${column('name')} end end`;
};
