// Up to which seq nothing is under way any more: the number a reader may resume from at any gateway without missing what commits late.
import type { Look } from '../../services/placeChanges.ts';

/** Takes in every look in order; `anew` when the looks before it tell nothing about what is under way now. */
export function createWatermark(): { settle(seen: Look, anew: boolean): void; value(): number } {
  let top = 0;
  let water = 0;
  /** For each transaction under way, a seq that its rows are past. */
  let floors = new Map<number, number>();
  return {
    settle(seen, anew) {
      // A transaction first seen now began after the last look and so took its seqs after it: they are past what was on top then.
      const floorOfNew = anew ? Math.max(0, seen.oldest - 1) : top;
      floors = new Map(seen.snapshot.running.map((xid) => [xid, (anew ? undefined : floors.get(xid)) ?? floorOfNew]));
      top = seen.top;
      water = Math.min(top, ...floors.values());
    },
    value: () => water,
  };
}
