// Event categories: everybody sees them, admins make them.
import { z } from 'zod';
import * as categories from '../../services/events/categories.ts';
import type { Gateway } from '../deps.ts';
import { paged, pageOf, pageSchema, paging } from '../http/answers/pages.ts';
import type { RefusalCode } from '../http/api.ts';
import { id, instant, label } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { LIMITS } from './limits.ts';
import { ADMINS, time } from './shapes.ts';

const slug = z
  .string()
  .trim()
  .min(1)
  .max(80)
  // No pattern in the document: many of its readers do not know letters of all scripts.
  .refine((text) => /^[\p{L}\p{M}\p{N}]+(-[\p{L}\p{M}\p{N}]+)*$/u.test(text), 'must be words with dashes between them')
  .transform((text) => text.normalize('NFC').toLowerCase())
  .meta({ override: { type: 'string' }, example: 'technology' });

const Category = z
  .object({
    id,
    name: z.string(),
    slug: z.string(),
    description: z.string(),
    icon: z.string(),
    is_active: z.boolean(),
    events_count: z.int().meta({ description: 'Published events.' }),
    created_at: instant,
  })
  .meta({ id: 'Category' });

const fields = {
  name: label(100),
  slug: slug.optional().meta({ description: 'Words of any script with dashes between them; made of the name, unless given.' }),
  description: z.string().max(2000).optional(),
  icon: z.string().max(50).optional(),
  is_active: z.boolean().optional(),
};
const CategoryBody = z.object(fields).meta({ id: 'CategoryFacts' });
const CategoryChanges = z.object(fields).partial().meta({ id: 'ChangedCategory' });
const Path = z.object({ slug: z.string().meta({ description: "The category's slug.", param: { id: 'CategorySlug' } }) });

const present = ({ created_at, ...category }: categories.Category): z.output<typeof Category> => ({
  ...category,
  created_at: time(created_at),
});

const facts = ({ is_active, ...rest }: Partial<z.output<typeof CategoryBody>>) => ({
  ...rest,
  ...(is_active !== undefined && { isActive: is_active }),
});

const path = '/api/events/categories/';
const tag = 'Event Categories';
const REFUSALS: RefusalCode[] = ['not_found', 'invalid', 'event_fixed'];

/** The routes under /api/events/categories/. */
export function categoryRoutes({ db, config }: Gateway): Route[] {
  const open = { access: 'public', recognizes: true, limit: LIMITS.anonymous, tag } as const;
  const closed = { ...ADMINS, limit: LIMITS.authenticated, tag } as const;
  const changing = (method: 'put' | 'patch', body: typeof CategoryBody | typeof CategoryChanges) =>
    route({
      ...closed,
      method,
      path: `${path}:slug/`,
      operationId: method === 'put' ? 'replaceCategory' : 'changeCategory',
      summary: method === 'put' ? 'Update category' : 'Update category partially',
      params: Path,
      body,
      responses: { 200: { description: 'As it is now.', schema: Category } },
      refusals: REFUSALS,
      handle: async ({ params, body }) => ({ status: 200, body: present(await categories.change(db, params.slug, facts(body))) }),
    });
  return [
    route({
      ...open,
      method: 'get',
      path,
      operationId: 'listCategories',
      summary: 'List all event categories',
      description: 'The active ones; admins see all.',
      query: z.object(paging),
      responses: { 200: { description: 'One page, by name.', schema: pageSchema(Category) } },
      async handle({ query, caller, ctx }) {
        const { rows, total } = await categories.list(db, { ...pageOf(query), all: caller?.role === 'admin' });
        return paged(ctx, config.http.publicUrl, { results: rows.map(present), count: total, ...query });
      },
    }),
    route({
      ...open,
      method: 'get',
      path: `${path}:slug/`,
      operationId: 'getCategory',
      summary: 'Category details',
      params: Path,
      responses: { 200: { description: 'The category.', schema: Category } },
      refusals: ['not_found'],
      handle: async ({ params, caller }) => ({
        status: 200,
        body: present(await categories.find(db, params.slug, { all: caller?.role === 'admin' })),
      }),
    }),
    route({
      ...closed,
      method: 'post',
      path,
      operationId: 'createCategory',
      summary: 'Create category',
      body: CategoryBody,
      responses: { 201: { description: 'Made.', schema: Category } },
      refusals: ['invalid'],
      handle: async ({ body }) => ({ status: 201, body: present(await categories.create(db, { ...facts(body), name: body.name })) }),
    }),
    changing('put', CategoryBody),
    changing('patch', CategoryChanges),
    route({
      ...closed,
      method: 'delete',
      path: `${path}:slug/`,
      operationId: 'deleteCategory',
      summary: 'Delete category',
      description: 'One that no event is of. Others can be closed, with `is_active: false`.',
      params: Path,
      responses: { 204: { description: 'Deleted.' } },
      refusals: REFUSALS,
      async handle({ params }) {
        await categories.remove(db, params.slug);
        return { status: 204, body: undefined };
      },
    }),
  ];
}
