// Brings a database to the newest schema. Safe to run from several processes at once: kysely's migrator takes a lock.
import { type Kysely, Migrator, sql } from 'kysely';
import { migrations } from './migrations/index.ts';
import { missingRight } from './rights.ts';

export type Migrated = {
  /** Names of the migrations applied now, in order. */
  applied: string[];
  /** Names the database has and this code does not know: it was migrated by newer code, which was rolled back. */
  unknown: string[];
};

/**
 * Runs what has not run yet. A schema newer than the code is what a rollback meets: migrations only add, so there is nothing to do. Throws
 * before anything is made where the role lacks a right, and where both sides have what the other does not know.
 */
export async function migrate(db: Kysely<any>): Promise<Migrated> {
  const done = await recorded(db);
  const unknown = done.filter((name) => !(name in migrations));
  const pending = Object.keys(migrations).filter((name) => !done.includes(name));
  if (!pending.length) return { applied: [], unknown };
  if (unknown.length)
    throw new Error(
      `the database has ${unknown.join(', ')}, which this code does not know, and lacks ${pending.join(', ')}: it was made by another line of code`,
    );

  const missing = await missingRight(db);
  if (missing) throw new Error(missing);
  // Parallel branches land their migrations in any order; each stands for itself, so a gap is filled rather than refused.
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations }, allowUnorderedMigrations: true });
  const { error, results } = await migrator.migrateToLatest();
  if (error) throw error;
  return { applied: (results ?? []).filter((r) => r.status === 'Success').map((r) => r.migrationName), unknown };
}

/** The migrations a database has had; none, where it was never migrated. */
async function recorded(db: Kysely<any>): Promise<string[]> {
  const { rows: there } = await sql<{ ok: boolean }>`select to_regclass('kysely_migration') is not null as ok`.execute(db);
  if (!there[0]!.ok) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  return rows.map((row) => row.name);
}
