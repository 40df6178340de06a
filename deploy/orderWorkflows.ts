// The order workflows as the net asks for them: Temporal's list for many at once, its own word on one where certainty is needed.
import { type Client, WorkflowNotFoundError } from '@temporalio/client';
import type { Workflows } from '../services/reports/verify.ts';
import { orderWorkflowId, WORKFLOWS } from '../workflows/messages.ts';

const PAGE = 200;
/** So many questions about single workflows are open at once. */
const LANES = 8;

const RUNNING = `WorkflowType = '${WORKFLOWS.order}' and ExecutionStatus = 'Running'`;
const orderId = (workflowId: string) => workflowId.slice(orderWorkflowId('').length);

/** Asks the client's namespace. The list (visibility) follows the engine by a second or so. */
export function orderWorkflows({ workflow }: Client): Workflows {
  async function* pages(query: string): AsyncGenerator<string[]> {
    let page: string[] = [];
    for await (const one of workflow.list({ query, pageSize: PAGE })) {
      page.push(orderId(one.workflowId));
      if (page.length < PAGE) continue;
      yield page;
      page = [];
    }
    yield page;
  }

  async function runs(id: string): Promise<boolean> {
    try {
      return (await workflow.getHandle(orderWorkflowId(id)).describe()).status.name === 'RUNNING';
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  }

  return {
    running: (since) => pages(`${RUNNING} and StartTime < '${since.toISOString()}'`),
    async listed(ids) {
      const found = new Set<string>();
      if (!ids.length) return found;
      const names = ids.map((id) => `'${orderWorkflowId(id)}'`).join(', ');
      for await (const page of pages(`${RUNNING} and WorkflowId in (${names})`)) for (const id of page) found.add(id);
      return found;
    },
    async certain(ids) {
      const found = new Set<string>();
      const queue = [...ids];
      const lane = async () => {
        for (let id = queue.pop(); id; id = queue.pop()) if (await runs(id)) found.add(id);
      };
      await Promise.all(Array.from({ length: LANES }, lane));
      return found;
    },
  };
}
