// The hall: places by their index, whose ids, rows and seats follow from it, so that 100,000 of them cost no memory and no start-up.

export const SEATS_PER_ROW = 100;

export type Hall = {
  count: number;
  /** The id of the place with this index, from 0. */
  idOf(index: number): string;
  /** The index of this id; undefined where there is no such place. */
  indexOf(id: string): number | undefined;
};

/** `realm`: eight hexadecimal digits that every id begins with, so that two halls share no id. */
export function createHall(count: number, realm: string): Hall {
  const head = `${realm}-0000-4000-8000-`;
  return {
    count,
    idOf: (index) => head + index.toString(16).padStart(12, '0'),
    indexOf(id) {
      const [, tail] = /^[0-9a-f]{8}-0000-4000-8000-([0-9a-f]{12})$/.exec(id.toLowerCase()) ?? [];
      const index = tail && id.toLowerCase().startsWith(head) ? Number.parseInt(tail, 16) : count;
      return index < count ? index : undefined;
    },
  };
}

/** Rows and seats count from 1. */
export const rowOf = (index: number): number => Math.floor(index / SEATS_PER_ROW) + 1;
export const seatOf = (index: number): number => (index % SEATS_PER_ROW) + 1;
