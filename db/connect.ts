// Opens the database: a pg pool under kysely, with prepared (named) statements, which halve Postgres' cost per query.
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
import { spends, spendsAll } from './sqlstate.ts';
import type { DB } from './tables.ts';

// bigint and numeric counts fit a double here (amounts are minor units, far below 2^53); dates stay YYYY-MM-DD text.
pg.types.setTypeParser(pg.types.builtins.INT8, Number);
pg.types.setTypeParser(pg.types.builtins.DATE, (text) => text);

/** At most so many distinct statements are prepared per process; past it they run unnamed, so odd SQL cannot grow Postgres' memory. */
const MAX_PREPARED = 500;
const names = new Map<string, string>();

function statementName(text: string): string | undefined {
  const known = names.get(text);
  if (known || names.size >= MAX_PREPARED) return known;
  const name = `b${names.size}`;
  names.set(text, name);
  return name;
}

/** After a session was found read-only all others of its age are replaced, but no more often than this: reads would connect anew all the time. */
const REPLACE_MS = 250;

/**
 * The pool as kysely sees it. Its clients name their statements, because kysely offers no option for that; statements without parameters
 * (begin, migrations) stay unnamed. A client that met what spends its connection is closed when it comes back, instead of being lent again.
 */
function preparing(pool: pg.Pool): PostgresPool {
  const lent = new WeakMap<pg.PoolClient, PostgresPoolClient & { opened: number }>();
  let spoiledAt = 0;

  function lend(client: pg.PoolClient) {
    let spent = false;
    const watch = <T>(answer: Promise<T>): Promise<T> =>
      answer.catch((error) => {
        spent ||= spends(error);
        if (spendsAll(error) && Date.now() - spoiledAt > REPLACE_MS) spoiledAt = Date.now();
        throw error;
      });
    return {
      opened: Date.now(),
      query: (text: any, values?: readonly unknown[]) =>
        watch(
          values?.length
            ? client.query({ name: statementName(text), text, values: values as unknown[] })
            : (client.query(text) as unknown as Promise<pg.QueryResult>),
        ) as any,
      release: () => client.release(spent),
    };
  }

  return {
    async connect() {
      for (;;) {
        const client = await pool.connect();
        const known = lent.get(client) ?? lend(client);
        lent.set(client, known);
        if (known.opened > spoiledAt) return known;
        client.release(true);
      }
    },
    end: () => pool.end(),
  };
}

/**
 * Opens a pool of at most `max` connections. A connection is checked out for the length of one statement or one transaction.
 * `standing`: they are opened now and stay open. A new one costs Postgres a process, its catalogue and each statement's plan five times over:
 * a rush that came after a quiet minute waited for that.
 */
export function connect(options: { url: string; max?: number; name?: string; standing?: boolean }): Kysely<DB> {
  const max = options.max ?? 10;
  const pool = new pg.Pool({
    connectionString: options.url,
    max,
    application_name: options.name ?? 'billetter',
    connectionTimeoutMillis: 10_000,
    idle_in_transaction_session_timeout: 30_000,
    keepAlive: true,
    ...(options.standing && { idleTimeoutMillis: 0 }),
  });
  pool.on('error', () => {}); // an idle connection lost (Postgres restarted) is replaced at the next query, which reports for itself
  if (options.standing) openAll(pool, max);
  return new Kysely<DB>({ dialect: new PostgresDialect({ pool: preparing(pool) }) });
}

/** What cannot be opened yet is opened when it is needed, and the need says so. */
function openAll(pool: pg.Pool, max: number): void {
  for (let i = 0; i < max; i++)
    void pool.connect().then(
      (client) => client.release(),
      () => {},
    );
}

/**
 * Opens one connection for work that needs one: `db` sends everything over `client`, which can be used beside it where kysely has no word for
 * something (COPY). Nothing may be asked of it from two places at once.
 */
export async function connectAlone(options: { url: string; name: string }): Promise<{ db: Kysely<DB>; client: pg.Client }> {
  const client = new pg.Client({ connectionString: options.url, application_name: options.name, connectionTimeoutMillis: 10_000 });
  await client.connect();
  client.on('error', () => {}); // a connection lost while it is idle is met by the next query
  const lent: PostgresPoolClient = { query: client.query.bind(client) as PostgresPoolClient['query'], release: () => {} };
  return { db: new Kysely<DB>({ dialect: new PostgresDialect({ pool: { connect: async () => lent, end: () => client.end() } }) }), client };
}
