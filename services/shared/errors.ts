// The ways the core says no. Services throw these; each API folder says how every code is spoken on its wire.

/** What a person can get wrong, by the core's names. Each API maps them to its own: `satisfies Record<Field, string>`. */
export type Field =
  | 'places' // the places an order is to have, by id
  | 'offers' // or what it is to have of each offer
  | 'quantity'
  | 'tier'
  | 'total' // how many of a pool, or of an offer alone, are to be sold
  | 'price'
  | 'pricingType'
  | 'ticketType'
  | 'basePrice'
  | 'isFree'
  | 'category'
  | 'slug'
  | 'banner'
  | 'thumbnail'
  | 'day'
  | 'dayDate'
  | 'salesStart'
  | 'salesEnd'
  | 'minPerOrder'
  | 'maxPerOrder'
  | 'name'
  | 'description'
  | 'venueId'
  | 'timeZone'
  | 'startsAt'
  | 'endsAt'
  | 'capacity'
  | 'currency'
  | 'amount'
  | 'holdSeconds'
  | 'status'
  | 'seatPlan' // as a whole
  | 'sections' // of the seat plan: sections.0.rows is the rows of the first
  | 'account' // that is meant, by its number
  | 'email'
  | 'phone'
  | 'currentPassword'
  | 'token' // sent by mail
  | 'refreshToken'
  | 'notifySms'
  | 'expiresAt' // of an API key
  | 'url' // of a webhook
  | 'events' // that it listens to
  | 'participant' // an organizer's own id of somebody
  | 'metadata'
  | 'deadline' // of registrations
  | 'firstDay'
  | 'lastDay';

/** A field, or a part of one: `sections.0.price`. */
export type FieldPath = Field | `${Field}.${string}`;

/** What is wrong with which field, a sentence each. */
export type Fields = { [path in FieldPath]?: string };

/** How many of the event's places are taken, of how many in all, and whether one may wait for one. */
export type Capacity = { taken: number; total: number; waitlist: boolean };

/** How much of an offer is left to be claimed at once. */
export type OfferLeft = { id: string; name: string; left: number };

export type PlaceNamed = { id: string; section: string | null; row: string | null; seat: string | null };

/** A refund, as a refusal tells of it. */
export type RefundTold = { status: 'pending' | 'succeeded' | 'failed'; amountMinor: number; currency: string };

type None = Record<never, never>;

/** Every refusal the core knows, with its facts for programs. An API's error table must cover all codes or it does not compile. */
export type RefusalDetails = {
  /** The request contradicts itself or the data it names. `known` of `wanted` places or offers belong to the event. */
  invalid: { fields: Fields; wanted?: number; known?: number };
  invalid_credentials: None;
  /** The password is right, but nobody has proved that the address is theirs. */
  email_not_verified: None;
  token_expired: None;
  token_invalid: None;
  unauthenticated: None;
  /** `requiredScope`: what an API key would have to be for. */
  forbidden: { requiredRole?: string; requiredScope?: string };
  /** The event's organizer, or the house, does not sell to this account. Why is between them. */
  blocked: { eventId: string };
  /** Something without a code of its own. */
  not_found: { what: string };
  account_not_found: None;
  email_taken: { fields: Fields };
  event_not_found: { eventId: string };
  /** What has been sold or has begun forbids this change. `places` are some of those in the way, `planned` is the size of the seat plan. */
  event_fixed: {
    fields: Fields;
    because: 'cancelled' | 'over' | 'begun' | 'ordered' | 'sold' | 'planned';
    orders?: number;
    sold?: number;
    held?: number;
    planned?: number;
    places?: (PlaceNamed & { state: 'free' | 'held' | 'sold' })[];
  };
  /** Nothing of it, or not this, is on sale now: its sale has not begun, or is closed. */
  event_not_on_sale: { eventId?: string };
  /** It has begun, or is over: nothing is sold any more. No lost race, whatever is free. */
  event_over: { eventId: string };
  /** It will not take place. */
  event_cancelled: { eventId: string };
  /** Nothing of this event is left unsold. */
  sold_out: { eventId: string; capacity?: Capacity };
  /**
   * Held or sold to somebody else right now; `waitlist`: free, but for those who wait; `places`: those that were named and are gone;
   * `already`: the order that was to grow has all of them.
   */
  places_unavailable: {
    wanted?: number;
    offers?: OfferLeft[];
    waitlist?: true;
    already?: true;
    places?: PlaceNamed[];
    capacity?: Capacity;
  };
  /** Nothing to wait for: enough places can be claimed now. */
  seats_available: { eventId: string };
  /** More places than one order may hold, or fewer than the offer's minimum; `quantity` are places waited for. */
  limit_exceeded: { wanted?: number; quantity?: number; max?: number; min?: number; offers?: { id: string; name: string }[] };
  /** The participant has a live order of the event. */
  already_registered: { participant: string };
  order_not_found: { orderId?: string };
  /** It has no ticket yet: it waits for a place, or its money has not come. */
  order_unconfirmed: None;
  /** It has no ticket any more. */
  order_cancelled: None;
  /** Nobody's code, or that of somebody else's event. */
  ticket_unknown: None;
  /** For another event of the same organizer. */
  ticket_elsewhere: None;
  /** It has let somebody in before: when and where. */
  ticket_used: { at?: Date; gate?: string };
  /** It was paid back, or its order cancelled. */
  ticket_void: None;
  /** `refund`: of money that came too late. */
  order_expired: { orderId?: string; refund?: RefundTold };
  /** Cancelled, already confirmed, or nothing to pay (`free`). */
  order_not_payable: { orderId?: string; status?: string; free?: true; refund?: RefundTold };
  order_not_cancellable: None;
  /** It was not paid, has been returned already, or it is too late for its buyer. */
  order_not_refundable: { status?: string };
  /** The provider declined; while the hold keeps running, `expiresAt` says until when. */
  payment_failed: { declineCode?: string | null; orderStatus?: string; expiresAt?: Date | null };
  /** The provider did not answer in time: the outcome is unknown and will be found out. */
  payment_unavailable: { provider?: string; reason?: string };
  /** A callback that contradicts the order it names. */
  payment_mismatch: { event: string };
  signature_invalid: None;
  /** An idempotency key came again with another request. */
  key_reused: None;
  /** The first request with this idempotency key is still being answered. */
  key_in_use: None;
  rate_limited: { limit: number; retrySeconds: number };
  /** A dependency is down: try again. */
  /** `unsubmitted`: the provider of an external event does not have the order submitted. */
  unavailable: { unsubmitted?: true };
};

export type ErrorCode = keyof RefusalDetails;

/** Details may be left out where none of them must be there. */
type Given<C extends ErrorCode> = None extends RefusalDetails[C] ? [details?: RefusalDetails[C]] : [details: RefusalDetails[C]];

/** A refusal with a stable code, a sentence a person can act on, and facts for programs. Never carries HTTP or an API's names. */
export class DomainError<C extends ErrorCode = ErrorCode> extends Error {
  readonly code: C;
  readonly details: RefusalDetails[C];

  constructor(code: C, message: string, ...[details = {} as RefusalDetails[C]]: Given<C>) {
    super(message);
    this.name = 'DomainError';
    this.code = code;
    this.details = details;
  }
}

/** The refusal `invalid` of one field, said once for people and once for the field. */
export const invalidField = (field: FieldPath, message: string): DomainError<'invalid'> =>
  new DomainError('invalid', message, { fields: { [field]: message } });

/** Whether this is one of these refusals. (After a bare `instanceof` the compiler would take any details for granted.) */
export const isRefusal = <C extends ErrorCode>(error: unknown, ...codes: C[]): error is DomainError<C> =>
  error instanceof DomainError && codes.includes(error.code as C);
