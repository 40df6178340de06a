// The way out to the world: through the proxy that the environment names (https_proxy, no_proxy, in both spellings).
import { HttpsProxyAgent } from 'https-proxy-agent';
import { getProxyForUrl } from 'proxy-from-env';
import { within } from './within.ts';

/** The time-outs of the libraries begin with the connection, so one that is never made would be waited for without end. */
const CONNECT_MS = 10_000;

/**
 * The agent for calls to `url`; undefined where they go straight. It has to be handed to each library: Stripe's has an agent of its own, which
 * knows no proxy, Twilio's knows HTTP_PROXY alone, and Node 20's fetch none. Only https goes out; the stand-ins beside us speak http.
 */
export function proxyAgent(url: string): HttpsProxyAgent<string> | undefined {
  const proxy = url.startsWith('https:') ? getProxyForUrl(url) : '';
  if (!proxy) return undefined;
  const agent = new HttpsProxyAgent(proxy, { keepAlive: true });
  const connect = agent.connect.bind(agent);
  agent.connect = (request, options) =>
    within(CONNECT_MS, connect(request, options), () => {
      throw new Error(`the proxy did not connect in ${CONNECT_MS / 1000} s`);
    });
  return agent;
}
