// Migrates the database and fills in the demo data once. `npm start` runs it before the gateway.
import { type Kysely, sql } from 'kysely';
import { loadConfig } from '../../config.ts';
import { connect } from '../../db/connect.ts';
import { migrate } from '../../db/migrate.ts';
import type { DB } from '../../db/tables.ts';
import { createPasswords } from '../../services/accounts/passwords.ts';
import { seedExternal } from './external.ts';
import { seedHackathon } from './hackathon.ts';
import { seedStadium } from './stadium.ts';

const DAY = 86_400_000;
const PASSWORD = 'TestPass123!';

const ACCOUNTS = [
  { email: 'test@evently.com', username: 'test', full_name: 'Test Buyer', role: 'user' },
  { email: 'organizer@billetter.test', username: 'organizer', full_name: 'Olga Organizer', role: 'organizer' },
  { email: 'admin@billetter.test', username: 'admin', full_name: 'Ada Admin', role: 'admin' },
] as const;

/** Section, rows, seats per row, price in cents. */
const SECTIONS = [
  { name: 'VIP', rows: 2, seats: 10, price: 50_000 },
  { name: 'Premium', rows: 5, seats: 20, price: 20_000 },
  { name: 'General', rows: 10, seats: 50, price: 5_000 },
];

/** Writes the demo data where it is missing, and moves its events on when they have come too near: the demo never grows stale. */
export async function seed(db: Kysely<DB>, now = new Date()): Promise<string> {
  await seedAccounts(db, now);
  const organizer = await db.selectFrom('accounts').select('id').where('email', '=', ACCOUNTS[1].email).executeTakeFirstOrThrow();
  // The order gives the first events their numbers, by which the contest knows them.
  await seedExternal(db, organizer.id, now);
  await seedStadium(db, organizer.id, now);
  const done = await seedFestival(db, organizer.id, now);
  const demo = await db.selectFrom('events').select('starts_at').where('slug', '=', 'summer-music-festival').executeTakeFirst();
  if (demo) await seedHackathon(db, organizer.id, demo.starts_at);
  return done;
}

async function seedAccounts(db: Kysely<DB>, now: Date): Promise<void> {
  const known = await db
    .selectFrom('accounts')
    .select('email')
    .where(
      'email',
      'in',
      ACCOUNTS.map(({ email }) => email),
    )
    .execute();
  if (known.length === ACCOUNTS.length) return;
  const hash = await createPasswords().hash(PASSWORD);
  await db
    .insertInto('accounts')
    .values(ACCOUNTS.map((account) => ({ ...account, password_hash: hash, email_verified_at: now })))
    .onConflict((c) => c.column('email').doNothing())
    .execute();
}

async function seedFestival(db: Kysely<DB>, organizerId: string, now: Date): Promise<string> {
  const start = new Date(Math.ceil(now.getTime() / DAY) * DAY + 30 * DAY + 18 * 3_600_000);
  const end = new Date(start.getTime() + 5 * 3_600_000);
  const known = await db.selectFrom('events').select(['id', 'starts_at']).where('slug', '=', 'summer-music-festival').executeTakeFirst();
  if (known) {
    if (known.starts_at.getTime() < now.getTime() + 7 * DAY)
      await db.updateTable('events').set({ starts_at: start, ends_at: end }).where('id', '=', known.id).execute();
    return 'kept';
  }
  return db.transaction().execute(async (tx) => {
    const venue = await tx
      .insertInto('venues')
      .values({
        name: 'Central Park Arena',
        address: '123 Park Avenue',
        city: 'New York',
        state: 'NY',
        country: 'USA',
        postal_code: '10001',
        capacity: 50_000,
        time_zone: 'America/New_York',
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    const event = await tx
      .insertInto('events')
      .values({
        slug: 'summer-music-festival',
        name: 'Summer Music Festival',
        description: 'Annual summer music festival featuring top artists',
        organizer_id: organizerId,
        venue_id: venue.id,
        starts_at: start,
        ends_at: end,
        capacity: SECTIONS.reduce((sum, s) => sum + s.rows * s.seats, 0),
        currency: 'USD',
        status: 'published',
      })
      .returning('id')
      .executeTakeFirstOrThrow();
    for (const [i, section] of SECTIONS.entries()) {
      const offer = await tx
        .insertInto('offers')
        .values({
          event_id: event.id,
          name: section.name,
          tier_number: i + 1,
          tier_name: section.name,
          price_minor: section.price,
          currency: 'USD',
          quantity: section.rows * section.seats,
          seated: true,
        })
        .returning('id')
        .executeTakeFirstOrThrow();
      await sql`insert into places (event_id, offer_id, section, row_label, seat_label, row_index, seat_index, position)
        select ${event.id}::uuid, ${offer.id}::uuid, ${section.name}, chr(64 + r), s::text, r, s, (r - 1) * ${section.seats}::int + s - 1
        from generate_series(1, ${section.rows}::int) r, generate_series(1, ${section.seats}::int) s`.execute(tx);
    }
    return 'seeded';
  });
}

if (process.argv[1]?.endsWith('seed.ts')) {
  const db = connect({ url: loadConfig().database.url, max: 2, name: 'billetter-seed' });
  try {
    const { applied } = await migrate(db);
    console.log(`${applied.length ? `migrated: ${applied.join(', ')}` : 'schema is current'}; demo data ${await seed(db)}`);
  } catch (error) {
    // What the migration refuses it says in one line; the rest is a fault of ours.
    console.error((error as { code?: string }).code ? error : (error as Error).message);
    process.exitCode = 1;
  }
  await db.destroy();
}
