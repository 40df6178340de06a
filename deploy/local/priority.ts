// Which process the machine runs first where there is not enough of it for all.
import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';

/** Of who gives way: a third of another's share, where both want more than there is (sched(7)). */
const GIVES_WAY = 5;

/**
 * Lets a process give way to the others, where the machine is short. Linux shares a machine among sessions first where it groups by them
 * (autogroup), and `nice` counts within a session alone: each of our processes is one, so its group is told as well.
 */
export function giveWay(pid: number): void {
  try {
    setPriority(pid, GIVES_WAY);
    writeFileSync(`/proc/${pid}/autogroup`, String(GIVES_WAY));
  } catch {
    // It has ended, or this system knows no such thing.
  }
}
