// Heartbeats: how Temporal learns that a worker died in the middle of an activity, long before the activity's own time is up.
import { Context } from '@temporalio/activity';

const EVERY_MS = 2_000;

/** Runs the work and says every two seconds that this process lives. The workflow's proxy sets heartbeatTimeout. */
export async function alive<T>(work: () => Promise<T>): Promise<T> {
  const { heartbeat } = Context.current();
  const beat = setInterval(() => heartbeat(), EVERY_MS);
  try {
    return await work();
  } finally {
    clearInterval(beat);
  }
}
