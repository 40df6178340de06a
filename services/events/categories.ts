// Categories of events: what admins sort them into.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { DomainError, invalidField } from '../shared/errors.ts';
import { type Page, type Paged, slice } from '../shared/pages.ts';
import { slugOf } from './eventCreation.ts';

export type Category = {
  id: string;
  name: string;
  slug: string;
  description: string;
  icon: string;
  is_active: boolean;
  created_at: Date;
  /** Published events of it. */
  events_count: number;
};

export type CategoryFacts = { name: string; slug: string; description: string; icon: string; isActive: boolean };

const view = sql`select c.id, c.name, c.slug::text as slug, c.description, c.icon, c.is_active, c.created_at,
  (select count(*)::int from events e where e.category_id = c.id and e.status = 'published') as events_count from event_categories c`;

const none = () => new DomainError('not_found', 'There is no such category.', { what: 'category' });

/** One page of categories by name; those that are closed only with `all`. */
export async function list(db: Kysely<DB>, { all, ...page }: Page & { all: boolean }): Promise<Paged<Category>> {
  const where = all ? sql`true` : sql`c.is_active`;
  const [rows, counted] = await Promise.all([
    sql<Category>`${view} where ${where} order by search_fold(c.name), c.id ${slice(page)}`.execute(db),
    sql<{ n: number }>`select count(*)::int as n from event_categories c where ${where}`.execute(db),
  ]);
  return { rows: rows.rows, total: counted.rows[0]!.n };
}

/** The category of a slug. Throws not_found. */
export async function find(db: Kysely<DB>, slug: string, { all }: { all: boolean }): Promise<Category> {
  const { rows } = await sql<Category>`${view} where c.slug = ${slug} and (${all} or c.is_active)`.execute(db);
  if (!rows[0]) throw none();
  return rows[0];
}

/** Makes a category; its slug is made of its name if not given. Throws invalid (slug) where another has it. */
export async function create(db: Kysely<DB>, facts: Partial<CategoryFacts> & { name: string }): Promise<Category> {
  const slug = facts.slug ?? slugOf(facts.name, 'category');
  await db
    .insertInto('event_categories')
    .values({ ...columns(facts), name: facts.name, slug })
    .execute()
    .catch(doubled);
  return find(db, slug, { all: true });
}

/** Changes what is given. Throws not_found, and invalid (slug). */
export async function change(db: Kysely<DB>, slug: string, facts: Partial<CategoryFacts>): Promise<Category> {
  const row = await db
    .updateTable('event_categories')
    .set({ ...columns(facts), updated_at: sql<Date>`now()` })
    .where('slug', '=', slug)
    .returning('slug')
    .executeTakeFirst()
    .catch(doubled);
  if (!row) throw none();
  return find(db, row.slug, { all: true });
}

/**
 * Deletes a category that no event is of. One that has events is closed instead (is_active: false): its events would lose what their
 * organizers chose.
 * @throws DomainError not_found | event_fixed
 */
export async function remove(db: Kysely<DB>, slug: string): Promise<void> {
  const gone = await db
    .deleteFrom('event_categories')
    .where('slug', '=', slug)
    .executeTakeFirst()
    .catch((error: { code?: string }) => {
      if (error.code !== '23503') throw error;
      const message = 'There are events of this category: it can be closed (is_active: false), but not deleted.';
      throw new DomainError('event_fixed', message, { fields: { category: message }, because: 'planned' });
    });
  if (!gone.numDeletedRows) throw none();
}

const columns = ({ isActive, ...facts }: Partial<CategoryFacts>) => ({ ...facts, ...(isActive !== undefined && { is_active: isActive }) });

function doubled(error: { constraint?: string }): never {
  if (error.constraint !== 'event_categories_slug_key') throw error;
  throw invalidField('slug', 'There is a category with this slug already.');
}
