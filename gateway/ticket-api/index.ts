// The Ticket API: that of seeds/ticket-checkin.md, assembled.
import { verifyAccess } from '../../services/accounts/sessions.ts';
import type { Gateway } from '../deps.ts';
import type { About, Api } from '../http/api.ts';
import { openApi } from '../http/docs/openapi.ts';
import { publisher } from '../http/docs/publisher.ts';
import { bearer } from '../http/steps/bearer.ts';
import { blockRoutes } from './blocks.ts';
import { bookingRoutes } from './book.ts';
import { checkInRoute } from './checkIn.ts';
import { refuse } from './errors.ts';
import { LIMITS } from './limits.ts';
import { refusalTexts } from './refusals.ts';

/** The Ticket API. Accounts and tokens are those of the other APIs. */
export function ticketApi(gateway: Gateway): Api {
  const { apis } = gateway.config;
  const authenticate = bearer((token) => verifyAccess(gateway.tokens, token));
  const routes = [...bookingRoutes(gateway), checkInRoute(gateway), ...blockRoutes(gateway)];
  const about: About = {
    title: 'Ticket API',
    version: '1.0.0',
    description: `Book tickets by event and quantity, and check them in at the door. Refusals are {detail}. Sign in through EasyTicket or Evently: the tokens are the same. Limits a minute: booking ${LIMITS.booking.calls}, check-in ${LIMITS.checkIn.calls}, blocked users ${LIMITS.blocks.calls} per account.`,
    tags: { Tickets: 'Booked, and checked in.', 'Blocked users': 'To whom an organizer does not sell.' },
  };
  return {
    name: 'ticket-api',
    prefix: ['/api/tickets/', '/media/orders'],
    routes,
    document: openApi({ about, routes, authenticate, publisher: publisher(gateway.config), refusals: refusalTexts() }),
    authenticate,
    unknown: LIMITS.public,
    statedQuery: true,
    origins: apis.ticketApi.origins,
    refuse,
  };
}
