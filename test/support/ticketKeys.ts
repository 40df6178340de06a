// The keys that sign tickets' codes in tests that have no gateway.
import { ticketKeys } from '../../services/tickets/keys.ts';

export const TICKET_KEYS = ticketKeys({ secret: 'x'.repeat(32), former: [] });
