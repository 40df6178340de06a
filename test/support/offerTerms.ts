// How the waitlist's offers stand in tests that are not about that.
import type { OfferTerms } from '../../services/waitlist/waitlistOffers.ts';
import { TICKET_KEYS } from './ticketKeys.ts';

export const OFFER_TERMS: OfferTerms = {
  nearSeconds: 900,
  farSeconds: 900,
  nearHours: 48,
  payUrl: (id) => `http://pay.test/${id}`,
  ticketKeys: TICKET_KEYS,
};
