// Which process the machine runs first where there is not enough of it for all.
import { writeFileSync } from 'node:fs';
import { getPriority, setPriority } from 'node:os';

/**
 * How much nicer than we are: 5 is a third of another's share, where both want more than there is (sched(7)). The database has what a
 * buyer's answer waits for; worker and engine, most of whose work nobody waits for, take what is left.
 */
export const NICER = { database: 5, background: 10 } as const;
const NICEST = 19;

/**
 * Lets a process give way to the others, where the machine is short. Linux shares a machine among sessions first where it groups by them
 * (autogroup), and `nice` counts within a session alone: each of our processes is one, so its group is told as well.
 */
export function giveWay(pid: number, as: keyof typeof NICER): void {
  try {
    const nice = Math.min(NICEST, getPriority() + NICER[as]);
    setPriority(pid, nice);
    writeFileSync(`/proc/${pid}/autogroup`, String(nice));
  } catch {
    // It has ended, or this system knows no such thing.
  }
}
