// Connections that ask for another protocol, byte by byte: what becomes of the socket is the point.
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config.ts';
import { startGateway } from '../../gateway/compose.ts';
import { createLog } from '../../log.ts';
import { freshDatabase } from '../support/database.ts';

let base: Awaited<ReturnType<typeof freshDatabase>>;
beforeAll(async () => {
  base = await freshDatabase();
});
afterAll(() => base?.close());

const gateway = (env: Record<string, string> = {}) =>
  startGateway(
    loadConfig({ NODE_ENV: 'test', PORT: '0', HOST: '127.0.0.1', DATABASE_URL: base.url, ...env }),
    createLog('silent', 'gateway'),
  );

/** A connection that has sent these lines and never closes its half by itself. */
async function send(port: number, lines: string[], body = ''): Promise<{ socket: Socket; got: () => string }> {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
  let text = '';
  // Not polled for: a hundred of these must fit into one minute.
  const answered = new Promise<void>((resolve, reject) => {
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      if (text.includes('\r\n\r\n')) resolve();
    });
    socket.on('error', reject);
    socket.on('close', () => reject(new Error(`closed without an answer: ${text}`)));
  });
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  socket.write(`${lines.join('\r\n')}\r\n\r\n${body}`);
  await answered;
  return { socket, got: () => text };
}

const webSocket = (path: string) => [
  `GET ${path} HTTP/1.1`,
  'Host: localhost',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
];

describe('a refused WebSocket', () => {
  it('leaves no half-open connection behind, and the gateway can stop', async () => {
    const running = await gateway();
    const { socket, got } = await send(running.port, webSocket('/nothing/here'));
    expect(got()).toMatch(/^HTTP\/1\.1 404 /);
    const stopped = await Promise.race([running.stop(500).then(() => true), new Promise((r) => setTimeout(r, 30_000, false))]);
    socket.destroy();
    expect(stopped).toBe(true);
  });
});

describe('attempts', () => {
  it('429 past a hundred a minute from one address, whatever event they name; other addresses are let in', async () => {
    const running = await gateway({ TRUST_PROXY: 'on' });
    const attempt = async (from: string) => {
      const { socket, got } = await send(running.port, [...webSocket('/ws/events/none'), `X-Forwarded-For: ${from}`]);
      socket.destroy();
      return got().slice(9, 12);
    };
    const answers: string[] = [];
    for (let i = 0; i < 103; i++) answers.push(await attempt('192.0.2.1'));
    expect(answers).toEqual([...Array(100).fill('101'), '429', '429', '429']);
    expect(await attempt('192.0.2.2')).toBe('101');
    await running.stop(500);
  });
});

describe('an offer of another protocol', () => {
  it("is passed over and the request answered, its body read: Java's client and curl --http2 offer h2c", async () => {
    const running = await gateway();
    const offer = ['Host: localhost', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABkAAQAAP__'];
    const body = JSON.stringify({ email: 'nobody@example.test', password: 'wrong' });
    const list = await send(running.port, ['GET /api/v1/events HTTP/1.1', ...offer]);
    const login = await send(
      running.port,
      ['POST /api/v1/auth/login HTTP/1.1', ...offer, 'Content-Type: application/json', `Content-Length: ${body.length}`],
      body,
    );
    const live = await send(running.port, webSocket('/ws/events/any'));
    expect([list, login, live].map(({ got }) => got().slice(9, 12))).toEqual(['200', '401', '101']);
    for (const { socket } of [list, login, live]) socket.destroy();
    await running.stop(500);
  });
});
