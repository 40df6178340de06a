// Readers in a process of their own: so many connections, each asking one thing after the other, counting bytes and never keeping them.
import { connect } from 'node:net';
import { type Spread, spread } from './numbers.ts';

export type ReadJob = {
  port: number;
  clients: number;
  seconds: number;
  /** Paths, taken at random. */
  paths: string[];
  headers: string;
  /** Each client asks once in so many ms; 0: again as soon as it is answered. */
  everyMs: number;
};
export type ReadResult = {
  done: number;
  seconds: number;
  statuses: Record<string, number>;
  times: Spread;
  bytes: number;
  cpuSeconds: number;
};

process.once('message', (job: ReadJob) => {
  run(job).then((result) => process.send!(result, undefined, {}, () => process.exit(0)));
});
process.on('disconnect', () => process.exit(1));

async function run(job: ReadJob): Promise<ReadResult> {
  const result: ReadResult = { done: 0, seconds: 0, statuses: {}, times: { p50: 0, p90: 0, p99: 0, max: 0 }, bytes: 0, cpuSeconds: 0 };
  const times: number[] = [];
  const began = performance.now();
  const until = began + job.seconds * 1000;
  await Promise.all(Array.from({ length: job.clients }, (_, i) => client(job, i, until, result, times)));
  result.seconds = (performance.now() - began) / 1000;
  result.times = spread(Float64Array.from(times));
  const used = process.cpuUsage();
  result.cpuSeconds = (used.user + used.system) / 1e6;
  return result;
}

function client(job: ReadJob, index: number, until: number, result: ReadResult, times: number[]): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(job.port, '127.0.0.1');
    socket.setNoDelay(true);
    let head: Buffer = Buffer.alloc(0);
    let left = -1; // bytes of the body still to come; -1: the head is being read
    let sent = 0;
    let due = performance.now() + (job.everyMs * index) / job.clients;
    const ask = () => {
      const now = performance.now();
      if (now >= until) {
        socket.destroy();
        resolve();
        return;
      }
      if (job.everyMs && due > now) {
        setTimeout(ask, due - now);
        return;
      }
      due += job.everyMs;
      sent = performance.now();
      const path = job.paths[Math.floor(Math.random() * job.paths.length)]!;
      socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n${job.headers}\r\n`);
    };
    const answered = (status: string) => {
      times.push(performance.now() - sent);
      result.statuses[status] = (result.statuses[status] ?? 0) + 1;
      result.done++;
      head = Buffer.alloc(0);
      left = -1;
      ask();
    };
    let status = '';
    socket.on('data', (chunk: Buffer) => {
      result.bytes += chunk.length;
      if (left < 0) {
        head = head.length ? Buffer.concat([head, chunk]) : chunk;
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        const text = head.toString('latin1', 0, end);
        status = text.slice(9, 12);
        left = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0) - (head.length - end - 4);
      } else left -= chunk.length;
      if (left === 0) answered(status);
    });
    socket.on('error', () => {
      result.statuses['no answer'] = (result.statuses['no answer'] ?? 0) + 1;
      resolve();
    });
    socket.on('connect', ask);
  });
}
