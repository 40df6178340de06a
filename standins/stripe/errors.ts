// Stripe's error answers: status, `{error: {...}}` body, and whether an idempotency key remembers them.
import type { Intent, Method } from './wire.ts';

export interface ErrorFields {
  type: 'api_error' | 'card_error' | 'idempotency_error' | 'invalid_request_error';
  message: string;
  code?: string;
  decline_code?: string;
  param?: string;
  charge?: string;
  payment_intent?: Partial<Intent>;
  payment_method?: Method;
  advice_code?: string;
  network_decline_code?: string;
}

export class StripeFault extends Error {
  readonly status: number;
  readonly fields: ErrorFields;
  /** Stripe keeps a result under its key only once execution has begun; a request refused by validation may be sent again. */
  readonly kept: boolean;
  constructor(status: number, fields: ErrorFields, kept: boolean) {
    super(fields.message);
    this.status = status;
    this.fields = fields;
    this.kept = kept;
  }
}

/** The request makes no sense: nothing was begun, and the key is not used up. */
export function invalid(message: string, more: Partial<ErrorFields> = {}, status = 400): StripeFault {
  return new StripeFault(status, { type: 'invalid_request_error', message, ...more }, false);
}

/** The request made sense, the object's state did not allow it. */
export function refused(message: string, more: Partial<ErrorFields> = {}): StripeFault {
  return new StripeFault(400, { type: 'invalid_request_error', message, ...more }, true);
}

export function unexpectedState(message: string, intent: Intent): StripeFault {
  return refused(message, { code: 'payment_intent_unexpected_state', payment_intent: intent });
}

export function missing(what: string, id: string, param: string, status = 404): StripeFault {
  return invalid(`No such ${what}: '${id}'`, { code: 'resource_missing', param }, status);
}

export function cardError(fields: Omit<ErrorFields, 'type'>): StripeFault {
  return new StripeFault(402, { type: 'card_error', ...fields }, true);
}

export function missingParam(param: string): StripeFault {
  return invalid(`Missing required param: ${param}.`, { code: 'parameter_missing', param });
}

export function errorBody(fields: ErrorFields): { error: Record<string, unknown> } {
  const doc_url = fields.code ? `https://docs.stripe.com/error-codes#${fields.code.replaceAll('_', '-')}` : undefined;
  return { error: { ...fields, ...(doc_url && { doc_url }) } };
}

/** The decline as an intent and a charge remember it. */
export interface Decline {
  code: string;
  message: string;
  decline_code?: string;
}
