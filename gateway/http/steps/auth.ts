// Who calls: what a scheme of authentication is, which of several a request uses, and whether the caller's role is enough.
import type { Context } from 'koa';
import type { Scope } from '../../../services/accounts/apiKeys.ts';
import type { Caller as Account } from '../../../services/accounts/sessions.ts';
import { DomainError } from '../../../services/shared/errors.ts';
import type { Access, Signed } from '../route.ts';

/** Who calls. `keyId`: with a key of the account, whose calls may be counted by themselves, for what its `scopes` say. */
export type Caller = Account & { keyId?: string; scopes?: readonly Scope[] };

/** What a request brings. `ambient`: a browser sent it by itself, so a page of another site may have made the call. */
export type Credentials = {
  ambient: boolean;
  /** Whether verifying costs a password's hash: not done for an address that has guessed too often. */
  dear?(): boolean;
  /** Throws DomainError unauthenticated, token_invalid, token_expired or invalid_credentials. */
  verify(): Promise<Caller>;
};

/** What OpenAPI says of a scheme. */
export type SecurityText = { description?: string } & (
  | { type: 'http'; scheme: 'bearer' | 'basic'; bearerFormat?: string }
  | { type: 'apiKey'; in: 'cookie' | 'header'; name: string }
);

export type Scheme = {
  /** The values of WWW-Authenticate beside a 401. */
  challenges: string[];
  /** How the document names and describes it; with several each is enough. */
  security: Record<string, SecurityText>;
  /** What a caller without credentials is told to send. */
  hint: string;
  /** Whether any of its credentials are ambient. */
  ambient: boolean;
  /** Programs send the same: a call that names no Origin, as every page's does, is one of theirs. */
  programs?: true;
  /** The request's credentials, not verified yet; undefined where it has none of this kind. */
  of(ctx: Context): Credentials | undefined;
};

/** Takes the first scheme whose credentials the request brings, and no other: two identities in one request are never mixed. */
export const firstOf = (...schemes: Scheme[]): Scheme => ({
  challenges: schemes.flatMap((s) => s.challenges),
  security: Object.assign({}, ...schemes.map((s) => s.security)),
  hint: schemes.map((s) => s.hint).join(' or '),
  ambient: schemes.some((s) => s.ambient),
  of(ctx) {
    for (const scheme of schemes) {
      const credentials = scheme.of(ctx);
      if (credentials) return credentials;
    }
    return undefined;
  },
});

const RANK = { user: 0, organizer: 1, admin: 2 } as const;

/** True when the route is for callers who are known: signed in, or with a key. */
export const isSigned = (access: Access): access is Signed => access in RANK || access === 'key';

/** The refusal of a call that brings no credentials. */
export const unauthenticated = ({ hint }: Scheme): DomainError<'unauthenticated'> =>
  new DomainError('unauthenticated', `Authentication required: send ${hint}.`);

/** Throws forbidden, with this sentence, when the caller's role is below what the route asks, or the key is not for it. */
export function authorize(caller: Caller, { access, scope, wrongRole }: Asked): void {
  // A key is an organizer's, and of no use any more once its owner is none.
  const role = access === 'key' ? 'organizer' : access;
  if (RANK[caller.role] < RANK[role])
    throw new DomainError('forbidden', wrongRole ?? `This needs the role ${role}.`, { requiredRole: role });
  if (scope && !caller.scopes?.includes(scope))
    throw new DomainError('forbidden', `This key has not the scope ${scope}.`, { requiredScope: scope });
}

/** What a route asks of a known caller; `scope` of a key. */
type Asked = { access: Signed; scope?: Scope; wrongRole?: string };
