// Brings a database to the newest schema. Safe to run from several processes at once: kysely's migrator takes a lock.
import { type Kysely, Migrator } from 'kysely';
import { migrations } from './migrations/index.ts';

/** Runs what has not run yet; resolves to the names of the migrations applied. Throws the first error met. */
export async function migrate(db: Kysely<any>): Promise<string[]> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const { error, results } = await migrator.migrateToLatest();
  if (error) throw error;
  return (results ?? []).filter((r) => r.status === 'Success').map((r) => r.migrationName);
}
