// Calls that a page of another site may have made: credentials a browser sends by itself prove who, not that they meant it.
import type { Context } from 'koa';
import { DomainError } from '../../../services/shared/errors.ts';
import type { Credentials, Scheme } from './auth.ts';
import { isJson } from './body.ts';
import { Malformed } from './validate.ts';

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Throws forbidden for an unsafe call with ambient credentials that names no known Origin, and Malformed for one whose content is not
 * JSON, which is all that a form of another site could send. A call without credentials is held to the same where its API answers
 * with ambient ones: else a foreign page could sign its visitor in as somebody else. Programs, which send no Origin, are let through there.
 */
export function refuseForged(ctx: Context, scheme: Scheme, credentials: Credentials | undefined, origins: ReadonlySet<string>): void {
  if (SAFE.has(ctx.method) || !(credentials ? credentials.ambient : scheme.ambient)) return;
  const { origin } = ctx.req.headers;
  if (origin === undefined && (!credentials || isProgram(ctx, scheme))) return;
  if (origin === undefined || !origins.has(origin)) throw new DomainError('forbidden', 'This call does not come from a page of this site.');

  const { 'content-type': type, 'content-length': length, 'transfer-encoding': chunked } = ctx.req.headers;
  const hasBody = chunked !== undefined || Number(length ?? 0) > 0;
  if (type === undefined ? hasBody : !isJson(type))
    throw new Malformed('Send JSON, with Content-Type: application/json.', { field: 'Content-Type' });
}

/** Browsers say where a call comes from even where they name no Origin; programs say neither. */
const isProgram = ({ req }: Context, { programs }: Scheme): boolean => programs === true && req.headers['sec-fetch-site'] === undefined;
