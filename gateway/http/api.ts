// What a published API is to the gateway: its routes, how it knows its callers, and how it says no.
import type { ZodType } from 'zod';
import type { ErrorCode, RefusalDetails } from '../../services/shared/errors.ts';
import type { OpenApiDocument } from './docs/openapi.ts';
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

/**
 * How a refusal is documented: its status, the code in its body that programs compare, the whole body, and what it means.
 * Codes that are spoken in the same shape share one schema; it names itself by its meta `id`.
 */
export type RefusalText = { status: number; code: string; schema: ZodType; description: string };

export type RefusalTexts = Record<RefusalCode, RefusalText>;

/** What an API's document says beside its routes. */
export type About = {
  title: string;
  version: string;
  description: string;
  /** The tags of its routes, in the order in which the document has them. */
  tags: Record<string, string>;
};

export type Api = {
  name: string;
  /** Unknown addresses under these are refused in this API's words: `/x` is /x and all below it, `/x/` only what is below. */
  prefix: string | string[];
  routes: Route[];
  /** Its OpenAPI document; left out where it is published to nobody (callbacks, probes). */
  document?: OpenApiDocument;
  /** How callers prove who they are; left out where no route is for signed-in callers. */
  authenticate?: Scheme;
  /** The same for programs with an API key; there if a route is for them. */
  keys?: Scheme;
  /** Counts calls of callers nobody knows, by address; also those that prove nothing where something is to be proven. There if `authenticate` is. */
  unknown?: Limit;
  /** Counts a call in place of `unknown` where the caller is known: many people share an address. */
  known?: Limit;
  /** The sites whose pages may read its answers (CORS), as https://shop.example; `*` is every site. */
  origins?: string[];
  /** Query parameters that a route does not state are refused by name. Left out where the callers add parameters of their own (providers, probes). */
  statedQuery?: true;
  /** How a refusal is spoken. */
  refuse(refusal: Refusal): { status: number; body: unknown };
};
