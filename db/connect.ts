// Opens the database: a pg pool under kysely, with prepared (named) statements, which halve Postgres' cost per query.
import { Kysely, PostgresDialect, type PostgresPool, type PostgresPoolClient } from 'kysely';
import pg from 'pg';
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

/** kysely offers no option for named statements, so the pool it sees hands out clients that name them. Statements without parameters (begin, migrations) stay unnamed. */
function preparing(pool: pg.Pool): PostgresPool {
  const wrapped = new WeakMap<pg.PoolClient, PostgresPoolClient>();
  return {
    async connect() {
      const client = await pool.connect();
      let named = wrapped.get(client);
      if (!named) {
        named = {
          query: (text: any, values?: readonly unknown[]) =>
            (values?.length ? client.query({ name: statementName(text), text, values: values as unknown[] }) : client.query(text)) as any,
          release: () => client.release(),
        };
        wrapped.set(client, named);
      }
      return named;
    },
    end: () => pool.end(),
  };
}

/** Opens a pool of at most `max` connections. A connection is checked out for the length of one statement or one transaction. */
export function connect(options: { url: string; max?: number; name?: string }): Kysely<DB> {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.max ?? 10,
    application_name: options.name ?? 'billetter',
    connectionTimeoutMillis: 10_000,
    idle_in_transaction_session_timeout: 30_000,
  });
  pool.on('error', () => {}); // an idle connection lost (Postgres restarted) is replaced at the next query, which reports for itself
  return new Kysely<DB>({ dialect: new PostgresDialect({ pool: preparing(pool) }) });
}
