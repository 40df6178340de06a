// The Registrations API: that of seeds/hackathon-registrations.md, assembled.
import * as apiKeys from '../../services/accounts/apiKeys.ts';
import { verifyAccess } from '../../services/accounts/sessions.ts';
import { DomainError } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import type { About, Api } from '../http/api.ts';
import { openApi } from '../http/docs/openapi.ts';
import { publisher } from '../http/docs/publisher.ts';
import { apiKey } from '../http/steps/apiKey.ts';
import { bearer } from '../http/steps/bearer.ts';
import { refuse } from './errors.ts';
import { eventRoutes } from './events.ts';
import { keyRoutes } from './keys.ts';
import { LIMITS } from './limits.ts';
import { refusalTexts } from './refusals.ts';
import { registrationRoutes } from './registrations.ts';
import { ticketJobRoutes } from './ticketJobs.ts';
import { ticketRoutes } from './tickets.ts';
import { webhookDeliveryRoutes } from './webhookDeliveries.ts';
import { webhookRoutes } from './webhooks.ts';

/** The Registrations API. Programs come with a key of an organizer; the keys themselves are made by people who are signed in. */
export function registrations(gateway: Gateway): Api {
  const { production } = gateway.config;
  const { db, tokens } = gateway;
  const keys = apiKey((key) => apiKeys.verify(db, tokens, key, { liveOnly: production }));
  const authenticate = bearer((token) => {
    if (apiKeys.looksLikeKey(token)) throw new DomainError('forbidden', 'An API key cannot do this: sign in.');
    return verifyAccess(tokens, token);
  });
  const routes = [
    ...registrationRoutes(gateway),
    ...ticketRoutes(gateway),
    ...ticketJobRoutes(gateway),
    ...eventRoutes(gateway),
    ...keyRoutes(gateway),
    ...webhookRoutes(gateway),
    ...webhookDeliveryRoutes(gateway),
  ];
  const about: About = {
    title: 'Registrations API',
    version: '1.0.0',
    description: `Registrations for hackathons and other events whose organizer's programs do the work. They send \`Authorization: Bearer <api key>\`; a key sees its owner's events only, and does what its scopes say. Refusals are \`{error: {code, message, details}}\`. Limits a minute for each key: ${LIMITS.general.calls}, bulk operations ${LIMITS.bulk.calls}. Keys are made by organizers who are signed in through another of the APIs.`,
    tags: {
      Registrations: 'Participants of your events.',
      Tickets: 'Shown, checked in, and many at once.',
      Events: 'Their capacity, settings and figures.',
      Keys: 'With which programs prove whose they are.',
      Webhooks: 'How programs are told of what happens.',
    },
  };
  return {
    name: 'registrations',
    prefix: '/api/billetter',
    routes,
    document: openApi({ about, routes, authenticate, keys, publisher: publisher(gateway.config), refusals: refusalTexts() }),
    authenticate,
    keys,
    unknown: LIMITS.public,
    statedQuery: true,
    refuse,
  };
}
