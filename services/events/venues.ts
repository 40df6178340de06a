// Venues: where events happen.
import type { Kysely, Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';

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
  layout_config: unknown;
};

const COLUMNS = ['id', 'number', 'name', 'address', 'city', 'state', 'country', 'postal_code', 'capacity', 'layout_config'] as const;

/** The venue, or undefined. */
export async function find(db: Kysely<DB> | Transaction<DB>, id: string): Promise<Venue | undefined> {
  return db.selectFrom('venues').select(COLUMNS).where('id', '=', id).executeTakeFirst();
}

/** Creates a venue. */
export async function create(
  db: Kysely<DB>,
  venue: Partial<Omit<Venue, 'id' | 'number'>> & { name: string; capacity: number },
): Promise<Venue> {
  return db
    .insertInto('venues')
    .values({ ...venue, layout_config: JSON.stringify(venue.layout_config ?? {}) })
    .returning(COLUMNS)
    .executeTakeFirstOrThrow();
}
