// A workflow for the test of the time-skipping server: sleeps, and says how long that was.
import { sleep } from '@temporalio/workflow';

export async function sleeper(duration: string): Promise<number> {
  const before = Date.now(); // workflow time
  await sleep(duration as any);
  return Date.now() - before;
}
