// The engine's floor: bare workflows a second and what one costs, on the same server as the orders and in the same run.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BareJob } from './bareProcess.ts';
import { readCpu } from './cpu.ts';
import { type House, inProcess } from './house.ts';
import { round, type Spread } from './numbers.ts';

/** CPU milliseconds of one, by who spends them; `all` is their sum. */
export type Floor = {
  clients: number;
  perSecond: number;
  times: Spread;
  cpuMsEach: { client: number; worker: number; temporal: number; all: number };
};

type Asked = { done: number; seconds: number; times: Spread; cpuSeconds: number };

const QUEUE = 'bench-bare';

/** Starts the worker of bare workflows. It does nothing while nobody asks. */
export async function startBare(house: House): Promise<{ measure(clients: number, seconds: number): Promise<Floor>; stop(): void }> {
  const { temporalAddress: address } = house.stack;
  const base = { address, taskQueue: QUEUE, clients: 0, seconds: 0 };
  const worker: ChildProcess = fork(fileURLToPath(new URL('bareProcess.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] });
  await new Promise<void>((resolve, reject) => {
    worker.once('message', () => resolve());
    worker.once('exit', (code) => reject(new Error(`the bare worker ended with ${code}`)));
    worker.send({ ...base, role: 'worker' } satisfies BareJob);
  });
  const reading = () => ({ ...house.cpu().parts, bare: readCpu({ bare: [worker.pid] }).parts.bare! });

  return {
    async measure(clients, seconds) {
      const before = reading();
      const asked = await inProcess<Asked>('bareProcess.ts', { ...base, role: 'client', clients, seconds }, seconds + 60);
      const after = reading();
      const each = (cpuSeconds: number) => round((1000 * cpuSeconds) / Math.max(1, asked.done), 1);
      const cpu = {
        client: each(asked.cpuSeconds),
        worker: each(after.bare - before.bare),
        temporal: each((after as Record<string, number>).temporal! - (before as Record<string, number>).temporal!),
      };
      const all = round(cpu.client + cpu.worker + cpu.temporal, 1);
      return { clients, perSecond: round(asked.done / asked.seconds, 1), times: asked.times, cpuMsEach: { ...cpu, all } };
    },
    stop: () => void worker.kill('SIGKILL'),
  };
}
