// The messages of live seats: the client's are checked, ours are written once for all who get them.
import type { Board, Change } from '../reads/board.ts';
import { Message, type Sent } from './shapes.ts';

/** Longer messages close the socket (1009). */
export const MAX_MESSAGE_BYTES = 4096;

/** The message, or what is wrong with it. */
export function readMessage(data: Buffer, isBinary: boolean): Message | string {
  if (isBinary) return 'Messages are JSON text.';
  let value: unknown;
  try {
    value = JSON.parse(data.toString('utf8'));
  } catch {
    return 'The message is not valid JSON.';
  }
  const parsed = Message.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  return `${issue.path.join('.') || 'message'}: ${issue.message}`;
}

type ErrorText = Sent<'error'>['error'];

/** An error in Evently's own shape. */
export const error = (code: ErrorText['code'], message: string, details: ErrorText['details'] = {}): Buffer =>
  frame(JSON.stringify({ type: 'error', error: { code, message, details } } satisfies Sent<'error'>));

/** The message with every place that is not available; `seq` is what to resume from. */
export function snapshot(board: Board, seq: number): Buffer {
  const held: string[] = [];
  const booked: string[] = [];
  for (let place = 0; place < board.ids.length; place++) {
    const status = board.status(place);
    if (status !== 'available') (status === 'held' ? held : booked).push(board.ids[place]!);
  }
  const data = { event_id: board.eventId, seq, total_seats: board.ids.length, available_seats: board.available, seats: { held, booked } };
  return frame(JSON.stringify({ type: 'snapshot', data } satisfies Sent<'snapshot'>));
}

export const resumed = (board: Board, seq: number, after: number): Buffer =>
  frame(
    JSON.stringify({
      type: 'resumed',
      data: { event_id: board.eventId, seq, after, available_seats: board.available },
    } satisfies Sent<'resumed'>),
  );

export const reply = (message: Sent<'pong'> | Sent<'unsubscribed'>): Buffer => frame(JSON.stringify(message));

/**
 * One seat_update for each change, joined. A client that stopped reading in the middle resumes from `before` and gets some of them
 * again; only the last message carries `after`. Ids and statuses need no escaping.
 */
export function updates(eventId: string, changes: Change[], before: number, after: number): Buffer {
  return Buffer.concat(
    changes.map((c, i) =>
      frame(
        `{"type":"seat_update","data":{"seat_id":"${c.id}","status":"${c.status}","available_seats":${c.available},"event_id":"${eventId}","seq":${i === changes.length - 1 ? after : before}}}`,
      ),
    ),
  );
}

/** One unfragmented text frame as a server sends it: unmasked, so the same bytes go to everybody. */
export function frame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const head = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const bytes = Buffer.allocUnsafe(head + length);
  bytes[0] = 0x81;
  if (head === 2) bytes[1] = length;
  else if (head === 4) {
    bytes[1] = 126;
    bytes.writeUInt16BE(length, 2);
  } else {
    bytes[1] = 127;
    bytes.writeBigUInt64BE(BigInt(length), 2);
  }
  bytes.write(text, head, 'utf8');
  return bytes;
}
