// The least that a purchase could be to the engine: a workflow that answers one update with what one local activity returns, and is over.
import { allHandlersFinished, condition, defineUpdate, proxyLocalActivities, setHandler } from '@temporalio/workflow';

const { one } = proxyLocalActivities<{ one(): Promise<number> }>({ startToCloseTimeout: '10 seconds' });

export async function bare(): Promise<number> {
  let answer: number | undefined;
  setHandler(defineUpdate<number>('ask'), async () => {
    answer = await one();
    return answer;
  });
  await condition(() => answer !== undefined && allHandlersFinished());
  return answer!;
}
