// Where webhooks may go: to public addresses only. Whoever makes an endpoint must not reach through us what they could not reach themselves.
import { Resolver } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';

/** `local`: http and loopback are allowed too, for the local stack and tests. Production refuses to start with it (config.ts). */
export type Reach = { local: boolean };

/** Why an address or a URL is refused; said to its owner. */
export class Unreachable extends Error {}

const MAX_URL = 2048;
/** All of IPv6 that is given out for hosts; what lies outside is special, or maps to IPv4 in an old way (::7f00:1). */
const GLOBAL_V6 = ipaddr.parseCIDR('2000::/3') as [ipaddr.IPv6, number];
/** Public by its range, but the inside of a cloud: Azure's host, which hands out secrets to whoever asks. */
const INSIDE = new Set(['168.63.129.16']);

/** Whether a connection may be made to this address. An IPv4 address within an IPv6 one is judged as itself. */
export function isAllowed(address: string, { local }: Reach): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  const range = parsed.range();
  if (range === 'loopback') return local;
  if (range !== 'unicast' || INSIDE.has(parsed.toString())) return false;
  return parsed.kind() === 'ipv4' || (parsed as ipaddr.IPv6).match(GLOBAL_V6);
}

/** The URL if a webhook may go there; a name is judged when it is resolved, at every try. @throws Unreachable, saying why not */
export function allowedUrl(text: string, reach: Reach): URL {
  if (text.length > MAX_URL) throw new Unreachable(`The URL must have at most ${MAX_URL} characters.`);
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || (url.protocol !== 'https:' && !(reach.local && url.protocol === 'http:')))
    throw new Unreachable('The URL must begin with https://.');
  if (url.username || url.password) throw new Unreachable('The URL must have no name and password in it.');
  if (url.hash) throw new Unreachable('The URL must have no fragment (#).');
  const host = hostOf(url);
  if (ipaddr.isValid(host) ? !isAllowed(host, reach) : isLocalName(host) && !reach.local)
    throw new Unreachable('The URL must lead to a public address.');
  return url;
}

/** Without the brackets of an IPv6 address and the dot at the end of a full name. */
export const hostOf = (url: URL): string => url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');

const isLocalName = (host: string): boolean => host === 'localhost' || host.endsWith('.localhost');

/** Asks the DNS. Not by getaddrinfo: its few threads do other work too, and a name server that hangs would hold them. */
async function resolve(host: string, signal: AbortSignal): Promise<string[]> {
  const resolver = new Resolver({ timeout: 2_000, tries: 2 });
  const cancel = () => resolver.cancel();
  signal.addEventListener('abort', cancel);
  try {
    const found = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
    return found.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  } finally {
    signal.removeEventListener('abort', cancel);
  }
}

/** How a name becomes addresses; tests have a DNS of their own. */
export type Resolve = typeof resolve;

/**
 * The addresses that a connection for this URL may be made to: all that its name has now. One that is not allowed refuses them all, because a
 * name that leads inside as well is no accident.
 * @throws Unreachable
 */
export async function addressesOf(url: URL, reach: Reach, signal: AbortSignal, ask: Resolve = resolve): Promise<string[]> {
  const host = hostOf(url);
  const addresses = ipaddr.isValid(host) ? [host] : isLocalName(host) ? ['127.0.0.1', '::1'] : await ask(host, signal);
  if (!addresses.length) throw new Unreachable('its name has no address');
  if (!addresses.every((address) => isAllowed(address, reach))) throw new Unreachable('its address is not public');
  return addresses;
}
