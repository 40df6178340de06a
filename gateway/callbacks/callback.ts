// A provider's callback as an API of one route: verified over its raw bytes, and recorded once.
import { providerOf } from '../../services/payments/provider.ts';
import type { Gateway } from '../deps.ts';
import type { Api, RefusalTable } from '../http/api.ts';
import { route } from '../http/route.ts';

// Providers look at the status alone: 2xx is done, anything else is sent again for days. The bodies are for whoever reads their dashboards.
const STATUS: Partial<Record<keyof RefusalTable, number>> = {
  signature_invalid: 400,
  invalid: 400,
  malformed: 400,
  // On record and being looked into; sent again it would contradict us just the same, so the sender is told it is wrong.
  payment_mismatch: 400,
  body_too_large: 413,
  route_not_found: 404,
  method_not_allowed: 405,
  unavailable: 503,
  payment_unavailable: 503,
};

/** Who calls back, and where. `prefix`: unknown paths under it are answered in this API's words. */
export type Callback = { provider: string; name: string; title: string; prefix: string; path: string };

/** No tokens and no rate limit: the sender is proven by what the provider reads out of the request. */
export function callback({ receive, providers }: Pick<Gateway, 'receive' | 'providers'>, { provider, path, title, ...api }: Callback): Api {
  return {
    ...api,
    refuse: ({ code, message }) => ({ status: STATUS[code] ?? 500, body: { error: { code, message } } }),
    routes: [
      route({
        method: 'post',
        path,
        access: 'signature',
        limit: 'none',
        tag: title,
        summary: `What ${provider} tells`,
        rawBody: true,
        responses: { 200: { description: 'Taken in: recorded, a duplicate, or nothing we act on.' } },
        async handle({ body, ctx, note }) {
          const event = await providerOf(providers, provider).readCallback(body as unknown as Buffer, (name) => ctx.get(name));
          if (event.payment?.orderId) note(event.payment.orderId);
          const { outcome } = await receive(provider, event);
          return { status: 200, body: { received: true, message: 'Webhook processed successfully', outcome } };
        },
      }),
    ],
  };
}
