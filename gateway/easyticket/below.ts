// Tiers, day passes and day+tier prices: three resources of one kind, each with its own names for what it is sold by.

import { z } from 'zod';
import { managerOf } from '../../services/accounts/actor.ts';
import * as list from '../../services/events/ticketList.ts';
import * as ticketTypes from '../../services/events/ticketTypes.ts';
import { DomainError } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import { ordering, paged, pageOf, pageSchema, paging } from '../http/answers/pages.ts';
import type { RefusalCode } from '../http/api.ts';
import { id, label, whole } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { LIMITS } from './limits.ts';
import { flag, Money, money, ORGANIZERS } from './shapes.ts';
import { asked, priceBody, quantityBody, stock, stockShape, viewer, windowBody } from './ticketFields.ts';

const number = z.int().min(1).max(10_000);
const date = z.iso.date().meta({ example: '2025-12-01' });
const name = label(200);

const shared = { price: priceBody, quantity: quantityBody, is_active: z.boolean().optional(), ...windowBody };
const shownShared = { id, ticket_type: id, price: Money, quantity: z.int(), ...stockShape };

const base = (o: list.BelowView) => ({
  id: o.id,
  ticket_type: o.type_id,
  price: money(o.price_minor, o.currency),
  quantity: o.quantity,
  ...stock(o),
});

export const Tier = z.object({ ...shownShared, tier_number: z.int(), name: z.string() }).meta({ id: 'EasyTier' });
export const DayPass = z
  .object({ ...shownShared, day_number: z.int().nullable(), name: z.string(), date: date.nullable(), is_all_days: z.boolean() })
  .meta({ id: 'DayPass' });
export const DayTierPrice = z
  .object({ ...shownShared, day_number: z.int(), day_name: z.string(), date, tier_number: z.int(), tier_name: z.string() })
  .meta({ id: 'DayTierPrice' });

/** A row of each kind on the wire. */
export const present = {
  tier: (o: list.BelowView): z.output<typeof Tier> => ({ ...base(o), tier_number: o.tier_number!, name: o.name }),
  day: (o: list.BelowView): z.output<typeof DayPass> => ({
    ...base(o),
    day_number: o.day_number,
    name: o.name,
    date: o.day_date,
    is_all_days: o.all_days,
  }),
  day_tier: (o: list.BelowView): z.output<typeof DayTierPrice> => ({
    ...base(o),
    day_number: o.day_number!,
    day_name: o.day_name ?? '',
    date: o.day_date!,
    tier_number: o.tier_number!,
    tier_name: o.tier_name ?? '',
  }),
};

/** What a kind is called and sold by. `names`: its own fields in a body, and what the core calls them. */
type Kind = {
  kind: ticketTypes.Below;
  path: string;
  tag: string;
  /** For operation ids: getTier, listTiers. */
  one: string;
  many: string;
  shown: z.ZodType;
  body: z.ZodRawShape;
  filters: z.ZodRawShape;
  order: Record<string, 'tier' | 'day' | 'price' | 'date'>;
  read(body: any): ticketTypes.Asked;
};

const KINDS: Kind[] = [
  {
    kind: 'tier',
    path: '/api/tickets/tiers/',
    tag: 'Ticket Tiers',
    one: 'Tier',
    many: 'Tiers',
    shown: Tier,
    body: { tier_number: number, name },
    filters: {},
    order: { tier_number: 'tier', price: 'price' },
    read: (body) => ({ tierNumber: body.tier_number, name: body.name, tierName: body.name }),
  },
  {
    kind: 'day',
    path: '/api/tickets/day-passes/',
    tag: 'Day Passes',
    one: 'DayPass',
    many: 'DayPasses',
    shown: DayPass,
    body: { day_number: number.nullable().optional(), name, date: date.nullable().optional(), is_all_days: z.boolean().optional() },
    filters: { is_all_days: flag.optional().meta({ description: 'Only passes for all days, or only others.' }) },
    order: { day_number: 'day', price: 'price', date: 'date' },
    read: (body) => ({ dayNumber: body.day_number, name: body.name, dayName: body.name, dayDate: body.date, allDays: body.is_all_days }),
  },
  {
    kind: 'day_tier',
    path: '/api/tickets/day-tier-prices/',
    tag: 'Day+Tier Prices',
    one: 'DayTierPrice',
    many: 'DayTierPrices',
    shown: DayTierPrice,
    body: { day_number: number, day_name: name, date, tier_number: number, tier_name: name },
    filters: {
      day_number: whole(1, 10_000).optional().meta({ description: 'Of the day with this number.' }),
      tier_number: whole(1, 10_000).optional().meta({ description: 'Of the tier with this number.' }),
      is_active: flag.optional().meta({ description: 'Only those offered, or only those withdrawn.' }),
    },
    order: { day_number: 'day', tier_number: 'tier', price: 'price', date: 'date' },
    read: (body) => ({
      dayNumber: body.day_number,
      dayName: body.day_name,
      dayDate: body.date,
      tierNumber: body.tier_number,
      tierName: body.tier_name,
    }),
  },
];

const REFUSALS: RefusalCode[] = ['invalid', 'event_fixed', 'not_found'];
const Path = z.object({ id: z.string().meta({ description: 'Its id.' }) });

/** The routes under /api/tickets/tiers/, day-passes/ and day-tier-prices/; the matrix is in matrix.ts. */
export const belowRoutes = (gateway: Gateway): Route[] => KINDS.flatMap((kind) => routesOf(gateway, kind));

function routesOf({ db, config, providers }: Gateway, kind: Kind): Route[] {
  const { path, tag, one, many, shown, order } = kind;
  const publicUrl = config.http.publicUrl;
  const show = present[kind.kind] as (o: list.BelowView) => object;
  const all = z.object({ ...shared, ...kind.body });
  const New = z.object({ ticket_type: id, ...all.shape }).meta({ id: `New${one}` });
  const Changed = all.partial().meta({ id: `Changed${one}` });
  // Who sends all of it again may name its type, which stays what it is.
  const Whole = z.object({ ...all.shape, ticket_type: id.optional() }).meta({ id: `Whole${one}` });
  const Query = z.object({
    ...paging,
    ticket_type: id.optional().meta({ description: 'Of this ticket type.' }),
    ...kind.filters,
    ordering: ordering(order),
  });

  // The three kinds' bodies have no type in common.
  const read = (body: any): ticketTypes.Asked => ({
    ...kind.read(body),
    quantity: body.quantity,
    isActive: body.is_active,
    salesStart: asked.time(body.sales_start),
    salesEnd: asked.time(body.sales_end),
    ...(body.price !== undefined && { price: asked.price(body.price) }),
  });
  const found = async (of: list.Viewer, offerId: string) => {
    const row = await list.findBelow(db, of, kind.kind, offerId);
    if (!row) throw new DomainError('not_found', ticketTypes.NONE[kind.kind], { what: kind.kind });
    return show(row);
  };
  const changing = (method: 'put' | 'patch', body: z.ZodObject) =>
    route({
      method,
      path: `${path}:id/`,
      ...ORGANIZERS,
      limit: LIMITS.authenticated,
      tag,
      operationId: `${method === 'put' ? 'replace' : 'change'}${one}`,
      summary: method === 'put' ? 'Update' : 'Update partially',
      description: 'A new price is for new orders.',
      params: Path,
      body,
      responses: { 200: { description: 'As it is now.', schema: shown } },
      refusals: REFUSALS,
      async handle({ params, body, caller }) {
        await ticketTypes.change(db, { id: params.id, kind: kind.kind, by: managerOf(caller), providers }, read(body));
        return { status: 200, body: await found(managerOf(caller), params.id) };
      },
    });

  return [
    route({
      method: 'get',
      path,
      access: 'public',
      recognizes: true,
      limit: LIMITS.anonymous,
      tag,
      operationId: `list${many}`,
      summary: 'List',
      query: Query,
      responses: { 200: { description: 'One page.', schema: pageSchema(shown) } },
      async handle({ query, caller, ctx }) {
        const asked = query as any;
        const filter = {
          typeId: asked.ticket_type,
          allDays: asked.is_all_days,
          day: asked.day_number,
          tier: asked.tier_number,
          isActive: asked.is_active,
          ordering: asked.ordering,
        };
        const { rows, total } = await list.below(db, viewer(caller), kind.kind, filter, pageOf(asked));
        return paged(ctx, publicUrl, { results: rows.map(show), count: total, page: asked.page, page_size: asked.page_size });
      },
    }),
    route({
      method: 'get',
      path: `${path}:id/`,
      access: 'public',
      recognizes: true,
      limit: LIMITS.anonymous,
      tag,
      operationId: `get${one}`,
      summary: 'Details',
      params: Path,
      responses: { 200: { description: 'As it is now.', schema: shown } },
      refusals: ['not_found'],
      handle: async ({ params, caller }) => ({ status: 200, body: await found(viewer(caller), params.id) }),
    }),
    route({
      method: 'post',
      path,
      ...ORGANIZERS,
      limit: LIMITS.authenticated,
      tag,
      operationId: `create${one}`,
      summary: 'Create',
      body: New,
      responses: { 201: { description: 'Made.', schema: shown } },
      refusals: ['invalid', 'event_fixed', 'forbidden'],
      async handle({ body, caller }) {
        const by = managerOf(caller);
        const made = await ticketTypes.createBelow(db, { typeId: body.ticket_type, kind: kind.kind, by, providers }, read(body));
        return { status: 201, body: await found(by, made) };
      },
    }),
    changing('put', Whole),
    changing('patch', Changed),
    route({
      method: 'delete',
      path: `${path}:id/`,
      ...ORGANIZERS,
      limit: LIMITS.authenticated,
      tag,
      operationId: `delete${one}`,
      summary: 'Delete',
      description: 'Only while nobody ever ordered any of it; after that it can be closed, with `is_active: false`.',
      params: Path,
      responses: { 204: { description: 'Deleted.' } },
      refusals: REFUSALS,
      async handle({ params, caller }) {
        await ticketTypes.remove(db, { id: params.id, kind: kind.kind, by: managerOf(caller) });
        return { status: 204, body: undefined };
      },
    }),
  ];
}
