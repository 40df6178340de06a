// What operators and orchestrators ask the gateway: alive, ready (and if not, for want of what), metrics.
import { z } from 'zod';
import { within } from '../../../services/shared/within.ts';
import type { Api, RefusalTable } from '../api.ts';
import { type Reply, route } from '../route.ts';
import type { Metrics } from './metrics.ts';

/** One dependency: resolves when it answers, rejects with why not. */
export type Probe = { name: string; check(): Promise<void> };

const PROBE_MS = 2_000;
/** Anybody may ask, so one answer serves all who ask within a second: asking costs the dependencies nothing. */
const SHARED_MS = 1_000;

const REFUSALS: Pick<RefusalTable, 'not_found' | 'route_not_found' | 'method_not_allowed' | 'rate_limited'> = {
  not_found: { status: 404, code: 'not_found' },
  route_not_found: { status: 404, code: 'not_found' },
  method_not_allowed: { status: 405, code: 'method_not_allowed' },
  rate_limited: { status: 429, code: 'rate_limited' },
};

/** /healthz, /readyz and /metrics. `isDraining` makes readiness fail first, so that a balancer looks away before the sockets close. */
export function operations(parts: { probes: Probe[]; metrics: Metrics; isDraining: () => boolean; routes?: Api['routes'] }): Api {
  const json = (status: number, body: unknown): Reply => ({ status, body });
  const probes = parts.probes.map(shared);
  return {
    name: 'operations',
    prefix: '/',
    refuse: ({ code, message }) => {
      const known = REFUSALS[code as keyof typeof REFUSALS] ?? { status: code === 'malformed' ? 400 : 500, code };
      return { status: known.status, body: { error: known.code, message } };
    },
    routes: [
      route({
        method: 'get',
        path: '/healthz',
        access: 'public',
        limit: 'none',
        tag: 'Operations',
        summary: 'Alive: the process answers.',
        responses: { 200: { description: 'Alive.' } },
        handle: () => json(200, { status: 'ok' }),
      }),
      route({
        method: 'get',
        path: '/readyz',
        access: 'public',
        limit: 'none',
        tag: 'Operations',
        summary: 'Ready: every dependency answers. ?need=postgres asks for that one alone (the gateway sells while Temporal is down).',
        query: z.object({ need: z.string().optional() }),
        responses: { 200: { description: 'Ready.' }, 503: { description: 'Not ready; `missing` names what does not answer.' } },
        async handle({ query }) {
          const asked = probes.filter((p) => !query.need || query.need.split(',').includes(p.name));
          const results = await Promise.all(asked.map(async (p) => [p.name, await p.outcome()] as const));
          const missing = results.filter(([, said]) => said !== 'ok').map(([name]) => name);
          const draining = parts.isDraining();
          const status = draining ? 'draining' : missing.length ? 'unavailable' : 'ready';
          return json(status === 'ready' ? 200 : 503, { status, missing, checks: Object.fromEntries(results) });
        },
      }),
      route({
        method: 'get',
        path: '/metrics',
        access: 'public',
        limit: 'none',
        tag: 'Operations',
        summary: 'Prometheus metrics. Keep it inside your network.',
        responses: { 200: { description: 'Metrics.', type: 'text/plain' } },
        handle: async () => ({ status: 200, body: await parts.metrics.render(), type: parts.metrics.contentType }),
      }),
      ...(parts.routes ?? []),
    ],
  };
}

function shared(probe: Probe): { name: string; outcome(): Promise<string> } {
  let last: { at: number; said: Promise<string> } | undefined;
  return {
    name: probe.name,
    outcome() {
      if (!last || Date.now() - last.at > SHARED_MS) last = { at: Date.now(), said: outcome(probe) };
      return last.said;
    },
  };
}

/** "ok", or why not. A dependency that hangs counts as missing after two seconds. */
async function outcome(probe: Probe): Promise<string> {
  try {
    await within(PROBE_MS, probe.check(), () => {
      throw new Error(`no answer within ${PROBE_MS} ms`);
    });
    return 'ok';
  } catch (error) {
    return (error instanceof Error && (error.message || (error as { code?: string }).code)) || 'failed';
  }
}
