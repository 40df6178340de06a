// What the composition root hands to every API of the gateway.
import type { Config } from '../config.ts';
import type * as orders from '../services/orders.ts';
import type { Passwords } from '../services/passwords.ts';
import type { PaymentProvider } from '../services/provider.ts';
import type { TokenKeys } from '../services/sessions.ts';
import type { Log } from './http/log.ts';
import type { Metrics } from './http/metrics.ts';
import type { Details } from './live/details.ts';
import type { Feed } from './live/feed.ts';
import type { Listing } from './live/listing.ts';
import type { Paying, Press } from './pay.ts';

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
  /** Decides an attempt to pay an order, through its workflow. */
  pay(press: Press): Promise<Paying>;
};
