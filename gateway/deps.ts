// What the composition root hands to every API of the gateway.
import type { Config } from '../config.ts';
import type { Claim } from '../services/holds.ts';
import type * as orders from '../services/orders.ts';
import type { Passwords } from '../services/passwords.ts';
import type { PaymentProvider } from '../services/provider.ts';
import type { TokenKeys } from '../services/sessions.ts';
import type { PayResult } from '../workflows/messages.ts';
import type { Log } from './http/log.ts';
import type { Metrics } from './http/metrics.ts';
import type { Details } from './live/details.ts';
import type { Feed } from './live/feed.ts';
import type { Listing } from './live/listing.ts';

export type Db = Parameters<typeof orders.list>[0];

export type Gateway = {
  config: Config;
  db: Db;
  log: Log;
  metrics: Pick<Metrics, 'claim'>;
  tokens: TokenKeys;
  passwords: Passwords;
  provider: PaymentProvider;
  /** The seats of events as they are now, kept in memory by following every change. */
  feed: Feed;
  listing: Listing;
  details: Details;
  /** Starts the workflow of a committed claim in a moment, if there is room to and nobody has paid by then; never waits, never throws. */
  dispatch(claim: Claim, owner: string): void;
  /** Pays an order through its workflow; `unknown` when the outcome is not known in time. */
  pay(order: orders.OrderView, method: string): Promise<PayResult | { outcome: 'unknown' }>;
};
