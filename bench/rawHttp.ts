// The raw limit of reading: node's own HTTP server answering the same bytes from memory, in a process of its own. No Koa, no rules, no database.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export type RawAnswer = { status: number; headers: Record<string, string>; kb: number };

process.once('message', ({ status, headers, kb }: RawAnswer) => {
  const body = Buffer.alloc(Math.round(kb * 1024), 'x');
  const server = createServer((_, response) => {
    response.writeHead(status, { ...headers, ...(status === 304 ? {} : { 'content-length': body.length }) });
    response.end(status === 304 ? undefined : body);
  });
  server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
});
process.on('disconnect', () => process.exit(0));
