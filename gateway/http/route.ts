// One route, stated whole: who may call it, how often, what goes in, what comes out. Router, OpenAPI and the access test are made from these.
import type { Context } from 'koa';
import type { output, ZodType } from 'zod';
import type { Scope } from '../../services/accounts/apiKeys.ts';
import type { KeyCaller } from '../../services/accounts/verified.ts';
import type { RefusalCode } from './api.ts';
import type { Caller } from './steps/auth.ts';
import type { Files, Form } from './steps/form.ts';
import type { Limit } from './steps/limits.ts';

/**
 * Who may call a route. `link`: whoever holds the unguessable link; credentials, if sent, are checked.
 * `organizer` means organizer or admin. `key`: a program with an API key, and nobody who is signed in. `signature`: the body proves its sender.
 */
export type Access = 'public' | 'link' | 'user' | 'organizer' | 'admin' | 'key' | 'signature';

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

/** Headers of an answer; several of one name (Set-Cookie) as a list. */
export type ReplyHeaders = Record<string, string | string[]>;

/** What a handler answers. Objects become JSON; Buffers, streams and strings go as they are, with `type`; undefined is no body at all. */
export type Reply = { status: number; body: unknown; type?: string; headers?: ReplyHeaders };

/** What the runner leaves on ctx.state for the log line and the metrics. */
export type RequestState = {
  requestId: string;
  /** When the request came in, by performance.now(). */
  begun: number;
  route?: string;
  api?: string;
  accountId?: string;
  /** Of the API key that was used: its id. */
  keyId?: string;
  orderId?: string;
  error?: string;
};

export type Signed = Extract<Access, 'user' | 'organizer' | 'admin' | 'key'>;

export type Call<A extends Access, B, Q, P> = {
  body: B;
  query: Q;
  params: P;
  caller: A extends 'key' ? KeyCaller : A extends Signed ? Caller : Caller | undefined;
  /** Those of a form; none of a body that came as JSON. */
  files: Files;
  ctx: Context;
  /** Of a request with an Idempotency-Key on an idempotent route: its attempt's id, and whether an earlier run of it died half-way. */
  attempt: { id: string; again: boolean } | undefined;
  /** How long ago the request came in, in milliseconds. */
  waitedMs(): number;
  /** Puts the order's id on this request's log line. */
  note(orderId: string): void;
};

/** `type` beside a schema: who asks for it gets that instead of JSON. `headers` are those the answer always has. */
export type Response = { description: string; schema?: ZodType; type?: string; headers?: Record<string, ZodType> };

/** A route with its types erased, as the router and the documents walk it. */
export type Route = {
  method: Method;
  path: string;
  access: Access;
  /** What a key must be for: of routes for keys, and of no others. */
  scope?: Scope;
  /** Of a public route: the handler is told who calls, if they prove it. Credentials that prove nothing are nobody's. */
  recognizes?: true;
  /** The sentence for a signed-in caller whose role is not enough; left out, one that names the role. */
  wrongRole?: string;
  /** Counts the call. `none` is for machines that must never be refused: probes, scrapes, callbacks. */
  limit: Limit | 'none';
  tag: string;
  /** What the operation is called in clients made from the document: listEvents. Left out, it is made of method and path. */
  operationId?: string;
  summary: string;
  description?: string;
  body?: ZodType;
  query?: ZodType;
  params?: ZodType;
  /** The body may come as multipart/form-data too, with files. */
  form?: Form;
  /** The handler gets the body's bytes untouched: signatures are made over bytes. */
  rawBody?: boolean;
  /** An Idempotency-Key header is honoured: the same key and request get the same answer for 24 hours. */
  idempotent?: boolean;
  /** Left out of the API's document (the document itself, pages). */
  hidden?: boolean;
  /** How it succeeds; a refusal stands here only where it is not in the API's usual shape. */
  responses: Record<number, Response>;
  /** How it may refuse, beside what follows from the rest of this statement (docs/refusals.ts). */
  refusals?: RefusalCode[];
  handle(call: Call<Access, any, any, any>): Promise<Reply> | Reply;
};

type In<S> = S extends ZodType ? output<S> : undefined;

/** States a route. The handler's types follow from its schemas and from who may call it. */
export function route<
  A extends Access,
  B extends ZodType | undefined = undefined,
  Q extends ZodType | undefined = undefined,
  P extends ZodType | undefined = undefined,
>(
  r: Omit<Route, 'access' | 'scope' | 'body' | 'query' | 'params' | 'handle'> & {
    access: A;
    body?: B;
    query?: Q;
    params?: P;
    handle(call: Call<A, In<B>, In<Q>, In<P>>): Promise<Reply> | Reply;
  } & (A extends 'key' ? { scope: Scope } : { scope?: undefined }),
): Route {
  return r as unknown as Route;
}
