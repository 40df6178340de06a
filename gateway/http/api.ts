// What a published API is to the gateway: its routes, how it knows its callers, and how it says no.
import type { Context } from 'koa';
import type { Caller } from '../../services/accounts/sessions.ts';
import type { ErrorCode } from '../../services/shared/errors.ts';
import type { Route } from './route.ts';

/** The refusals HTTP itself adds to the core's. */
export type HttpFault = 'route_not_found' | 'method_not_allowed' | 'body_too_large' | 'server_error';

export type RefusalCode = ErrorCode | HttpFault;

/** An API's error table: `satisfies RefusalTable`, so a new core error does not compile until the API says how it is spoken. */
export type RefusalTable = Record<RefusalCode, { status: number; code: string }>;

export type Refusal = { code: RefusalCode; message: string; details: Record<string, unknown> };

export type Api = {
  name: string;
  title: string;
  version: string;
  description: string;
  /** Unknown paths under this prefix are refused in this API's format. */
  prefix: string;
  routes: Route[];
  /** The caller of this request. Throws DomainError unauthenticated, token_invalid or token_expired. */
  authenticate(ctx: Context): Promise<Caller>;
  /** How a refusal is spoken. */
  refuse(refusal: Refusal): { status: number; body: unknown };
};
