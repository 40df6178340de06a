// Claims as tests ask for them: an account, an event, what is wanted.
import type { ClaimRequest, Terms, Want } from '../../services/orders/claim/claim.ts';

/** The account of this id, as services are told of it. */
export const as = (id: string) => ({ kind: 'account', id, role: 'user' }) as const;

/** A claim's request with terms that are in nobody's way. */
export const wish = (accountId: string, eventId: string, want: Want, terms: Partial<Terms> = {}): ClaimRequest => ({
  actor: as(accountId),
  eventId,
  want,
  terms: { holdSeconds: 300, maxPlaces: 50, ...terms },
});
