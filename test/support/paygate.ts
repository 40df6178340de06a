// The contest's payment gateway in tests: a stand-in of one's own, and the buyer's, the operator's and the network's hands on it.

import { paygateProvider } from '../../services/payments/paygate.ts';
import { PAYGATE, type PaymentProvider } from '../../services/payments/provider.ts';
import { type StandinOptions, startPaygateStandin } from '../../standins/paygate/standin.ts';

export const TEAM = { slug: 'billetter', password: 'billetter-development-paygate-password' };

/** What happened to a payment at the gateway. */
export type Shown = { paymentId: string; orderId: string; status: string; amount: number };

/** The hands, on a stand-in that runs anywhere. */
export function atPaygate(url: string) {
  async function ask(method: string, path: string, body?: object): Promise<any> {
    const response = await fetch(`${url}/_standin/${path}`, { method, ...(body && { body: JSON.stringify(body) }) });
    const answer = await response.json();
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${JSON.stringify(answer)}`);
    return answer;
  }
  return {
    url,
    faults: (switches: Record<string, unknown>) => ask('POST', 'faults', switches),
    calm: () => ask('POST', 'reset', {}),
    /** Somebody does this to the payment at the gateway itself. */
    act: (what: 'pay' | 'decline' | 'cancel' | 'expire' | 'refund', paymentId: string): Promise<Shown> => ask('POST', what, { paymentId }),
    payments: (): Promise<Shown[]> => ask('GET', 'payments'),
    notifications: (): Promise<{ paymentId: string; status: string; state: string; attempts: number }[]> => ask('GET', 'notifications'),
    async status(paymentId: string): Promise<string | undefined> {
      return ((await ask('GET', 'payments')) as Shown[]).find((one) => one.paymentId === paymentId)?.status;
    },
  };
}

export type Paygate = Awaited<ReturnType<typeof startPaygate>>;

/** A stand-in with a provider that talks to it. `publicUrl`: where notifications go; left out, nowhere. */
export async function startPaygate(
  options: Partial<StandinOptions> & { backTo?: string; timeoutMs?: number; events?: Set<number> | 'all' } = {},
) {
  const { backTo = 'http://127.0.0.1:9', timeoutMs = 2_000, events = 'all', ...more } = options;
  const standin = await startPaygateStandin({ port: 0, team: TEAM, retry: { firstMs: 50, mostMs: 500 }, ...more });
  const settings = { url: standin.url, team: TEAM.slug, password: TEAM.password, timeoutMs, publicUrl: backTo, events };
  const provider: PaymentProvider = paygateProvider(settings);
  return { ...atPaygate(standin.url), settings, provider, providers: { [PAYGATE]: provider }, close: () => standin.close() };
}
