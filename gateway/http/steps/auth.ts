// Who calls: the bearer token of the request, and whether that caller's role is enough for the route.
import type { Context } from 'koa';
import { type Caller, type TokenKeys, verifyAccess } from '../../../services/accounts/sessions.ts';
import { DomainError } from '../../../services/shared/errors.ts';
import type { Access, Signed } from '../route.ts';

/** Reads and verifies `Authorization: Bearer`. Throws unauthenticated, token_invalid or token_expired. */
export async function bearer(ctx: Context, keys: TokenKeys): Promise<Caller> {
  const header = ctx.req.headers.authorization;
  if (!header) throw new DomainError('unauthenticated', 'Authentication required: send Authorization: Bearer <access_token>.');
  const match = /^Bearer +(\S+)$/i.exec(header);
  if (!match) throw new DomainError('token_invalid', 'The Authorization header is not a bearer token.');
  return verifyAccess(keys, match[1]!);
}

const RANK = { user: 0, organizer: 1, admin: 2 } as const;

/** True when the route is for signed-in callers only. */
export const isSigned = (access: Access): access is Signed => access === 'user' || access === 'organizer' || access === 'admin';

/** Throws forbidden when the caller's role is below what the route asks. */
export function authorize(caller: Caller, access: Signed): void {
  if (RANK[caller.role] < RANK[access]) throw new DomainError('forbidden', `This needs the role ${access}.`, { requiredRole: access });
}
