// POST /api/reset: everything free again, for test harnesses.
import { reset } from '../../services/orders/reset.ts';
import { DomainError } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import { type Route, route } from '../http/route.ts';
import { LIMITS } from './limits.ts';

/** The route. Where TEST_ENDPOINTS is off, as it must be in production, there is nothing. */
export const resetRoute = ({ db, config }: Gateway, forget: () => void): Route =>
  route({
    method: 'post',
    path: '/api/reset',
    access: 'public',
    limit: LIMITS.public,
    tag: 'System',
    operationId: 'ResetDatabase',
    summary: 'Make everything free again',
    description: 'For test harnesses: forgets every booking and payment of the local stack. In production there is no such address.',
    responses: { 200: { description: 'Nothing is sold or held.' } },
    refusals: ['not_found'],
    async handle() {
      if (!config.testEndpoints) throw new DomainError('not_found', 'There is no reset here.', { what: 'reset' });
      await reset(db);
      forget();
      return { status: 200, body: undefined };
    },
  });
