// Structured logs: one line per request, with the ids an operator searches for and nothing that must not be kept.
import type { Context } from 'koa';
import { type DestinationStream, pino } from 'pino';
import type { RequestState } from './route.ts';

export type Log = Pick<ReturnType<typeof pino>, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'flush'> & {
  /** The same log without redaction, which costs more than the line itself: only for lines whose every field is known to be harmless. */
  plain: Pick<ReturnType<typeof pino>, 'debug' | 'info' | 'error'>;
};

// Bodies and headers are never logged; these are the second fence, for whatever an error or a careless line may carry.
const SECRET_KEYS = [
  'authorization',
  'cookie',
  '["set-cookie"]',
  'password',
  'password_hash',
  'token',
  'access_token',
  'refresh_token',
  'client_secret',
  'clientSecret',
  'secret',
  'cvc',
  'card',
  'payment_details',
];
const prefixed = (prefix: string) => SECRET_KEYS.map((key) => (key.startsWith('[') ? `${prefix}${key}` : `${prefix}.${key}`));

/** Opens the log. Errors are written as type, message, code and stack only: their other fields quote rows and requests. */
export function createLog(level: string, name: string, destination?: DestinationStream): Log {
  const stream = destination ?? pino.destination({ sync: false });
  const options = { level, base: { service: name }, serializers: { err: plainError } };
  const redact = { paths: [...SECRET_KEYS, ...prefixed('*'), ...prefixed('*.*')], censor: '[redacted]' };
  return Object.assign(pino({ ...options, redact }, stream), { plain: pino(options, stream) });
}

function plainError(err: unknown) {
  if (!(err instanceof Error)) return { message: String(err) };
  const cause = err.cause instanceof Error ? err.cause.message : undefined;
  return { type: err.name, message: err.message, code: (err as { code?: unknown }).code, stack: err.stack, cause };
}

/** The request's one line. The query string stays out: tokens travel there. Probes and scrapes only show at debug. */
export function logRequest(log: Log, ctx: Context, ms: number): void {
  const { requestId, route, api, accountId, orderId, error } = ctx.state as RequestState;
  const line = { requestId, method: ctx.method, path: ctx.path, route, api, status: ctx.status, ms, accountId, orderId, error, ip: ctx.ip };
  if (api === 'operations') log.plain.debug(line, 'request');
  else if (ctx.status >= 500) log.plain.error(line, 'request');
  else log.plain.info(line, 'request');
}
