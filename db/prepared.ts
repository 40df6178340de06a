// A statement whose text is made once: neither kysely nor the search for its prepared name costs anything when it is run again.
import { type CompiledQuery, type Kysely, type RawBuilder, sql, type Transaction } from 'kysely';
import type { DB } from './tables.ts';

/** Stands in the text's parameters for what differs from call to call. */
class Slot {
  readonly name: string;

  constructor(name: string) {
    this.name = name;
  }
}

/** A plugin has texts of its own made: tests take guards out of statements so. */
const changesWords = (db: Kysely<DB>): boolean => db.getExecutor().plugins.length > 0;

type Slots<P> = { [K in keyof P]: RawBuilder<P[K]> };

/**
 * A statement of fixed text. `build` gets a fragment for each parameter and is called once, at the first run; a parameter may stand in the
 * text more than once. Whatever shapes the text must not differ between calls: a statement of several shapes is prepared for each.
 * @example const byId = prepared<{ id: string }>()((p) => sql<Row>`select * from orders where id = ${p.id}::uuid`);
 *   const [order] = await byId(db, { id });
 */
export const prepared =
  <P extends Record<string, unknown>>() =>
  <R>(build: (p: Slots<P>) => RawBuilder<R>): ((db: Kysely<DB> | Transaction<DB>, params: P) => Promise<R[]>) => {
    let made: CompiledQuery<R> | undefined;
    const slots = new Proxy({}, { get: (_, name) => sql`${new Slot(String(name))}` }) as Slots<P>;
    return async (db, params) => {
      const own = changesWords(db);
      const query = (own ? undefined : made) ?? build(slots).compile(db);
      if (!own) made = query;
      const parameters = query.parameters.map((p) => (p instanceof Slot ? params[p.name] : p));
      return (await db.executeQuery<R>({ ...query, parameters })).rows;
    };
  };
