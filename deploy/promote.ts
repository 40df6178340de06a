// `npm run promote -- ann@example.org organizer`, in the container `node dist/deploy/promote.js ...`: gives an account a role. Who registers is a user.
import { connect } from '../db/connect.ts';
import { promote, type Role } from '../services/accounts/accounts.ts';

const ROLES: readonly string[] = ['user', 'organizer', 'admin'] satisfies Role[];

const [email, role] = process.argv.slice(2);
const url = process.env.DATABASE_URL;
if (!email || !role || !ROLES.includes(role)) {
  console.error(`promote: say who and what, as ann@example.org ${ROLES.slice(1).join('|')} (or user, to take it back)`);
  process.exit(64);
}
if (!url) {
  console.error('promote: DATABASE_URL is missing');
  process.exit(78);
}

const db = connect({ url, max: 1, name: 'billetter-promote' });
try {
  if (await promote(db, email, role as Role)) console.log(`promote: ${email.trim()} is ${role}; it counts from the next sign-in`);
  else {
    console.error(`promote: there is no account of ${email}: register it first`);
    process.exitCode = 1;
  }
} catch (error) {
  const { message, code } = error as NodeJS.ErrnoException;
  console.error(`promote: ${message || code}`);
  process.exitCode = 1;
} finally {
  await db.destroy();
}
