// Evently: the API of seeds/evently.md, assembled.

import { verifyAccess } from '../../services/accounts/sessions.ts';
import type { Gateway } from '../deps.ts';
import type { About, Api } from '../http/api.ts';
import type { Assets } from '../http/docs/assets.ts';
import { type OpenApiDocument, openApi } from '../http/docs/openapi.ts';
import { docsPages } from '../http/docs/pages.ts';
import { publisher } from '../http/docs/publisher.ts';
import { served } from '../http/docs/served.ts';
import type { Route } from '../http/route.ts';
import { bearer } from '../http/steps/bearer.ts';
import { liveSeatsDocument } from '../live/asyncapi.ts';
import { admin } from './admin.ts';
import { analyticsRoute } from './analytics.ts';
import { auth } from './auth.ts';
import { bookings } from './bookings.ts';
import { confirm } from './confirm.ts';
import { refuse } from './errors.ts';
import { eventRoutes } from './events.ts';
import { LIMITS } from './limits.ts';
import { payments } from './payments.ts';
import { progress } from './progress.ts';
import { refusalTexts } from './refusals.ts';
import { ticketFiles } from './tickets.ts';
import { undeliveredRoute } from './undelivered.ts';
import { users } from './users.ts';
import { venueRoutes } from './venues.ts';
import { waitlistRoutes } from './waitlist.ts';

const LIVE_SEATS_URL = '/api/v1/asyncapi.json';

const DESCRIPTION = `Browse events, hold seats, pay, get tickets. Success answers are {success, data, message?, timestamp}; refusals are {success: false, error: {code, message, details}, timestamp}. A query parameter that a route does not state is refused by its name, with 400.

Rate limits per minute: public ${LIMITS.public.calls} per address (with a valid token: as authenticated), sign-in ${LIMITS.signIn.calls} per address, authenticated ${LIMITS.authenticated.calls}, booking ${LIMITS.booking.calls}, admin ${LIMITS.admin.calls} per account; X-RateLimit-Limit, -Remaining and -Reset say where you stand.

Live seats are told over a WebSocket, \`/ws/events/{event_id}\`: [its AsyncAPI document](${LIVE_SEATS_URL}) says all about it.`;

const TEST_CARDS = `

Test cards: tok_visa pays, tok_chargeDeclined is declined; on the payment page 4242 4242 4242 4242 pays.`;

const TAGS = {
  Authentication: 'Accounts and tokens.',
  Events: 'What is on, and which seats are free.',
  Bookings: 'Seats held, paid and given back, and their tickets.',
  Payments: 'Paying a booking by card.',
  Waitlist: 'The line for seats that come back.',
  Users: "The caller's own account.",
  Admin: 'For organizers and admins.',
  Venues: 'Where events happen.',
};

/** The Evently API. */
export function evently(gateway: Gateway, assets: Assets): Api {
  const routes = [
    ...auth(gateway),
    ...eventRoutes(gateway),
    ...bookings(gateway),
    confirm(gateway),
    ...ticketFiles(gateway),
    ...payments(gateway),
    ...waitlistRoutes(gateway),
    ...users(gateway),
    ...admin(gateway),
    progress(gateway),
    analyticsRoute(gateway),
    undeliveredRoute(gateway),
    ...venueRoutes(gateway),
  ];
  const authenticate = bearer((token) => verifyAccess(gateway.tokens, token));
  const { production } = gateway.config;
  const about: About = {
    title: 'Evently API',
    version: '1.0.0',
    description: DESCRIPTION + (production ? '' : TEST_CARDS),
    tags: TAGS,
  };
  const document = openApi({ about, routes, authenticate, publisher: publisher(gateway.config), refusals: refusalTexts() });
  return {
    name: 'evently',
    prefix: '/api/v1',
    routes: [...routes, ...docs(document, liveSeatsDocument(gateway.config), assets)],
    document,
    authenticate,
    unknown: LIMITS.public,
    known: LIMITS.authenticated,
    statedQuery: true,
    origins: gateway.config.apis.evently.origins,
    refuse,
  };
}

/** The pages and documents at Evently's own addresses, where its clients know them; those of all APIs are the house's. */
function docs(document: OpenApiDocument, liveSeats: object, assets: Assets): Route[] {
  const documentUrl = '/api/v1/openapi.json';
  const limit = LIMITS.public;
  return [
    ...docsPages(assets, { title: document.info.title, documentUrl, swaggerUi: '/api/v1/docs', redoc: '/api/v1/redoc', limit }),
    served({ path: documentUrl, summary: 'The OpenAPI 3.1 document.', document, limit }),
    served({ path: LIVE_SEATS_URL, summary: 'The AsyncAPI 3 document of live seats.', document: liveSeats, limit }),
  ];
}
