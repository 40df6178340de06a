// A customer's screen: follows live seats, keeps its own picture by the messages alone, and says when a message contradicts it.
import { WebSocket } from 'ws';

export type Picture = {
  messages: any[];
  /** Seats by status, as the messages left them; what is missing is available. */
  seats: Map<string, string>;
  available: number;
  seq: number;
  /** What did not fit: a count that is not the picture's, a message before its snapshot. */
  faults: string[];
};
export type Screen = Picture & {
  closed: { code: number; reason: string } | undefined;
  ws: WebSocket;
  send(message: unknown): void;
  close(): Promise<void>;
};

/** Nothing seen yet, or what another saw last. */
export const blank = (from?: Picture): Picture => ({
  messages: [],
  seats: new Map(from?.seats),
  available: from?.available ?? -1,
  seq: from?.seq ?? -1,
  faults: [],
});

/** The texts of the unmasked frames in these bytes. */
export function framesOf(bytes: Buffer): string[] {
  const texts: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const short = bytes[at + 1]!;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(at + 2) : Number(bytes.readBigUInt64BE(at + 2));
    texts.push(bytes.toString('utf8', at + head, at + head + length));
    at += head + length;
  }
  return texts;
}

/** Opens the screen; `from` continues another's picture. Resolves when the connection is open, rejects with the HTTP status if refused. */
export async function watch(
  url: string,
  eventId: string,
  options: { origin?: string; from?: Screen; subscribe?: boolean } = {},
): Promise<Screen> {
  const ws = new WebSocket(`${url.replace('http', 'ws')}/ws/events/${eventId}`, { origin: options.origin });
  const { from } = options;
  const screen: Screen = {
    ...blank(from),
    closed: undefined,
    ws,
    send: (message) => ws.send(typeof message === 'string' ? message : JSON.stringify(message)),
    close: () =>
      new Promise((resolve) => {
        if (screen.closed) return resolve();
        ws.once('close', () => resolve());
        ws.close();
      }),
  };
  ws.on('message', (data) => take(screen, JSON.parse(String(data))));
  ws.on('close', (code, reason) => {
    screen.closed = { code, reason: String(reason) };
  });
  await new Promise<void>((resolve, reject) => {
    ws.once('open', resolve);
    ws.once('unexpected-response', (_, response) => {
      reject(new Error(`refused with ${response.statusCode}`));
      ws.terminate();
    });
    ws.once('error', reject);
  });
  if (options.subscribe !== false) screen.send({ action: 'subscribe', event_id: eventId, ...(from && { after: from.seq }) });
  return screen;
}

/** Brings the picture up to date with one message. */
export function take(screen: Picture, message: any): void {
  screen.messages.push(message);
  const { type, data } = message;
  if (type === 'snapshot') {
    screen.seats = new Map([
      ...data.seats.held.map((id: string) => [id, 'held']),
      ...data.seats.booked.map((id: string) => [id, 'booked']),
    ]);
    screen.available = data.available_seats;
    if (data.available_seats !== data.total_seats - screen.seats.size)
      screen.faults.push(`snapshot of ${screen.seats.size} taken, ${data.available_seats} of ${data.total_seats} free`);
  } else if (type === 'resumed')
    screen.available = -1; // counts are whole again after what was missed
  else if (type === 'seat_update') update(screen, data);
  // It may go back a little at another gateway, which knows for sure of fewer commits: then some is told again, nothing is left out.
  if (data?.seq !== undefined) screen.seq = data.seq;
}

function update(screen: Picture, data: any): void {
  const before = screen.seats.get(data.seat_id) ?? 'available';
  if (data.status === 'available') screen.seats.delete(data.seat_id);
  else screen.seats.set(data.seat_id, data.status);
  // One message less or more and the counts part for good.
  if (screen.available >= 0) {
    screen.available += Number(data.status === 'available') - Number(before === 'available');
    if (before === data.status) screen.faults.push(`${data.seat_id} was ${before} already`);
    if (screen.available !== data.available_seats)
      screen.faults.push(`${screen.available} free by the messages, ${data.available_seats} said`);
  }
}

/** The picture as sorted text, to compare. */
export const picture = (seats: Map<string, string>): string[] => [...seats].map(([id, status]) => `${id} ${status}`).sort();
