// The seat map on the wire, written row by row: 100,000 seats are megabytes, and other requests must get their turn meanwhile.
import { Readable } from 'node:stream';
import type { EventView, Tier } from '../../services/events.ts';
import type { Seat } from '../../services/seats.ts';
import type { Reply } from '../http/route.ts';
import { time } from './envelope.ts';
import { money } from './presenters.ts';

/** Below this many seats the answer is written at once, with its length. */
const STREAM_FROM = 2_000;

/** The answer of GET /events/{id}/seats. The summary counts what is available now, whatever the filter. */
export function seatMap(event: EventView, seats: Seat[], tiers: Tier[]): Reply {
  const chunks = write(event, seats, tiers);
  return {
    status: 200,
    type: 'application/json',
    body: seats.length < STREAM_FROM ? [...chunks].join('') : Readable.from(chunks, { objectMode: false }),
  };
}

function* write(event: EventView, seats: Seat[], tiers: Tier[]): Generator<string> {
  yield `{"success":true,"data":{"event_id":"${event.id}","sections":[`;
  let section: string | undefined;
  let row: string | undefined;
  let buffer = '';
  for (const seat of seats) {
    if (seat.section !== section) {
      buffer += `${section === undefined ? '' : ']}]},'}{"name":${JSON.stringify(seat.section)},"rows":[`;
      section = seat.section;
      row = undefined;
    }
    if (seat.row_label !== row) {
      if (buffer) yield buffer;
      buffer = `${row === undefined ? '' : ']},'}{"row":${JSON.stringify(seat.row_label)},"seats":[`;
      row = seat.row_label;
    } else buffer += ',';
    buffer += JSON.stringify({
      id: seat.id,
      seat_number: seat.seat_label,
      price: money(seat.price_minor, event.currency),
      status: seat.state,
    });
  }
  const summary = {
    total_available: tiers.reduce((sum, t) => sum + t.available, 0),
    by_tier: Object.fromEntries(tiers.map((t) => [t.name, t.available])),
  };
  yield `${buffer}${seats.length ? ']}]}' : ''}],"summary":${JSON.stringify(summary)}},"timestamp":"${time(new Date())}"}`;
}
