// The production migration: brings the database to the newest schema and ends. No demo data; safe to run from several places at once.
import { connect } from '../db/connect.ts';
import { migrate } from '../db/migrate.ts';

const url = process.env.DATABASE_URL;
if (!url) {
  console.error('migrate: DATABASE_URL is missing');
  process.exit(78);
}

// It asks for the database alone, and not for config.ts: a job that only migrates should not be handed the payment keys.
const db = connect({ url, max: 2, name: 'billetter-migrate' });
try {
  const { applied, unknown } = await migrate(db);
  if (unknown.length) console.log(`migrate: the schema is newer than this code (${unknown.join(', ')}): nothing to do`);
  else console.log(applied.length ? `migrate: applied ${applied.join(', ')}` : 'migrate: the schema is current');
} catch (error) {
  const { message, code } = error as NodeJS.ErrnoException;
  console.error(`migrate: ${message || code}`);
  process.exitCode = 1;
} finally {
  await db.destroy();
}
