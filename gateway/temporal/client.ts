// The gateway's connection to Temporal: every call has a time limit, and no AsyncLocalStorage is used.
import {
  Client,
  Connection,
  type ConnectionOptions,
  defaultGrpcRetryOptions,
  type Metadata,
  makeGrpcRetryInterceptor,
} from '@temporalio/client';
import { within } from '../../services/shared/within.ts';

/** How long a confirm waits for its outcome before it answers 202. */
export const PAY_WAIT_MS = 20_000;

/** Time limits by method, retries included. The first is short: an engine that does not answer GetSystemInfo so soon counts as away. */
const LIMITS_MS: Record<string, number> = {
  GetSystemInfo: 2_000,
  StartWorkflowExecution: 5_000,
  ExecuteMultiOperation: PAY_WAIT_MS,
  PollWorkflowExecutionUpdate: PAY_WAIT_MS,
};
const OTHERS_MS = 10_000;
const NAMESPACE = 'temporal-namespace';
/** grpc.connectivityState.READY. */
const READY = 2;

type Interceptor = NonNullable<ConnectionOptions['interceptors']>[number];

/*
 * The SDK keeps a call's deadline and headers in an AsyncLocalStorage (withDeadline, withMetadata; the latter for every call that names a
 * namespace). Node 20 then calls hooks for every promise of the process for as long as it lives, which costs reads a quarter of their
 * speed (bench/README.md). So deadlines come from an interceptor, and the one header stands in every call.
 */
const withDeadlines: Interceptor = (options, nextCall) => {
  const method = options.method_definition.path.split('/').at(-1)!;
  return nextCall({ ...options, deadline: Date.now() + (LIMITS_MS[method] ?? OTHERS_MS) }) as ReturnType<Interceptor>;
};

class PlainConnection extends Connection {
  override withMetadata<T>(metadata: Metadata, call: () => Promise<T>): Promise<T> {
    if (Object.keys(metadata).some((name) => name !== NAMESPACE)) throw new Error('headers of single calls are not sent by the gateway');
    return call();
  }

  /** Whether there is a connection; if not, this begins to make one. */
  isConnected(): boolean {
    return this.client.getChannel().getConnectivityState(true) === READY;
  }
}

export type Waits = {
  /** The outcome of an update, asked for with this id; undefined when it is not there after `ms`. Then it is not asked for any more either. */
  waitForOutcome<T>(updateId: string, ms: number, ask: () => Promise<T>): Promise<T | undefined>;
  /** Makes the call while somebody waits for this update's outcome; else throws. */
  ifWaitedFor<T>(updateId: string | null | undefined, call: () => Promise<T>): Promise<T>;
};

/** Keeps the updates whose outcomes somebody waits for. */
export function createWaits(): Waits {
  const waitedFor = new Set<string>();
  return {
    async waitForOutcome<T>(updateId: string, ms: number, ask: () => Promise<T>) {
      waitedFor.add(updateId);
      try {
        return await within(ms, ask(), () => undefined);
      } finally {
        waitedFor.delete(updateId);
      }
    },
    async ifWaitedFor(updateId, call) {
      if (!updateId || !waitedFor.has(updateId)) throw new Error('nobody waits for this outcome any more');
      return call();
    },
  };
}

/** The engine is out of reach. The call that was under way would be tried again until its deadline; nobody has to wait for that. */
export class EngineAway extends Error {}

const LOOK_EVERY_MS = 500;
/** The engine counts as away after so many checks without a connection; a lost connection is made again within one check. */
const MISSED = 2;

/** The work's result; rejects with EngineAway while there is no connection. A stalled engine keeps its connection and is waited for. */
function whileConnected<T>(connection: PlainConnection, work: Promise<T>): Promise<T> {
  let missed = 0;
  return new Promise((resolve, reject) => {
    const look = setInterval(() => {
      missed = connection.isConnected() ? 0 : missed + 1;
      if (missed > MISSED) reject(new EngineAway('Temporal cannot be reached.'));
    }, LOOK_EVERY_MS);
    work.then(resolve, reject).finally(() => clearInterval(look));
  });
}

export type Temporal = Pick<Waits, 'waitForOutcome'> & { connection: Connection; client: Client };

/** Makes the client. It connects at the first call, and again whenever the connection was lost. */
export function createTemporal({ address, namespace }: { address: string; namespace: string }): Temporal {
  const interceptors = [withDeadlines, makeGrpcRetryInterceptor(defaultGrpcRetryOptions())];
  const connection = PlainConnection.lazy({ address, metadata: { [NAMESPACE]: namespace }, interceptors }) as PlainConnection;
  const waits = createWaits();
  const { ifWaitedFor } = waits;
  const { workflowService } = connection;
  // The SDK asks again until there is an outcome, which never comes without a worker.
  const { executeMultiOperation: start, pollWorkflowExecutionUpdate: poll } = workflowService;
  workflowService.executeMultiOperation = ((request: Parameters<typeof start>[0]) =>
    ifWaitedFor(request.operations?.[1]?.updateWorkflow?.request?.meta?.updateId, () => start(request))) as typeof start;
  workflowService.pollWorkflowExecutionUpdate = ((request: Parameters<typeof poll>[0]) =>
    ifWaitedFor(request.updateRef?.updateId, () => poll(request))) as typeof poll;
  return {
    connection,
    client: new Client({ connection, namespace }),
    waitForOutcome: (updateId, ms, ask) => waits.waitForOutcome(updateId, ms, () => whileConnected(connection, ask())),
  };
}
