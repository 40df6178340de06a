// `npm run keys -- make ann@example.org "my app" --scopes all`, in the container `node dist/deploy/keys.js ...`: an organizer's API keys.
import { parseArgs } from 'node:util';
import type { Kysely } from 'kysely';
import { connect } from '../db/connect.ts';
import type { DB } from '../db/tables.ts';
import { findByAddress } from '../services/accounts/accounts.ts';
import * as apiKeys from '../services/accounts/apiKeys.ts';

const USAGE = `keys: say what, as
  make ann@example.org "my app" --scopes all|${apiKeys.SCOPES.join(',')} [--until 2027-01-01]
  list ann@example.org
  rotate ann@example.org ID [--overlap SECONDS]
  revoke ann@example.org ID`;

/** Said as it is. Exit code 64: the command was written wrong; 1: it cannot be done. */
class Refused extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

const usage = (message = USAGE) => new Refused(message, 64);

/** What to tell people. Throws Refused, or what the services refuse. */
async function run(db: Kysely<DB>, [what, email, subject, ...more]: string[], o: Record<string, string | undefined>): Promise<string> {
  if (!email || more.length || (what !== 'list' && !subject)) throw usage();
  const account = await findByAddress(db, email);
  if (!account) throw new Refused(`keys: there is no account of ${email}: register it first`);
  switch (what) {
    case 'make': {
      if (account.role === 'user') throw new Refused(`keys: ${email} is no organizer: make it one first (npm run promote)`);
      const made = await apiKeys.make(db, account.id, { name: subject!, scopes: scopesOf(o.scopes), expiresAt: dateOf(o.until) });
      return `${made.token}\n\nThis is the only time that it is shown. Its id, to revoke it: ${made.id}`;
    }
    case 'list':
      return (await apiKeys.list(db, account.id)).map(line).join('\n') || 'no keys';
    case 'rotate': {
      const { made } = await apiKeys.rotate(db, account.id, subject!, secondsOf(o.overlap));
      return `${made.token}\n\nThis is the only time that it is shown. Its id, to revoke it: ${made.id}`;
    }
    case 'revoke':
      await apiKeys.revoke(db, account.id, subject!);
      return 'revoked: it stops working within a second';
    default:
      throw usage();
  }
}

function scopesOf(text: string | undefined): apiKeys.Scope[] {
  if (text === 'all') return [...apiKeys.SCOPES];
  const scopes = [...new Set(text?.split(',') ?? [])];
  const unknown = scopes.filter((scope) => !(apiKeys.SCOPES as readonly string[]).includes(scope));
  if (!scopes.length || unknown.length) throw usage();
  return scopes as apiKeys.Scope[];
}

function dateOf(text: string | undefined): Date | null {
  if (text === undefined) return null;
  const date = new Date(text);
  if (Number.isNaN(date.getTime()) || date.getUTCFullYear() > 9999) throw usage(`keys: ${text} is no date: as 2027-01-01`);
  return date;
}

function secondsOf(text = '0'): number {
  if (!/^\d{1,6}$/.test(text) || Number(text) > apiKeys.MAX_OVERLAP_SECONDS)
    throw usage(`keys: --overlap takes seconds, ${apiKeys.MAX_OVERLAP_SECONDS} at most`);
  return Number(text);
}

const day = (date: Date | null): string => date?.toISOString().slice(0, 16) ?? '-';

const line = (key: apiKeys.ApiKey): string =>
  `${key.id}  ${key.prefix}…  ${key.revoked_at ? `revoked ${day(key.revoked_at)}` : `until ${day(key.expires_at)}`}  used ${day(key.last_used_at)}  ${key.scopes.join(',')}  ${key.name}`;

async function main(): Promise<number> {
  const url = process.env.DATABASE_URL;
  if (!url) {
    console.error('keys: DATABASE_URL is missing');
    return 78;
  }
  const db = connect({ url, max: 1, name: 'billetter-keys' });
  try {
    const options = { scopes: { type: 'string' }, until: { type: 'string' }, overlap: { type: 'string' } } as const;
    const { positionals, values } = parseArgs({ args: process.argv.slice(2), allowPositionals: true, options });
    console.log(await run(db, positionals, values));
    return 0;
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const known = code?.startsWith('ERR_PARSE_ARGS') ? usage() : error;
    console.error(known instanceof Refused ? known.message : `keys: ${message || code}`);
    return known instanceof Refused ? known.exitCode : 1;
  } finally {
    await db.destroy();
  }
}

process.exitCode = await main();
