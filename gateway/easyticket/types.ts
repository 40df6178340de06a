// Ticket types: what an event sells, alone or above tiers and days.

import { z } from 'zod';
import { managerOf } from '../../services/accounts/actor.ts';
import * as list from '../../services/events/ticketList.ts';
import * as ticketTypes from '../../services/events/ticketTypes.ts';
import { DomainError } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import { ordering, paged, pageOf, pageSchema, paging } from '../http/answers/pages.ts';
import type { RefusalCode } from '../http/api.ts';
import { id, instant, label } from '../http/fields.ts';
import { type Reply, type Route, route } from '../http/route.ts';
import { DayPass, DayTierPrice, present as presentBelow, Tier } from './below.ts';
import { LIMITS } from './limits.ts';
import { flag, Money, money, ORGANIZERS, time } from './shapes.ts';
import { asked, priceBody, quantityBody, stock, stockShape, viewer, windowBody } from './ticketFields.ts';

export const PricingType = z.enum(['simple', 'tiered', 'day_based', 'tier_and_day']);

const shown = {
  id,
  event: id,
  event_title: z.string(),
  name: z.string(),
  description: z.string(),
  pricing_type: PricingType,
  price: Money.nullable().meta({ description: 'null where what is below the type has prices.' }),
  min_price: Money.nullable(),
  currency: z.string(),
  total_quantity: z.int(),
  ...stockShape,
};
const TypeBrief = z.object(shown).meta({ id: 'TicketType' });
const full = { ...shown, min_purchase: z.int(), max_purchase: z.int().nullable(), benefits: z.string(), updated_at: instant };
const TypeFull = z
  .object({ ...full, tiers: z.array(Tier), day_passes: z.array(DayPass), day_tier_prices: z.array(DayTierPrice) })
  .meta({ id: 'TicketTypeDetails' });

const fields = {
  name: label(200),
  description: z.string().max(10_000).optional(),
  pricing_type: PricingType.optional().meta({ description: "Its event's; any other is refused." }),
  price: priceBody.nullable().optional().meta({ description: 'Of simple pricing only.' }),
  total_quantity: quantityBody,
  min_purchase: z.int().min(1).max(1_000_000).optional(),
  max_purchase: z.int().min(1).max(1_000_000).nullable().optional(),
  benefits: z.string().max(5_000).optional(),
  is_active: z.boolean().optional(),
  ...windowBody,
};
const NewType = z.object({ event: id, ...fields }).meta({ id: 'NewTicketType' });
const WholeType = z.object({ ...fields, event: id.optional() }).meta({ id: 'WholeTicketType' });
const ChangedType = z.object(fields).partial().meta({ id: 'ChangedTicketType' });

const filters = {
  event: id.optional().meta({ description: 'Of this event, by its id.' }),
  pricing_type: PricingType.optional().meta({ description: 'Of events sold in this way.' }),
  is_active: flag.optional().meta({ description: 'Only those offered, or only those withdrawn.' }),
  is_on_sale: flag.optional().meta({ description: 'Only those that can be bought right now, or only others.' }),
  search: z.string().max(200).optional().meta({ description: 'In name, description and benefits.' }),
  ordering: ordering({ created_at: 'created', price: 'price', total_quantity: 'quantity' }),
};
const TypesQuery = z.object({ ...paging, ...filters });
const Path = z.object({ id: z.string().meta({ description: "The ticket type's id.", param: { id: 'TicketTypeId' } }) });

const REFUSALS: RefusalCode[] = ['invalid', 'event_fixed', 'not_found'];
const tag = 'Ticket Types';
const path = '/api/tickets/types/';

const brief = (o: list.TypeView): z.output<typeof TypeBrief> => ({
  id: o.id,
  event: o.event_id,
  event_title: o.event_title,
  name: o.name,
  description: o.description,
  pricing_type: o.pricing_type,
  price: o.price_minor === null ? null : money(o.price_minor, o.currency),
  min_price: o.min_price_minor === null ? null : money(o.min_price_minor, o.currency),
  currency: o.currency,
  total_quantity: o.quantity,
  ...stock(o),
});

/** The routes under /api/tickets/types/. */
export function typeRoutes({ db, config, providers }: Gateway): Route[] {
  const publicUrl = config.http.publicUrl;

  async function found(of: list.Viewer, typeId: string): Promise<z.output<typeof TypeFull>> {
    const type = await list.findType(db, of, typeId);
    if (!type) throw new DomainError('not_found', ticketTypes.NONE.type, { what: 'type' });
    const below = type.pricing_type === 'simple' ? [] : await list.allBelow(db, [type.id]);
    const only = (kind: ticketTypes.Below) => (ticketTypes.BELOW[type.pricing_type as 'tiered'] === kind ? below : []);
    return {
      ...brief(type),
      min_purchase: type.min_per_order,
      max_purchase: type.max_per_order,
      benefits: type.benefits,
      updated_at: time(type.updated_at),
      tiers: only('tier').map(presentBelow.tier),
      day_passes: only('day').map(presentBelow.day),
      day_tier_prices: only('day_tier').map(presentBelow.day_tier),
    };
  }

  const read = (body: Partial<z.output<typeof NewType>>): ticketTypes.Asked => ({
    name: body.name,
    description: body.description,
    pricingType: body.pricing_type,
    quantity: body.total_quantity,
    minPerOrder: body.min_purchase,
    maxPerOrder: body.max_purchase,
    benefits: body.benefits,
    isActive: body.is_active,
    salesStart: asked.time(body.sales_start),
    salesEnd: asked.time(body.sales_end),
    ...(body.price !== undefined && { price: body.price === null ? null : asked.price(body.price) }),
  });

  const listed = async (
    ctx: Parameters<typeof paged>[0],
    of: list.Viewer,
    filter: list.TypeFilter,
    query: { page: number; page_size: number },
  ): Promise<Reply> => {
    const { rows, total } = await list.types(db, of, filter, pageOf(query));
    return paged(ctx, publicUrl, { results: rows.map(brief), count: total, page: query.page, page_size: query.page_size });
  };
  const pages = { 200: { description: 'One page.', schema: pageSchema(TypeBrief) } };
  const open = { access: 'public', recognizes: true, limit: LIMITS.anonymous, tag } as const;

  const changing = (method: 'put' | 'patch', body: typeof WholeType | typeof ChangedType) =>
    route({
      method,
      path: `${path}:id/`,
      ...ORGANIZERS,
      limit: LIMITS.authenticated,
      tag,
      operationId: method === 'put' ? 'replaceTicketType' : 'changeTicketType',
      summary: method === 'put' ? 'Update ticket type' : 'Update ticket type partially',
      description: 'A new price is for new orders. What is sold or held right now cannot be taken away.',
      params: Path,
      body,
      responses: { 200: { description: 'As it is now.', schema: TypeFull } },
      refusals: REFUSALS,
      async handle({ params, body, caller }) {
        await ticketTypes.change(db, { id: params.id, kind: 'type', by: managerOf(caller), providers }, read(body));
        return { status: 200, body: await found(managerOf(caller), params.id) };
      },
    });

  return [
    route({
      ...open,
      method: 'get',
      path,
      operationId: 'listTicketTypes',
      summary: 'List all ticket types',
      query: TypesQuery,
      responses: pages,
      handle: ({ query, caller, ctx }) =>
        listed(
          ctx,
          viewer(caller),
          {
            event: query.event,
            pricingType: query.pricing_type,
            isActive: query.is_active,
            isOnSale: query.is_on_sale,
            search: query.search,
            ordering: query.ordering,
          },
          query,
        ),
    }),
    route({
      ...open,
      method: 'get',
      path: `${path}by_event/`,
      operationId: 'listTicketTypesOfEvent',
      summary: 'Tickets for an event',
      query: z.object({ ...paging, event_id: id.meta({ description: 'The event, by its id.' }) }),
      responses: pages,
      handle: ({ query, caller, ctx }) => listed(ctx, viewer(caller), { event: query.event_id }, query),
    }),
    route({
      ...open,
      method: 'get',
      path: `${path}available/`,
      operationId: 'listAvailableTicketTypes',
      summary: 'Tickets that can be bought now',
      query: z.object(paging),
      responses: pages,
      handle: ({ query, caller, ctx }) => listed(ctx, viewer(caller), { available: true }, query),
    }),
    route({
      ...open,
      method: 'get',
      path: `${path}:id/`,
      operationId: 'getTicketType',
      summary: 'Ticket type details',
      params: Path,
      responses: { 200: { description: 'The type with all that is below it.', schema: TypeFull } },
      refusals: ['not_found'],
      handle: async ({ params, caller }) => ({ status: 200, body: await found(viewer(caller), params.id) }),
    }),
    route({
      method: 'post',
      path,
      ...ORGANIZERS,
      limit: LIMITS.authenticated,
      tag,
      operationId: 'createTicketType',
      summary: 'Create ticket type',
      body: NewType,
      responses: { 201: { description: 'Made.', schema: TypeFull } },
      refusals: ['invalid', 'event_fixed', 'event_not_found', 'forbidden'],
      async handle({ body, caller }) {
        const by = managerOf(caller);
        const made = await ticketTypes.createType(db, { eventId: body.event, by, providers }, read(body));
        return { status: 201, body: await found(by, made) };
      },
    }),
    changing('put', WholeType),
    changing('patch', ChangedType),
    route({
      method: 'delete',
      path: `${path}:id/`,
      ...ORGANIZERS,
      limit: LIMITS.authenticated,
      tag,
      operationId: 'deleteTicketType',
      summary: 'Delete ticket type',
      description: 'With all below it, only while nobody ever ordered any of it; after that it can be closed, with `is_active: false`.',
      params: Path,
      responses: { 204: { description: 'Deleted.' } },
      refusals: REFUSALS,
      async handle({ params, caller }) {
        await ticketTypes.remove(db, { id: params.id, kind: 'type', by: managerOf(caller) });
        return { status: 204, body: undefined };
      },
    }),
  ];
}
