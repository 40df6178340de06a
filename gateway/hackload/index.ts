// The Hackload API: that of seeds/hackload.md and of the contest's own document, assembled.
import { createCredentials } from '../../services/accounts/credentials.ts';
import type { Gateway } from '../deps.ts';
import type { About, Api } from '../http/api.ts';
import { openApi } from '../http/docs/openapi.ts';
import { publisher } from '../http/docs/publisher.ts';
import { basic } from '../http/steps/basic.ts';
import { analyticsRoute } from './analytics.ts';
import { bookingRoutes, createBookings } from './bookings.ts';
import { refuse } from './errors.ts';
import { eventRoutes } from './events.ts';
import { LIMITS } from './limits.ts';
import { paymentRoutes } from './payments.ts';
import { refusalTexts } from './refusals.ts';
import { resetRoute } from './reset.ts';
import { seatRoutes } from './seats.ts';

/** The Hackload API. Whoever has an account of any API calls it with e-mail and password. */
export function hackload(gateway: Gateway): Api {
  const { db, passwords, tokens, config } = gateway;
  const authenticate = basic(createCredentials(db, passwords, tokens));
  const bookings = createBookings(gateway);
  const routes = [
    ...eventRoutes(gateway),
    ...bookingRoutes(gateway, bookings),
    ...seatRoutes(gateway, bookings),
    ...paymentRoutes(gateway, bookings),
    analyticsRoute(gateway),
    resetRoute(gateway, bookings.forget),
  ];
  const about: About = {
    title: 'Hackload API',
    version: '1.1',
    description: `Bookings that are filled seat by seat. HTTP Basic with e-mail and password, in UTF-8; lists of events and seats need none. Refusals are \`{error, message}\`; 419 says that a seat or a booking cannot be had. Limits a minute for each buyer: ${LIMITS.attempts.calls} attempts, ${LIMITS.reading.calls} reads; at most ${config.apis.hackload.maxOpen} unpaid bookings at once, and ${config.apis.hackload.maxPerAccount} seats of one event.`,
    tags: {
      Events: 'What there is to go to.',
      Bookings: 'Made empty, filled, paid, cancelled.',
      Seats: 'Free, reserved, sold.',
      Payments: 'The way back from the payment page, and what the payment gateway posts.',
      Analytics: 'How an event sells.',
      System: 'For test harnesses.',
    },
  };
  return {
    name: 'hackload',
    prefix: ['/api/events', '/api/bookings', '/api/seats', '/api/payments', '/api/analytics', '/api/reset'],
    routes,
    document: openApi({ about, routes, authenticate, publisher: publisher(config), refusals: refusalTexts() }),
    authenticate,
    unknown: LIMITS.public,
    refuse,
  };
}
