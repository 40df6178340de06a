// Saved histories replay on today's workflow code: whoever changes a workflow learns here whether running orders survive it.
import type { temporal } from '@temporalio/proto';
import { DefaultLogger, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import { beforeAll, describe, expect, test } from 'vitest';
import { bundleWorkflows } from '../../worker/bundle.ts';
import { savedHistories } from '../support/histories.ts';

let bundle: WorkflowBundle;
beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  bundle = await bundleWorkflows();
});

describe('saved histories', () => {
  const saved = savedHistories();

  test('there are some, of several branches', () => {
    expect(saved.length).toBeGreaterThan(5);
  });

  test.each(saved)('$name replays', async ({ name, history }) => {
    await Worker.runReplayHistory({ workflowBundle: bundle }, history, name);
  });

  test('a history that does not fit is refused: the tests above can fail', async () => {
    const isScheduled = (e: temporal.api.history.v1.IHistoryEvent) => e.activityTaskScheduledEventAttributes;
    const { name, history } = saved.find((one) => one.history.events.some(isScheduled))!;
    const scheduled = history.events.find(isScheduled)!;
    scheduled.activityTaskScheduledEventAttributes!.activityType!.name = 'somethingElse';
    await expect(Worker.runReplayHistory({ workflowBundle: bundle }, history, name)).rejects.toThrow(/nondeterminism|Nondeterminism/);
  });
});
