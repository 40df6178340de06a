// Who does something. Services are told, and ask orders/policy.ts what it may; routes and workers only say who it is.
import type { AccountRole } from '../../db/tables.ts';

export type Actor =
  | { kind: 'account'; id: string; role: AccountRole }
  /** A program of an account's owner, for what its key allows. */
  | { kind: 'key'; id: string; scopes: readonly string[] }
  /** A payment provider, by a callback or a page it sent the buyer back to. */
  | { kind: 'provider'; name: string }
  /** The house itself, and why. */
  | { kind: 'system'; why: string };

/** Who manages things of their own or, as an admin, everybody's. */
export type Manager = { accountId: string; admin: boolean };

/** A signed-in caller as a manager. */
export const managerOf = ({ accountId, role }: { accountId: string; role: AccountRole }): Manager => ({
  accountId,
  admin: role === 'admin',
});

/** The account in whose name it is done; undefined for what has none. */
export const accountOf = (actor: Actor): string | undefined => (actor.kind === 'account' || actor.kind === 'key' ? actor.id : undefined);
