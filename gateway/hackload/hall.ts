// An event's seats by row and number: both are whole numbers here, whatever they are called in the hall.
import type { SeatState } from '../../services/inventory/seats.ts';
import type { Board } from '../reads/board.ts';

export type Hall = {
  /** Where a place of the board is. */
  of(board: Board, place: number): { row: number; number: number };
  /** The places of the rows with this number: several sections may have one each. */
  row(board: Board, row: number): { name: string; places: number[] };
  /** A page of places in the hall's order. */
  page(board: Board, asked: { among?: number[]; status?: SeatState; from: number; size: number }): number[];
};

/** By rows of the board: their numbers, and the other way round. */
type Rows = { numbers: Map<object, number>; byNumber: Map<number, { from: number; to: number }[]> };

/** Makes it. What it finds out about the rows of a board is kept as long as the board. */
export function createHall(): Hall {
  const known = new WeakMap<Board, Rows>();

  function rowsOf(board: Board): Rows {
    const found = known.get(board);
    if (found) return found;
    const rows: Rows = { numbers: new Map(), byNumber: new Map() };
    for (const [index, row] of board.rows.entries()) {
      const number = numeric(row.label) ?? index + 1;
      rows.numbers.set(row, number);
      rows.byNumber.set(number, [...(rows.byNumber.get(number) ?? []), row]);
    }
    known.set(board, rows);
    return rows;
  }

  return {
    of(board, place) {
      const row = board.rowAt(place);
      return { row: rowsOf(board).numbers.get(row)!, number: numeric(board.labels[place]!) ?? place - row.from + 1 };
    },
    row(board, row) {
      const found = rowsOf(board).byNumber.get(row) ?? [];
      return { name: String(row), places: found.flatMap(({ from, to }) => Array.from({ length: to - from }, (_, i) => from + i)) };
    },
    page(board, { among, status, from, size }) {
      const count = among?.length ?? board.ids.length;
      const at = (i: number) => among?.[i] ?? i;
      const places: number[] = [];
      // Without a state every place counts, so the page's first is known at once.
      let toSkip = status ? from : 0;
      for (let i = status ? 0 : from; i < count && places.length < size; i++) {
        if (status && board.status(at(i)) !== status) continue;
        if (toSkip > 0) toSkip--;
        else places.push(at(i));
      }
      return places;
    },
  };
}

/** "12" is 12; what is no number, or none that JSON carries exactly, has its place in the order instead. */
function numeric(label: string): number | undefined {
  return /^[1-9]\d{0,14}$/.test(label) ? Number(label) : undefined;
}
