// Venues: where events happen.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { invalidField } from '../shared/errors.ts';
import { contains, folded } from '../shared/search.ts';
import { isTimeZone } from '../shared/time.ts';

export type Venue = {
  id: string;
  number: number;
  name: string;
  address: string;
  city: string;
  state: string;
  country: string;
  postal_code: string;
  capacity: number;
  /** IANA name; null: times are said in UTC. */
  time_zone: string | null;
  layout_config: unknown;
};

/** What a venue may have beside. `of_event`: it was written down with one event, and is not offered to others. */
export type VenueMore = { latitude?: string | number | null; longitude?: string | number | null; of_event?: boolean };

const COLUMNS = [
  'id',
  'number',
  'name',
  'address',
  'city',
  'state',
  'country',
  'postal_code',
  'capacity',
  'time_zone',
  'layout_config',
] as const;

/** The venue, or undefined. */
export async function find(db: Kysely<DB> | Transaction<DB>, id: string): Promise<Venue | undefined> {
  return db.selectFrom('venues').select(COLUMNS).where('id', '=', id).executeTakeFirst();
}

/** Creates a venue. Throws DomainError invalid for a time zone that is none. */
export async function create(
  db: Kysely<DB>,
  venue: Partial<Omit<Venue, 'id' | 'number'>> & VenueMore & { name: string; capacity: number },
): Promise<Venue> {
  if (venue.time_zone != null) await checkTimeZone(db, venue.time_zone);
  return db
    .insertInto('venues')
    .values({ ...venue, layout_config: JSON.stringify(venue.layout_config ?? {}) })
    .returning(COLUMNS)
    .executeTakeFirstOrThrow();
}

/** Throws invalid for a zone that one of its two readers does not know: letters are written by Node, days are counted by Postgres. */
async function checkTimeZone(db: Kysely<DB> | Transaction<DB>, name: string): Promise<void> {
  const fault = () => invalidField('timeZone', `"${name}" is no time zone. Give a name of the IANA database, such as Europe/Copenhagen.`);
  if (!isTimeZone(name)) throw fault();

  await sql`select now() at time zone ${name}`.execute(db).catch((error: { code?: string }) => {
    if (error.code === '22023') throw fault();
    throw error;
  });
}

/** One page of all venues by name, and how many there are. `search` is found in name and city, compared as people read. */
export async function list(
  db: Kysely<DB>,
  filter: { search?: string; page: number; perPage: number },
): Promise<{ rows: Venue[]; total: number }> {
  const where = sql.join(
    [sql`not v.of_event`, ...(filter.search ? contains(folded(sql`v.name || ' ' || v.city`), filter.search) : [])],
    sql` and `,
  );
  const columns = sql.join(COLUMNS.map((column) => sql.ref(`v.${column}`)));
  const [page, counted] = await Promise.all([
    sql<Venue>`select ${columns} from venues v where ${where}
      order by ${folded(sql`v.name`)}, v.id limit ${filter.perPage} offset ${(filter.page - 1) * filter.perPage}`.execute(db),
    sql<{ n: number }>`select count(*)::int as n from venues v where ${where}`.execute(db),
  ]);
  return { rows: page.rows, total: counted.rows[0]!.n };
}
