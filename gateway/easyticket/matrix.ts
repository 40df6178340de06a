// The prices of a ticket type by day and tier, as a table.
import { z } from 'zod';
import * as list from '../../services/events/ticketList.ts';
import { NONE } from '../../services/events/ticketTypes.ts';
import { DomainError } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import { id } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { LIMITS } from './limits.ts';
import { Money, money } from './shapes.ts';
import { viewer } from './ticketFields.ts';

const Named = z.object({ number: z.int(), name: z.string() });
const Cell = z
  .object({ id, price: Money, quantity: z.int(), available_quantity: z.int(), is_sold_out: z.boolean(), is_active: z.boolean() })
  .meta({ id: 'MatrixCell' });
const Matrix = z
  .object({
    ticket_type: id,
    days: z.array(Named),
    tiers: z.array(Named),
    matrix: z
      .record(z.string(), z.record(z.string(), Cell))
      .meta({ description: 'By the number of the day, then of the tier. What is not sold together is not there.' }),
  })
  .meta({ id: 'PricingMatrix' });

/** GET /api/tickets/day-tier-prices/matrix/ */
export const matrixRoute = ({ db }: Gateway): Route =>
  route({
    method: 'get',
    path: '/api/tickets/day-tier-prices/matrix/',
    access: 'public',
    recognizes: true,
    limit: LIMITS.anonymous,
    tag: 'Day+Tier Prices',
    operationId: 'getPricingMatrix',
    summary: 'Pricing matrix',
    query: z.object({ ticket_type: id.meta({ description: 'The ticket type, by its id.' }) }),
    responses: { 200: { description: 'The matrix.', schema: Matrix } },
    refusals: ['not_found'],
    async handle({ query, caller }) {
      const type = await list.findType(db, viewer(caller), query.ticket_type);
      if (!type) throw new DomainError('not_found', NONE.type, { what: 'type' });
      return { status: 200, body: matrix(type.id, await list.allBelow(db, [type.id])) };
    },
  });

function matrix(ticketType: string, all: list.BelowView[]): z.output<typeof Matrix> {
  const cells = all.filter((o) => o.day_number !== null && o.tier_number !== null);
  const named = (number: (o: list.BelowView) => number, name: (o: list.BelowView) => string | null) =>
    [...new Map(cells.map((o) => [number(o), name(o) ?? ''])).entries()]
      .sort(([a], [b]) => a - b)
      .map(([n, text]) => ({ number: n, name: text }));
  const table: Record<string, Record<string, z.output<typeof Cell>>> = {};
  for (const o of cells) {
    table[o.day_number!] ??= {};
    table[o.day_number!]![o.tier_number!] = {
      id: o.id,
      price: money(o.price_minor, o.currency),
      quantity: o.quantity,
      available_quantity: o.left,
      is_sold_out: o.left === 0,
      is_active: o.is_active,
    };
  }
  return {
    ticket_type: ticketType,
    days: named(
      (o) => o.day_number!,
      (o) => o.day_name,
    ),
    tiers: named(
      (o) => o.tier_number!,
      (o) => o.tier_name,
    ),
    matrix: table,
  };
}
