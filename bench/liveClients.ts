// Two thousand screens in a process of their own: plain sockets that note when each change arrives. Told what happened, it says how long each took.
import { randomBytes } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { type Spread, spread } from './numbers.ts';

export type Cause = {
  seat: string;
  status: string /** ms since the epoch: earliest and latest possible moment of the commit */;
  from: number;
  to: number;
};
export type Ask = { open: { port: number; eventId: string; sockets: number } } | { report: Cause[] };
export type Told =
  | { opened: { sockets: number; ms: number } }
  | {
      arrivals: {
        fromRequest: Spread;
        fromAnswer: Spread;
        messages: number;
        missing: number;
        closed: number;
        cpuSeconds: number;
        rssMb: number;
      };
    };

const NAMES = /"seat_id":"([0-9a-f-]{36})","status":"(\w+)"/g;
/** For each seat and status, when it reached each socket. */
const seen = new Map<string, number[]>();
let sockets = 0;
let closed = 0;
let cpu = process.cpuUsage();

process.on('message', (ask: Ask) => {
  if ('open' in ask) open(ask.open).then((opened) => process.send!({ opened }));
  else process.send!({ arrivals: report(ask.report) }, undefined, {}, () => process.exit(0));
});
process.on('disconnect', () => process.exit(1));

async function open({ port, eventId, sockets: count }: { port: number; eventId: string; sockets: number }) {
  const began = performance.now();
  for (let i = 0; i < count; i += 50) await Promise.all(Array.from({ length: Math.min(50, count - i) }, () => screen(port, eventId)));
  sockets = count;
  cpu = process.cpuUsage();
  return { sockets: count, ms: Math.round(performance.now() - began) };
}

/** Resolves with the snapshot. */
function screen(port: number, eventId: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1');
    let left = '';
    let upgraded = false;
    socket.setNoDelay(true);
    socket.write(
      `GET /ws/events/${eventId} HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
    );
    socket.on('data', (chunk: Buffer) => {
      const now = performance.timeOrigin + performance.now();
      if (chunk.includes(PING)) socket.write(PONG);
      const text = left + chunk.toString('latin1');
      if (!upgraded) {
        if (!text.startsWith('HTTP/1.1 101')) return reject(new Error(text.slice(0, 80)));
        upgraded = true;
        send(socket, JSON.stringify({ action: 'subscribe', event_id: eventId }));
      }
      if (text.includes('"snapshot"')) resolve();
      let end = 0;
      for (const match of text.matchAll(NAMES)) {
        note(`${match[1]} ${match[2]}`, now);
        end = match.index + match[0].length;
      }
      left = text.slice(Math.max(end, text.length - 100));
    });
    socket.on('error', reject);
    socket.on('close', () => void closed++);
  });
}

function note(key: string, now: number): void {
  const times = seen.get(key);
  if (times) times.push(now);
  else seen.set(key, [now]);
}

const PING = Buffer.from([0x89, 0]);
const PONG = Buffer.from([0x8a, 0x80, 0, 0, 0, 0]);

/** A client's frame, masked with zeros. */
function send(socket: Socket, text: string): void {
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]));
}

function report(causes: Cause[]) {
  const fromRequest: number[] = [];
  const fromAnswer: number[] = [];
  let missing = 0;
  for (const { seat, status, from, to } of causes) {
    const times = seen.get(`${seat} ${status}`) ?? [];
    missing += Math.max(0, sockets - times.length);
    for (const time of times) {
      fromRequest.push(time - from);
      fromAnswer.push(Math.max(0, time - to));
    }
  }
  const used = process.cpuUsage(cpu);
  return {
    messages: fromRequest.length,
    missing,
    closed,
    fromRequest: spread(Float64Array.from(fromRequest)),
    fromAnswer: spread(Float64Array.from(fromAnswer)),
    cpuSeconds: (used.user + used.system) / 1e6,
    rssMb: Math.round(process.memoryUsage().rss / 2 ** 20),
  };
}
