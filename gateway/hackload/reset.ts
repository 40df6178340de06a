// POST /api/reset: everything free again, for test harnesses.
import { type EventProvider, eventProvider } from '../../services/external/provider.ts';
import { reset } from '../../services/orders/reset.ts';
import { DomainError } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import { type Route, route } from '../http/route.ts';
import { LIMITS } from './limits.ts';

/** The route. Where TEST_ENDPOINTS is off, as it must be in production, there is nothing. */
export function resetRoute({ db, config, log, forgetOrders }: Gateway, forget: () => void): Route {
  const provider = eventProvider(config.eventProvider);

  return route({
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
      const open = await reset(db);
      forget();
      // The engine ends them in its own time: nobody waits for it to say so.
      void forgetOrders().catch((err) => log.warn({ err }, 'reset: workflows go on'));
      await cancelAll(provider, open);
      return { status: 200, body: undefined };
    },
  });
}

const AT_ONCE = 8;

/** Ends orders at the event provider, as far as it lets us: its places are free again then. */
async function cancelAll(provider: EventProvider | undefined, refs: string[]): Promise<void> {
  const next = async (): Promise<void> => {
    for (let ref = refs.pop(); provider && ref; ref = refs.pop()) await provider.move(ref, 'cancel').catch(() => {});
  };
  await Promise.all(Array.from({ length: AT_ONCE }, next));
}
