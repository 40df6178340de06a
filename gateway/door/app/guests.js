// The guests of an event in memory: found by ticket, by order, and by what somebody at the door says their name is.

/**
 * As the gateway tells of a ticket. `offline`: this gate let its holder in without a network, and nobody has confirmed it yet.
 * @typedef {{ ticket: string, order: string | null, number: number | null, code: string | null, name: string | null, offer: string | null,
 *   place: string | null, void: boolean, used_at: string | null, gate: string | null, offline?: boolean, code_digest?: string | null }} Guest
 */

/** Letters without their accents, in lower case: how names are compared. @param {string} text */
export const folded = (text) => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();

/** A list of guests. */
export function createGuests() {
  /** @type {Map<string, Guest>} */
  const byTicket = new Map();
  /** @type {Map<string, Set<string>>} */
  const byOrder = new Map();
  /** @type {Map<string, string>} */
  const byDigest = new Map();
  /** @type {Map<string, string>} */
  const words = new Map();

  return {
    get size() {
      return byTicket.size;
    },
    /** @param {string} ticket */
    ticket: (ticket) => byTicket.get(ticket),
    /** The tickets of an order. @param {string} order */
    order: (order) => [...(byOrder.get(order) ?? [])].map((ticket) => /** @type {Guest} */ (byTicket.get(ticket))),
    /** The tickets that a code stands for. @param {import('./codes.js').Coded} coded @returns {Guest[]} */
    coded({ kind, id }) {
      if (kind === 'order') return this.order(id);
      const guest = kind === 'ticket' ? byTicket.get(id) : byTicket.get(byDigest.get(id) ?? '');
      return guest ? [guest] : [];
    },
    /** Puts guests in; a newer row of a ticket replaces the older. @param {Guest[]} guests */
    put(guests) {
      for (const guest of guests) {
        byTicket.set(guest.ticket, guest);
        words.set(guest.ticket, folded([guest.name, guest.code, guest.number, guest.place, guest.offer].filter(Boolean).join(' ')));
        if (guest.code_digest) byDigest.set(guest.code_digest, guest.ticket);
        if (!guest.order) continue;
        const tickets = byOrder.get(guest.order) ?? new Set();
        byOrder.set(guest.order, tickets.add(guest.ticket));
      }
    },
    /**
     * Guests whose name, order, ticket number or place has all the words, at most `limit`, by name.
     * @param {string} asked
     * @param {number} limit
     */
    find(asked, limit) {
      const wanted = folded(asked).split(/\s+/).filter(Boolean);
      /** @type {Guest[]} */
      const found = [];
      if (!wanted.length) return found;
      for (const [ticket, text] of words) {
        if (wanted.every((word) => text.includes(word))) found.push(/** @type {Guest} */ (byTicket.get(ticket)));
        if (found.length === limit) break;
      }
      return found.sort((a, b) => (a.name ?? '').localeCompare(b.name ?? '') || (a.number ?? 0) - (b.number ?? 0));
    },
    clear() {
      for (const map of [byTicket, byOrder, byDigest, words]) map.clear();
    },
  };
}

/** @typedef {ReturnType<typeof createGuests>} Guests */
