// In which order a buyer sees the free seats. Whoever takes the first one should rarely meet another buyer there, so each has an order of their own.
import { createHash } from 'node:crypto';
import { createCache } from '../http/answers/lru.ts';
import type { Board } from '../reads/board.ts';

/** Listings remembered at once; one that was forgotten is counted through again. */
const MAX_LISTINGS = 20_000;
const MAX_BYTES = 16 * 1024 * 1024;

/** `who` reads it: the order is theirs. `among`: the places it is of, in the hall's order; left out, all. */
export type Asked = { who: string; page: number; pageSize: number; among?: { name: string; places: number[] } };

export type SeatOrder = {
  /** A page of the free places, as this caller sees them. */
  free(board: Board, asked: Asked): number[];
};

/**
 * Makes the orders. A caller's order is a walk over all seats that begins somewhere and takes steps of a width of its own, so that what
 * is sold leaves no gap after which everybody meets. It is the same on every gateway. A page begins where the one before it ended when
 * this caller read it last: a seat that is sold meanwhile moves no other seat past the reader.
 */
export function createSeatOrder(): SeatOrder {
  const listings = createCache<number[]>(MAX_LISTINGS, MAX_BYTES);

  return {
    free(board, { who, page, pageSize, among }) {
      const size = among?.places.length ?? board.ids.length;
      const at = among ? (i: number) => among.places[i]! : (i: number) => i;
      const walk = walkOf(`${who} ${board.eventId}`, size);

      const listing = `${who} ${board.layout} ${among?.name ?? ''} ${pageSize}`;
      const ends = page === 1 ? [0] : [...(listings.get(listing) ?? [0])];
      const found: number[] = [];
      let toSkip = ends[page - 1] === undefined ? (page - 1) * pageSize : 0;
      let step = ends[page - 1] ?? 0;
      for (; step < size && found.length < pageSize; step++) {
        const place = at(walk(step));
        if (!board.isAvailable(place)) continue;
        if (toSkip > 0) toSkip--;
        else found.push(place);
      }

      if (ends[page - 1] !== undefined) {
        ends[page] = step;
        listings.set(listing, ends, listing.length + ends.length * 8);
      }
      return found;
    },
  };
}

/** From step to index: every index below `size` once. */
function walkOf(seed: string, size: number): (step: number) => number {
  const digest = createHash('sha1').update(seed).digest();
  const start = size ? digest.readUInt32LE(0) % size : 0;
  let stride = size ? (digest.readUInt32LE(4) % size) + 1 : 1;
  while (divisor(stride, size) > 1) stride++;
  return (step) => (start + step * stride) % size;
}

function divisor(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y) [x, y] = [y, x % y];
  return x;
}
