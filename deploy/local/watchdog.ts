// Ends every child of this process when it ends, however it ends: a kill -9 of `npm start` or of a test run leaves nothing behind.
import { type ChildProcess, spawn } from 'node:child_process';

// A shell and not Node: it costs 1 MB and lives as long as the stack. It reads "+ PID SIGNAL" and "- PID" lines; at the end of input, which
// comes when this process is gone for whatever reason, it stops every process group still listed, with its own signal first, then with KILL,
// and removes the folders named by "dir PATH" lines.
const SCRIPT = `
list=''
while read -r op pid sig; do
  if [ "$op" = dir ]; then set -- "$@" "$pid\${sig:+ $sig}"
  elif [ "$op" = + ]; then list="$list $pid:$sig"; else
    kept=''; for one in $list; do [ "\${one%%:*}" = "$pid" ] || kept="$kept $one"; done; list="$kept"
  fi
done
end() { for dir in "$@"; do rm -rf -- "$dir"; done; exit 0; }
[ -z "$list" ] && end "$@"
for one in $list; do kill -s "\${one##*:}" -- "-\${one%%:*}" 2>/dev/null; done
for i in 1 2 3 4 5 6 7 8 9 10; do
  left=''; for one in $list; do kill -0 -- "-\${one%%:*}" 2>/dev/null && left="$left $one"; done
  [ -z "$left" ] && end "$@"
  sleep 1
done
for one in $left; do kill -s KILL -- "-\${one%%:*}" 2>/dev/null; done
sleep 1
end "$@"
`;

let dog: ChildProcess | undefined;

function tell(line: string) {
  if (!dog) {
    // In a group of its own, so that a Ctrl-C in the terminal does not reach it.
    dog = spawn('/bin/sh', ['-c', SCRIPT], { detached: true, stdio: ['pipe', 'ignore', 'ignore'], cwd: '/' });
    dog.unref();
    (dog.stdin as any).unref?.();
    dog.on('error', () => {}); // no /bin/sh: the orderly stop still works
    dog.stdin!.on('error', () => {});
  }
  dog.stdin!.write(`${line}\n`);
}

/** Puts a process group under watch; `signal` is how it is asked to stop (INT, TERM). */
export function watch(pid: number, signal: NodeJS.Signals): void {
  tell(`+ ${pid} ${signal.replace(/^SIG/, '')}`);
}

/** Takes a process that has ended off the list, as its id may be given to another one. */
export function unwatch(pid: number): void {
  tell(`- ${pid}`);
}

/** Has a temporary folder removed at the end, if it is still there by then. */
export function removeAtEnd(dir: string): void {
  tell(`dir ${dir}`);
}
