// The door: a page for organizers that scans tickets, and the API it speaks. Other scanners may speak it too.
import { verifyAccess } from '../../services/accounts/sessions.ts';
import type { Gateway } from '../deps.ts';
import type { About, Api } from '../http/api.ts';
import { openApi } from '../http/docs/openapi.ts';
import { publisher } from '../http/docs/publisher.ts';
import { firstOf } from '../http/steps/auth.ts';
import { bearer } from '../http/steps/bearer.ts';
import { cookie } from '../http/steps/cookies.ts';
import { refusalTexts, refuse } from './errors.ts';
import { eventRoutes } from './events.ts';
import { fileRoutes } from './files.ts';
import { LIMITS } from './limits.ts';
import { scanRoutes } from './scans.ts';
import { COOKIES, sessionRoutes } from './session.ts';

/** The door's page and API. Its page signs in by cookies; programs send a bearer token of any of the other APIs. */
export function door(gateway: Gateway): Api {
  const { http } = gateway.config;
  const verify = (token: string) => verifyAccess(gateway.tokens, token);
  const authenticate = firstOf(bearer(verify), cookie(COOKIES.access.name, verify, 'doorCookie'));
  const routes = [...fileRoutes(), ...sessionRoutes(gateway), ...eventRoutes(gateway), ...scanRoutes(gateway)];
  const about: About = {
    title: 'Door API',
    version: '1.0.0',
    description: `What the page at ${http.publicUrl}/door/ speaks: guests, scans, and keys to verify codes without a network. Refusals are {error, detail}. Limits a minute: scans and reading ${LIMITS.scans.calls} each per account, sign-in ${LIMITS.signIn.calls} per address.`,
    tags: { Session: 'Signing in at a gate.', Door: 'Events, guests and keys.', Scans: 'Who goes in.' },
  };
  return {
    name: 'door',
    prefix: '/door',
    routes,
    document: openApi({ about, routes, authenticate, publisher: publisher(gateway.config), refusals: refusalTexts() }),
    authenticate,
    unknown: LIMITS.public,
    statedQuery: true,
    refuse,
  };
}
