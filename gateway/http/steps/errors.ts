// The error boundary: whatever a route throws becomes an answer in its API's own format, and never a stack trace.
import type { Context } from 'koa';
import { meaning } from '../../../db/sqlstate.ts';
import { DomainError } from '../../../services/shared/errors.ts';
import type { Api, Refusal } from '../api.ts';
import type { Log } from '../operate/log.ts';
import type { RequestState } from '../route.ts';
import { BodyTooLarge } from './body.ts';
import { Malformed } from './validate.ts';

/** Answers with the API's words for what was thrown. Only what nobody foresaw is logged with its stack. */
export function refuse(ctx: Context, api: Api, thrown: unknown, log: Log): void {
  const refusal = toRefusal(thrown);
  const state = ctx.state as RequestState;
  state.error = refusal.code;
  if (refusal.code === 'server_error')
    log.error({ err: thrown, requestId: state.requestId, route: state.route, orderId: state.orderId }, 'unexpected error');
  say(ctx, api, refusal);
}

/** Writes a refusal on the wire. */
export function say(ctx: Context, api: Api, refusal: Refusal): void {
  const { status, body } = api.refuse(refusal);
  if (status === 401 && api.authenticate?.challenges.length) ctx.set('WWW-Authenticate', api.authenticate.challenges);
  if (status === 503 || refusal.code === 'key_in_use') ctx.set('Retry-After', '2');
  ctx.status = status;
  ctx.type = 'application/json';
  ctx.body = JSON.stringify(body);
}

function toRefusal(thrown: unknown): Refusal {
  if (thrown instanceof DomainError) return { code: thrown.code, message: thrown.message, details: thrown.details } as Refusal;
  if (thrown instanceof Malformed) return { code: 'malformed', message: thrown.message, details: thrown.details };
  if (thrown instanceof BodyTooLarge) return { code: 'body_too_large', message: 'The body is too large.', details: {} };
  if (isAccountGone(thrown))
    return { code: 'token_invalid', message: 'The account of this token does not exist any more: sign in again.', details: {} };
  // A conflict that outlived its repetitions is a moment of too much going on: it passes too.
  if (meaning(thrown)) return { code: 'unavailable', message: 'The service is not available right now, try again.', details: {} };
  return { code: 'server_error', message: 'Internal server error', details: {} };
}

// A token outlives its account (a database made anew, a backup put back): what it would write has nobody to belong to.
const isAccountGone = (thrown: unknown): boolean => {
  const { code, constraint } = (thrown ?? {}) as { code?: unknown; constraint?: unknown };
  return code === '23503' && /_(account_id|organizer_id|made_by)_fkey$/.test(String(constraint));
};
