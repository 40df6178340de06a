// What a published API is to the gateway: its routes, how it knows its callers, and how it says no.
import type { ErrorCode, RefusalDetails } from '../../services/shared/errors.ts';
import type { Route } from './route.ts';
import type { Scheme } from './steps/auth.ts';
import type { Limit } from './steps/limits.ts';

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
  /** Unknown addresses under these are refused in this API's words: `/x` is /x and all below it, `/x/` only what is below. */
  prefix: string | string[];
  routes: Route[];
  /** How callers prove who they are; left out where no route is for signed-in callers. */
  authenticate?: Scheme;
  /** Counts calls that prove nothing where something is to be proven; there if `authenticate` is. */
  unknown?: Limit;
  /** How a refusal is spoken. */
  refuse(refusal: Refusal): { status: number; body: unknown };
};
