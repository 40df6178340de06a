// What may be asked of a claim.
import type { RawBuilder } from 'kysely';
import type { Actor } from '../../accounts/actor.ts';
import type { MostAtOnce } from '../../payments/prices.ts';

/** What is wanted: named places, all or none; any places of offers, taken from a random start; or nothing yet, to be filled later. */
export type Want = { places: string[] } | { offers: { offerId: string; quantity: number }[] } | 'nothing';

export type Terms = {
  /** How long the hold lasts where the event does not say (each API configures its own). */
  holdSeconds: number;
  /** At most so many places in one order. */
  maxPlaces: number;
  /** At most so many places of the event in all the account's live orders. */
  maxPerAccount?: number;
  /** At most so many unpaid orders of the account at once, whatever they are of. */
  maxOpen?: number;
  /** A new order's fee, in hundredths of a percent of its items. One that grows is priced anew by pricing.price. */
  feeBasisPoints?: number;
  /** An order of more than this could not be paid (payments/prices.ts). */
  mostAtOnce?: MostAtOnce;
  /** The buyer agrees to an equal place where late money finds the own one gone. */
  acceptsEqualPlace?: boolean;
  /** What stands before the order's code where its buyer sees it (codes.ts buyersCode); left out, the house's. */
  codePrefix?: string;
  buyer?: { name?: string | null; email?: string | null; phone?: string | null };
  notes?: string;
  /** An offer of the waitlist, into the order that waits: it may have what is kept for those who wait, and holdSeconds counts whatever the event says. */
  forWaiter?: boolean;
  /**
   * Nothing is to be paid: places cost 0 whatever their offer's price, and no limit of the offer on so many per order counts. The caller
   * confirms it in the same transaction, so that nothing is announced either.
   */
  complimentary?: boolean;
  /** A new order is for this person, who is no account, and who has one live order of the event. `details` as JSON. */
  participant?: { ref: string; details: string };
};

export type ClaimRequest = {
  actor: Actor;
  eventId: string;
  want: Want;
  /** The new order's id, where the caller must be able to find it again after a crash. */
  orderId?: string;
  /** Claim into this pending order of the same account instead of a new one; with `forWaiter` into its waiting one. */
  into?: string;
  terms: Terms;
};

/** Whether it is for a new order as anybody's: no limit of the account's counts, and it is for no participant, no waiter and nobody's gift. */
export const isAnybodys = ({ into, terms }: ClaimRequest): boolean =>
  !into &&
  !terms.forWaiter &&
  !terms.complimentary &&
  !terms.participant &&
  terms.maxPerAccount === undefined &&
  terms.maxOpen === undefined;

/**
 * What a request asks for, apart from who asks. Undefined where the reasons against it, in their order, are the account's or a participant's own.
 * (A block is the account's too, and comes first: who is blocked may be told instead that the places are gone, which they are.)
 */
export const asksFor = (request: ClaimRequest): string | undefined => {
  const { eventId, want, terms } = request;
  return want !== 'nothing' && isAnybodys(request) ? JSON.stringify([eventId, want, terms.maxPlaces, terms.feeBasisPoints]) : undefined;
};

/** A request that was checked, and counted once. */
export type Wanted = ClaimRequest & { accountId: string; places: string[]; offers: { offerId: string; quantity: number }[]; count: number };

/** A value, or what stands for it in a text that is made once for many requests (shapes.ts). */
export type Value<T> = T | RawBuilder<T>;

/** A request as the statement's parts read it. What decides which parts there are, and their text, is itself; all else may be stood for. */
export type Asked = {
  accountId: Value<string>;
  eventId: Value<string>;
  orderId?: Value<string>;
  into?: Value<string>;
  places: Value<string>[];
  offers: { offerId: Value<string>; quantity: Value<number> }[];
  count: Value<number>;
  terms: Pick<Terms, 'mostAtOnce' | 'forWaiter' | 'complimentary'> & {
    holdSeconds: Value<number>;
    maxPlaces: Value<number>;
    maxPerAccount?: Value<number>;
    maxOpen?: Value<number>;
    feeBasisPoints?: Value<number>;
    acceptsEqualPlace?: Value<boolean>;
    codePrefix?: Value<string | null>;
    buyer?: { name?: Value<string | null>; email?: Value<string | null>; phone?: Value<string | null> };
    notes?: Value<string | null>;
    participant?: { ref: Value<string>; details: Value<string> };
  };
};
