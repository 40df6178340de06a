// Runs a tool (a bench, the fuzzer) that starts private stacks: however it ends, nothing of them stays.
import { stopEverything } from './processes.ts';
import { fail, say } from './say.ts';
import { onStop } from './signals.ts';
import type { Stack } from './stack.ts';
import { outliveReaders } from './surroundings.mjs';

/**
 * Runs the tool and exits with the code it resolves with. It says which stack is its own, and undefined once that is stopped; Ctrl-C stops
 * it in order, a second one kills. `halt` passes a stop on to what the tool started besides.
 */
export function runTool(
  tool: (own: (stack: Stack | undefined) => void) => Promise<number>,
  halt: (signal: NodeJS.Signals) => void = () => {},
): void {
  outliveReaders();
  let stack: Stack | undefined;
  let stopping = false;

  async function end(): Promise<void> {
    stopping = true;
    await stack?.stop();
    await stopEverything();
  }

  onStop(
    () => {
      say('stopping');
      halt('SIGTERM');
      end().then(() => process.exit(130), fail);
    },
    () => {
      halt('SIGKILL');
      stack?.abandon();
      process.exit(130);
    },
  );
  tool((its) => {
    stack = its;
  }).then(
    (code) => process.exit(code),
    async (error) => {
      if (stopping) return; // its parts are being taken away under it
      await end().catch(() => {});
      fail(error);
    },
  );
}
