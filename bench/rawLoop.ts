// The raw limit without pgbench: the same statement, prepared, in a loop of the pg driver, in a process of its own.
import { createHash } from 'node:crypto';
import pg from 'pg';
import type { Driven } from './raw.ts';

type Message = {
  url: string;
  text: string;
  parameters: unknown[];
  place: string;
  account: string;
  buyers: number;
  clients: number;
  base: number;
  size: number;
  seconds: number;
};

/** Prime and larger than any event: walks through all seats in an order that is no order. */
const STRIDE = 1_000_003;

process.once('message', (message: Message) => {
  loop(message).then((result) => process.send!(result, undefined, {}, () => process.exit(0)));
});
process.on('disconnect', () => process.exit(1));

async function loop(m: Message): Promise<Driven> {
  const cpu = process.cpuUsage();
  const clients = await Promise.all(
    Array.from({ length: m.clients }, async () => {
      const client = new pg.Client({ connectionString: m.url });
      await client.connect();
      return client;
    }),
  );
  const times: number[] = [];
  let n = m.base;
  const began = performance.now();
  const until = began + m.seconds * 1000;
  await Promise.all(
    clients.map(async (client, i) => {
      const account = uuid(`buyer ${i % m.buyers}`);
      while (performance.now() < until) {
        const place = uuid(`place ${(n++ * STRIDE) % m.size}`);
        const values = m.parameters.map((p) => (p === m.place ? place : p === m.account ? account : p));
        const sent = performance.now();
        await client.query({ name: 'claim', text: m.text, values });
        times.push(performance.now() - sent);
      }
    }),
  );
  const seconds = (performance.now() - began) / 1000;
  await Promise.all(clients.map((client) => client.end()));
  const used = process.cpuUsage(cpu);
  return { done: times.length, seconds, times, driverCpu: (used.user + used.system) / 1e6, asked: n - m.base };
}

function uuid(text: string): string {
  return createHash('md5')
    .update(text)
    .digest('hex')
    .replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
