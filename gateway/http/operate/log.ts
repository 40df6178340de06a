// The request's line in the log: the ids an operator searches for and nothing that must not be kept.
import type { Context } from 'koa';
import type { Log } from '../../../log.ts';
import type { RequestState } from '../route.ts';

export type { Log } from '../../../log.ts';

/** The request's one line. The query string stays out: tokens travel there. Probes and scrapes only show at debug. */
export function logRequest(log: Log, ctx: Context, ms: number): void {
  const { requestId, route, api, accountId, keyId, orderId, error } = ctx.state as RequestState;
  const { method, path, status, ip } = ctx;
  const line = { requestId, method, path, route, api, status, ms, accountId, keyId, orderId, error, ip };
  if (api === 'operations') log.plain.debug(line, 'request');
  else if (ctx.status >= 500) log.plain.error(line, 'request');
  else log.plain.info(line, 'request');
}
