// What the composition root hands to every API of the gateway.
import type { Config } from '../config.ts';
import type { Passwords } from '../services/accounts/passwords.ts';
import type { TokenKeys } from '../services/accounts/verified.ts';
import type { Keeping } from '../services/delivery/webhookEndpoints.ts';
import type * as orders from '../services/orders/orders.ts';
import type { receive } from '../services/payments/callbacks.ts';
import type { MostAtOnce } from '../services/payments/prices.ts';
import type { ProviderEvent, Providers } from '../services/payments/provider.ts';
import type { Documents } from '../services/tickets/documents.ts';
import type { TicketKeys } from '../services/tickets/keys.ts';
import type { OrderInput } from '../workflows/messages.ts';
import type { Log } from './http/operate/log.ts';
import type { Metrics } from './http/operate/metrics.ts';
import type { Details } from './reads/details.ts';
import type { Feed } from './reads/feed.ts';
import type { Listing } from './reads/listing.ts';
import type { Paying, Press } from './temporal/pay.ts';
import type { Turns } from './turns.ts';

export type Db = Parameters<typeof orders.list>[0];

export type Gateway = {
  config: Config;
  db: Db;
  log: Log;
  metrics: Pick<Metrics, 'claim'>;
  tokens: TokenKeys;
  passwords: Passwords;
  providers: Providers;
  /** What can be paid at once at one of the providers. */
  mostAtOnce: MostAtOnce | undefined;
  /** Claims of one event take part of the connections only. */
  turns: Turns;
  /**
   * Takes in a provider's callback (callbacks.receive), a few at once: they wait for each other's rows, and a rush of them would have all
   * connections waiting.
   */
  receive(provider: string, event: ProviderEvent): ReturnType<typeof receive>;
  /** What signs and verifies tickets' codes. */
  ticketKeys: TicketKeys;
  documents: Documents;
  /** How the secrets of outgoing webhooks are kept, and where they may lead. */
  webhooks: Keeping;
  /** The seats of events as they are now, kept in memory by following every change. */
  feed: Feed;
  listing: Listing;
  details: Details;
  /** Decides an attempt to pay an order, through its workflow. */
  pay(press: Press): Promise<Paying>;
  /** Waits until the provider of an external event has the order as our rows have it. Throws unavailable. */
  inStep(order: OrderInput): Promise<void>;
  /** Ends the workflows of orders that a reset has forgotten. */
  forgetOrders(): Promise<void>;
};
