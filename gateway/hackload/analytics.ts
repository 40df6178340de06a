// GET /api/analytics: how an event sells, and how each of its price zones does.
import { z } from 'zod';
import { eventSales } from '../../services/reports/eventSales.ts';
import { decimal } from '../../services/shared/money.ts';
import type { Gateway } from '../deps.ts';
import { type Route, route } from '../http/route.ts';
import { batched } from '../reads/gate.ts';
import { eventOf } from './eventOf.ts';
import { LIMITS } from './limits.ts';
import { id, queryId } from './shapes.ts';

const count = z.int().meta({ format: 'int32' });
const money = z.string().meta({ format: 'decimal', example: '97500.00' });
const seats = { total_seats: count, sold_seats: count, reserved_seats: count, free_seats: count, total_revenue: money };

const Zone = z.object({ name: z.string(), price: money, ...seats }).meta({ id: 'AnalyticsZone' });

const Analytics = z
  .object({
    event_id: id,
    ...seats,
    bookings_count: count.meta({ description: 'Held and paid ones.' }),
    zones: z.array(Zone).meta({ description: 'Addition to the contract: the same of each price zone.' }),
  })
  .meta({ id: 'AnalyticsResponse' });

/** The route of analytics. Seats are counted on the event's board; the revenue is asked of the database once for all who ask at one time. */
export function analyticsRoute({ db, feed }: Gateway): Route {
  const sales = batched(async (ids) => new Map(await Promise.all(ids.map(async (id) => [id, await eventSales(db, id)] as const))));

  return route({
    method: 'get',
    path: '/api/analytics',
    // The contract names no role for it, where it does for making events.
    access: 'user',
    limit: LIMITS.reading,
    tag: 'Analytics',
    operationId: 'GetEventAnalytics',
    summary: 'How an event sells',
    query: z.object({ id: queryId }),
    responses: { 200: { description: 'Its figures.', schema: Analytics } },
    refusals: ['event_not_found'],
    async handle({ query }) {
      await feed.catchUp();
      const event = await eventOf(feed, query.id);
      const [board, sold] = await Promise.all([feed.board(event), sales(event.id)]);
      const { currency } = board;

      const counts = board.countByOffer();
      const revenue = new Map(sold!.offers.map((offer) => [offer.offer_id, offer.revenue_minor]));
      const zones = board.offers.map((offer) => ({
        name: offer.tier,
        price: decimal(offer.priceMinor, currency),
        ...spoken(counts.get(offer)!),
        total_revenue: decimal(revenue.get(offer.id) ?? 0, currency),
      }));
      const all = [...counts.values()].reduce(
        (a, b) => ({ available: a.available + b.available, held: a.held + b.held, booked: a.booked + b.booked }),
        {
          ...{ available: 0, held: 0, booked: 0 },
        },
      );
      const body = {
        event_id: query.id,
        ...spoken(all),
        total_revenue: decimal(sold!.revenueMinor, currency),
        bookings_count: sold!.bookings,
        zones,
      };
      return { status: 200, body };
    },
  });
}

const spoken = ({ available, held, booked }: { available: number; held: number; booked: number }) => ({
  total_seats: available + held + booked,
  sold_seats: booked,
  reserved_seats: held,
  free_seats: available,
});
