// Who holds a process id. An id alone says little: after a crash it may belong to somebody else.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * Whether the process lives and is the one meant, told by its command line. Where nobody can say what it runs (no /proc, no `ps`), a living
 * process is taken for the one meant: to take a live owner for dead costs its data, the other way costs a message.
 */
export function runs(pid: number, isMeant: (command: string) => boolean): boolean {
  if (!lives(pid)) return false;
  const command = commandOf(pid);
  return command === undefined || isMeant(command);
}

/** Whether a command line names the path. `ps` writes letters beyond ASCII in ways of its own, so only what stands around them is compared. */
export const names = (command: string, path: string): boolean => path.split(/[^ -~]+/).every((part) => command.includes(part));

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH'; // EPERM: it lives, and is another user's
  }
}

/** undefined: it cannot be told. A zombie's is empty. */
function commandOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
  } catch {
    return fromPs(pid);
  }
}

/** macOS' ps cuts lines at 79 letters without -ww: the folder that tells the owner would be lost, and with it the owner. */
function fromPs(pid: number): string | undefined {
  try {
    return execFileSync('ps', ['-ww', '-o', 'command=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch (error) {
    // ps that ran and found nothing says so by its status; one that is not there, or does not know these options, says nothing of the process.
    return (error as { status?: number | null; stdout?: string }).status === 1 && !lives(pid) ? '' : undefined;
  }
}
