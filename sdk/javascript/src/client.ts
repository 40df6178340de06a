// The client: its settings, and the parts that speak of one kind of thing each.
import { Events } from './events';
import { Registrations } from './registrations';
import { Tickets } from './tickets';
import { createTransport, type Fetch } from './transport';
import { Webhooks } from './webhooks';

const ADDRESSES = {
  production: 'https://api.billetter.com',
  test: 'https://api-test.billetter.com',
  local: 'http://localhost:8000',
} as const;

export type Environment = keyof typeof ADDRESSES;

export type Options = {
  /** `bk_…`, made by an organizer. */
  apiKey: string | undefined;
  /** Which Billetter; production unless said. */
  environment?: Environment;
  /** Where it is, instead. Without it the variable BILLETTER_BASE_URL is looked at, so that a program runs elsewhere unchanged. */
  baseUrl?: string;
  /** How often a call that failed in passing is tried again; 3 unless said. */
  maxRetries?: number;
  /** For how long each try waits for its answer; 30,000 unless said. */
  timeoutMs?: number;
  /** Instead of the global fetch. */
  fetch?: Fetch;
};

/** The client of Billetter's Registrations API. Throws a TypeError for settings that cannot work. */
export class BilletterAPI {
  readonly registrations: Registrations;
  readonly tickets: Tickets;
  readonly events: Events;
  readonly webhooks: Webhooks;

  constructor({ apiKey, environment = 'production', baseUrl, maxRetries = 3, timeoutMs = 30_000, fetch = globalThis.fetch }: Options) {
    if (typeof apiKey !== 'string' || !/^[\x21-\x7e]+$/.test(apiKey)) throw new TypeError('apiKey must be an API key (bk_…)');
    if (!Object.hasOwn(ADDRESSES, environment)) throw new TypeError(`environment must be one of ${Object.keys(ADDRESSES).join(', ')}`);
    const address = baseUrl || process.env.BILLETTER_BASE_URL || ADDRESSES[environment];
    if (!/^https?:\/\//.test(address) || !URL.canParse(address)) throw new TypeError('baseUrl must be an http(s) address');

    const call = createTransport({ apiKey, baseUrl: address.replace(/\/+$/, ''), maxRetries, timeoutMs, fetch });
    this.registrations = new Registrations(call);
    this.tickets = new Tickets(call);
    this.events = new Events(call);
    this.webhooks = new Webhooks(call);
  }
}
