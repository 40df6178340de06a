// What a call can fail with: a class for each kind of refusal, all of them BilletterError.
import type { Details, ErrorCode } from './types';

/** What is known of a failure. `status` is 0 where there was no answer. */
export type Failure = {
  status: number;
  code: string;
  message: string;
  details?: Record<string, unknown>;
  requestId?: string;
  /** Seconds after which the server said to try again. */
  retryAfter?: number;
  cause?: unknown;
};

/** A call that failed. `code` says why, in the API's words; `requestId` is what support asks for. */
export class BilletterError extends Error {
  readonly status: number;
  readonly code: ErrorCode | (string & {});
  readonly details: Record<string, unknown>;
  readonly requestId: string | undefined;
  /** Seconds after which to try again, where the server said so. */
  readonly retryAfter: number | undefined;

  constructor({ status, code, message, details = {}, requestId, retryAfter, cause }: Failure) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.status = status;
    this.code = code;
    this.details = details;
    this.requestId = requestId;
    this.retryAfter = retryAfter;
  }
}

/** 400, 413, 422: the request is not as it should be. `details.fields` says what is wrong with which field. */
export class BadRequest extends BilletterError {}
/** 401: there is no API key, or it is not valid, or it has ended. */
export class Unauthorized extends BilletterError {}
/** 403: the key may not do this. */
export class Forbidden extends BilletterError {}
/** 404: there is no such thing of yours. */
export class NotFound extends BilletterError {}
/** 409: what is so forbids it. */
export class Conflict extends BilletterError {}
/** The event, or this ticket type, is full. */
export class CapacityExceeded extends Conflict {
  declare readonly details: Details<'CAPACITY_EXCEEDED'>;
}
/** The participant has a registration for this event. */
export class AlreadyRegistered extends Conflict {
  declare readonly details: Details<'ALREADY_REGISTERED'>;
}
/** One cannot register now: registration has not begun, or is closed. */
export class RegistrationClosed extends Conflict {}
/** 429: too many calls, still after the retries. */
export class RateLimited extends BilletterError {}
/** 5xx: a fault of the server, still after the retries. */
export class ServerError extends BilletterError {}
/** There was no answer: no connection, or it broke. */
export class ConnectionFailed extends BilletterError {}
/** There was no answer in time. */
export class TimedOut extends ConnectionFailed {}
/** A webhook that nobody who knows the secret sent, or not lately. */
export class WebhookVerificationFailed extends Error {
  override readonly name = 'WebhookVerificationFailed';
}

type Kind = new (failure: Failure) => BilletterError;

const BY_CODE: { [code in ErrorCode]?: Kind } = {
  CAPACITY_EXCEEDED: CapacityExceeded,
  ALREADY_REGISTERED: AlreadyRegistered,
  REGISTRATION_CLOSED: RegistrationClosed,
};
const BY_STATUS: Record<number, Kind> = {
  ...{
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    413: BadRequest,
    422: BadRequest,
    429: RateLimited,
  },
};

/** The error for a failed answer: of its code's class, else of its status's. */
export function errorOf(failure: Failure): BilletterError {
  const { status, code } = failure;
  const Kind = BY_CODE[code as ErrorCode] ?? BY_STATUS[status] ?? (status >= 500 ? ServerError : BilletterError);
  return new Kind(failure);
}
