// EasyTicket: the API of seeds/easyticket.md, assembled.
import { verifyAccess } from '../../services/accounts/sessions.ts';
import type { Gateway } from '../deps.ts';
import type { About, Api } from '../http/api.ts';
import { openApi } from '../http/docs/openapi.ts';
import { publisher } from '../http/docs/publisher.ts';
import type { Route } from '../http/route.ts';
import { firstOf } from '../http/steps/auth.ts';
import { bearer } from '../http/steps/bearer.ts';
import { cookie } from '../http/steps/cookies.ts';
import { authRoutes, COOKIES } from './auth.ts';
import { belowRoutes } from './below.ts';
import { categoryRoutes } from './categories.ts';
import { refuse } from './errors.ts';
import { pictureRoute } from './eventForm.ts';
import { eventRoutes } from './events.ts';
import { LIMITS } from './limits.ts';
import { matrixRoute } from './matrix.ts';
import { myTicketRoutes } from './myTickets.ts';
import { orderActions } from './orderActions.ts';
import { orderLists } from './orderLists.ts';
import { orderRoutes } from './orders.ts';
import { paymentRoutes } from './payments.ts';
import { profileRoutes } from './profile.ts';
import { refundRoute } from './refunds.ts';
import { refusalTexts } from './refusals.ts';
import { signUpRoutes } from './signUp.ts';
import { typeRoutes } from './types.ts';
import { verifyRoute } from './verify.ts';

const DESCRIPTION = `Browse events, order tickets of all four pricing types, pay with Stripe, scan. Refusals are {error, detail, code, field_errors?}. A query parameter that a route does not state is refused by its name, with 400.

Rate limits per hour: anonymous ${LIMITS.anonymous.calls} and sign-in ${LIMITS.login.calls} per address, authenticated ${LIMITS.authenticated.calls}, payment ${LIMITS.payment.calls} per account; X-RateLimit-Limit, -Remaining and -Reset say where you stand.`;

const TAGS = {
  Authentication: 'Accounts, tokens and cookies.',
  'Event Categories': 'What events are sorted into.',
  Events: 'What is on, and what its organizers do with it.',
  'Ticket Types': 'What an event sells.',
  'Ticket Tiers': 'Below types of tiered events.',
  'Day Passes': 'Below types of events sold by day.',
  'Day+Tier Prices': 'Below types of events sold by day and tier.',
  'My Tickets': 'Tickets bought, and scanned at the door.',
  Orders: 'Tickets held, and bought.',
  Payments: 'Money for orders, and back.',
};

/** The EasyTicket API. */
export function easyticket(gateway: Gateway): Api {
  const { apis } = gateway.config;
  const verify = (token: string) => verifyAccess(gateway.tokens, token);
  const authenticate = firstOf(bearer(verify), cookie(COOKIES.access.name, verify));
  const routes: Route[] = [
    ...signUpRoutes(gateway),
    ...authRoutes(gateway),
    ...profileRoutes(gateway),
    ...categoryRoutes(gateway),
    ...eventRoutes(gateway),
    pictureRoute(gateway),
    ...typeRoutes(gateway),
    ...belowRoutes(gateway),
    matrixRoute(gateway),
    ...myTicketRoutes(gateway),
    verifyRoute(gateway),
    ...orderLists(gateway),
    ...orderRoutes(gateway),
    ...orderActions(gateway),
    ...paymentRoutes(gateway),
    refundRoute(gateway),
  ];
  const about: About = {
    title: 'EasyTicket API',
    version: '1.1.0',
    description: DESCRIPTION,
    tags: TAGS,
  };
  const document = openApi({ about, routes, authenticate, publisher: publisher(gateway.config), refusals: refusalTexts() });
  return {
    name: 'easyticket',
    prefix: [
      '/api/auth',
      '/api/events/',
      '/api/tickets/types',
      '/api/tickets/tiers',
      '/api/tickets/day-passes',
      '/api/tickets/day-tier-prices',
      '/api/tickets/my-tickets',
      '/api/orders',
      '/media',
    ],
    routes,
    document,
    authenticate,
    unknown: LIMITS.anonymous,
    known: LIMITS.authenticated,
    statedQuery: true,
    origins: apis.easyticket.origins,
    refuse,
  };
}
