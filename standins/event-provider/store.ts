// What the provider knows: orders, and who has which place. Writes are true at once; reads are served from a view that follows later.
import { mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

export type Status = 'STARTED' | 'SUBMITTED' | 'CONFIRMED' | 'CANCELLED';
export type Order = { id: string; status: Status; started_at: number; updated_at: number; places: number };

/** The holder of a place that somebody else's customer has. */
export const PARTNER = 'another partner';

/** One change: an order as it is now, or a place's holder (null: free). */
type Change = { order: Order } | { place: number; holder: string | null };

export type Picture = { orders: Map<string, Order>; holders: Map<number, string> };

export type Store = {
  truth: Picture;
  /** What a read sees now: the truth of `lagMs` ago. */
  seen(): Picture;
  putOrder(order: Order): void;
  /** Gives a place to an order or to another partner, or frees it (null). */
  give(place: number, holder: string | null): void;
  /** The places of an order. */
  placesOf(orderId: string): number[];
  wipe(): void;
};

const empty = (): Picture => ({ orders: new Map(), holders: new Map() });

function apply({ orders, holders }: Picture, change: Change): void {
  if ('order' in change) orders.set(change.order.id, change.order);
  else if (change.holder === null) holders.delete(change.place);
  else holders.set(change.place, change.holder);
}

/** `lagMs` is asked at every write. With a `stateFile` every change is a line of it, and the next start reads them. */
export function openStore({ stateFile, lagMs }: { stateFile?: string; lagMs: () => number }): Store {
  let [truth, view] = [empty(), empty()];
  let late: { due: number; change: Change }[] = [];
  const learn = (change: Change) => {
    apply(truth, change);
    apply(view, change);
  };
  const file = stateFile === undefined ? undefined : open(stateFile, learn);

  function write(change: Change): void {
    apply(truth, change);
    late.push({ due: Date.now() + lagMs(), change });
    if (file !== undefined) writeSync(file, `${JSON.stringify(change)}\n`);
  }

  return {
    get truth() {
      return truth;
    },
    seen() {
      // In the order they were made: what came later is never seen earlier.
      let n = 0;
      while (n < late.length && late[n]!.due <= Date.now()) apply(view, late[n++]!.change);
      if (n) late = late.slice(n);
      return view;
    },
    putOrder: (order) => write({ order: { ...order } }),
    give: (place, holder) => write({ place, holder }),
    placesOf: (orderId) => [...truth.holders].filter(([, holder]) => holder === orderId).map(([place]) => place),
    wipe() {
      [truth, view, late] = [empty(), empty(), []];
      if (stateFile !== undefined) writeFileSync(stateFile, '');
    },
  };
}

/** Opens the file for appending, after every change in it was told. A last line that a kill has cut is left out. */
function open(stateFile: string, tell: (change: Change) => void): number {
  mkdirSync(dirname(stateFile), { recursive: true });
  const file = openSync(stateFile, 'a');
  const lines = readFileSync(stateFile, 'utf8').split('\n');
  const rest = lines.pop();
  for (const line of lines) if (line) tell(JSON.parse(line));
  if (rest) writeFileSync(stateFile, lines.map((line) => `${line}\n`).join(''));
  return file;
}
