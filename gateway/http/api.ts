// What a published API is to the gateway: its routes, how it knows its callers, and how it says no.
import type { Context } from 'koa';
import type { Caller } from '../../services/accounts/sessions.ts';
import type { ErrorCode, RefusalDetails } from '../../services/shared/errors.ts';
import type { Route } from './route.ts';

type None = Record<never, never>;

/** The refusals HTTP itself adds to the core's. */
export type HttpFaults = {
  /** Not as the route states it; these fields are the API's own names already, as its schemas or headers have them. */
  malformed: { fields: Record<string, string> } | { field: string } | None;
  route_not_found: None;
  method_not_allowed: None;
  body_too_large: None;
  server_error: None;
};

export type RefusalCode = ErrorCode | keyof HttpFaults;

/** An API's error table: `satisfies RefusalTable`, so a new core error does not compile until the API says how it is spoken. */
export type RefusalTable = Record<RefusalCode, { status: number; code: string }>;

/** A refusal by its code: `details` are those of the code. */
export type Refusal<C extends RefusalCode = RefusalCode> = {
  [K in C]: { code: K; message: string; details: (RefusalDetails & HttpFaults)[K] };
}[C];

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
