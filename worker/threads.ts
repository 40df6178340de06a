// The threads that run the workflows, without the SDK's hook on promises: it takes a stack trace at every `await` of every workflow
// (10 of 51 ms of the worker's CPU an order), only for the UI's "call stack" of a workflow. The SDK has no option for it, and does without
// the hook where the engine has none: that is what its threads are told. What an order waits for stands in its current details.
import threads from 'node:worker_threads';

const NO_HOOKS = 'import v8 from "node:v8"; v8.promiseHooks.createHook = undefined;';

/** Call before the workers are made. The threads also go without the flags of this process (tsx): they run the SDK and the bundle alone. */
export function leaveOutPromiseHooks(): void {
  const execArgv = ['--import', `data:text/javascript,${encodeURIComponent(NO_HOOKS)}`];
  const { Worker } = threads;
  threads.Worker = class extends Worker {
    constructor(...[file, options]: ConstructorParameters<typeof Worker>) {
      super(file, { execArgv, ...options });
    }
  };
}
