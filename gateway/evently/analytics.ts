// Evently's dashboard: what an organizer's events, or all of them, have sold in a period.
import { z } from 'zod';
import * as analytics from '../../services/reports/analytics.ts';
import type { Gateway } from '../deps.ts';
import { type Route, route } from '../http/route.ts';
import { ok } from './envelope.ts';
import { LIMITS } from './limits.ts';
import * as present from './presenters.ts';
import { envelope } from './shapes.ts';

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'));
const amount = z.number().meta({ example: 7500.0 });
const percent = z.number().meta({ example: 75.5 });
const count = z.number().int();

const Query = z.object({
  start_date: z.iso.date().optional().meta({ description: 'First day (UTC). Default: 30 days up to the end date.' }),
  end_date: z.iso.date().optional().meta({ description: 'Last day (UTC), included. Default: today.' }),
  currency: z
    .string()
    .toUpperCase()
    .refine((code) => CURRENCIES.has(code), 'not an ISO 4217 code')
    .optional()
    .meta({ description: 'Addition to the seed: which currency the amounts are of. Default: the one of most bookings.' }),
});
const Dashboard = z
  .object({
    summary: z.object({
      total_events: count,
      total_bookings: count,
      total_revenue: amount,
      average_capacity_utilization: percent,
      currency: z.string().meta({ description: 'Addition to the seed: the currency of every amount outside `by_currency`.' }),
    }),
    top_events: z.array(z.object({ event_id: z.guid(), name: z.string(), bookings: count, revenue: amount, utilization: percent })),
    booking_trends: z.array(z.object({ date: z.iso.date(), bookings: count, revenue: amount })),
    revenue_by_category: z.record(z.string(), amount),
    by_currency: z
      .array(z.object({ currency: z.string(), bookings: count, revenue: amount }))
      .meta({ description: 'Addition to the seed: every currency that was sold in.' }),
  })
  .meta({ id: 'Dashboard' });

/** GET /api/v1/admin/analytics/dashboard. */
export function analyticsRoute({ db }: Gateway): Route {
  return route({
    method: 'get',
    path: '/api/v1/admin/analytics/dashboard',
    access: 'organizer',
    limit: LIMITS.admin,
    tag: 'Admin',
    operationId: 'getDashboard',
    summary: 'Analytics dashboard',
    description:
      'Organizers see their own events, admins all. Bookings are those confirmed in the period, also if cancelled later; revenue is what ' +
      'they have brought until now, refunds taken from the day of their booking. Amounts are in one currency, counts are of all. ' +
      'Events are those open or booked in the period; utilization is valid tickets today per capacity, in percent. ' +
      `At most ${analytics.MAX_DAYS} days.`,
    query: Query,
    responses: { 200: { description: 'The figures.', schema: envelope(Dashboard) } },
    refusals: [],
    async handle({ query, caller }) {
      const period = analytics.period({ start: query.start_date, end: query.end_date }, new Date());
      // What others earn is not an organizer's business; events of nobody (organizer_id is null) are the house's, hence the admins'.
      const organizerId = caller.role === 'admin' ? undefined : caller.accountId;
      return ok(shown(await analytics.dashboard(db, { period, organizerId, currency: query.currency })));
    },
  });
}

function shown(d: analytics.Dashboard): z.output<typeof Dashboard> {
  const money = (minor: number) => present.money(minor, d.currency);
  return {
    summary: {
      total_events: d.total_events,
      total_bookings: d.by_currency.reduce((n, c) => n + c.bookings, 0),
      total_revenue: money(d.by_currency.find((c) => c.currency === d.currency)?.revenue_minor ?? 0),
      average_capacity_utilization: tenth(d.utilization),
      currency: d.currency,
    },
    top_events: d.top.map(({ revenue_minor, utilization, ...e }) => ({
      ...e,
      revenue: money(revenue_minor),
      utilization: tenth(utilization),
    })),
    booking_trends: d.trends.map(({ date, bookings, revenue_minor }) => ({ date, bookings, revenue: money(revenue_minor) })),
    revenue_by_category: Object.fromEntries(d.categories.map((c) => [c.name, money(c.revenue_minor)])),
    by_currency: d.by_currency.map((c) => ({
      currency: c.currency,
      bookings: c.bookings,
      revenue: present.money(c.revenue_minor, c.currency),
    })),
  };
}

const tenth = (n: number) => Math.round(n * 10) / 10;
