// Whether a role may migrate, asked before anything is made: DDL that fails in the middle would leave half a schema's tables behind.
import { type Kysely, sql } from 'kysely';

type Asked = {
  role: string;
  database: string;
  schema: string | null;
  create_here: boolean;
  extensions: string[];
  may_extend: boolean;
  foreign_table: string | null;
  owner: string | null;
};

/** One line that names the first right that is missing, and the statement that gives it; undefined: nothing is. */
export async function missingRight(db: Kysely<any>): Promise<string | undefined> {
  const { rows } = await sql<Asked>`
    select current_user as role, current_database() as database, current_schema() as schema,
      coalesce(has_schema_privilege(current_schema(), 'create'), false) as create_here,
      array(select name from unnest(array['citext', 'pg_trgm']) name where name not in (select extname from pg_extension)) as extensions,
      has_database_privilege(current_database(), 'create') as may_extend,
      other.tablename as foreign_table, other.tableowner as owner
    from (select) one left join lateral (
      select tablename, tableowner from pg_tables where schemaname = current_schema() and tablename = any(array['orders', 'kysely_migration'])
        and not pg_has_role(tableowner, 'member') limit 1) other on true`.execute(db);
  const asked = rows[0]!;
  const role = quoted(asked.role);
  const wants = (what: string, grant: string) => `the database role ${role} may not ${what}; as its owner or a superuser run: ${grant};`;
  if (!asked.schema || !asked.create_here)
    return wants('make tables', `grant usage, create on schema ${quoted(asked.schema ?? 'public')} to ${role}`);
  if (asked.extensions.length && !asked.may_extend)
    return wants(`make the extensions ${asked.extensions.join(' and ')}`, `grant create on database ${quoted(asked.database)} to ${role}`);
  if (asked.owner) return wants(`change the table ${asked.foreign_table}`, `grant ${quoted(asked.owner)} to ${role}`);
  return undefined;
}

const quoted = (name: string): string => (/^[a-z_][a-z0-9_]*$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`);
