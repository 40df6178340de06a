// The one way workflows here wait: for a call, but not for ever.
import { CancellationScope, condition, sleep } from '@temporalio/workflow';

/** Sleeps at most `ms`, or until `called` is true. The timer is taken away when the call came first. */
export async function wake(called: () => boolean, ms: number, summary: string): Promise<void> {
  const scope = new CancellationScope();
  const call = condition(called);
  await scope.run(() => Promise.race([sleep(ms, { summary }), call]));
  scope.cancel();
}
