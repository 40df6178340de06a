// The seat map on the wire, from the event's board. Each row is written and compressed once, and again when a seat of it changes.
import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import type { SeatState } from '../../services/inventory/seats.ts';
import { knows, tagged, takesGzip, unchanged } from '../http/answers/conditional.ts';
import { gzip, type Piece, piece } from '../http/answers/gzip.ts';
import { createCache } from '../http/answers/lru.ts';
import type { Reply } from '../http/route.ts';
import type { Board, Row } from '../reads/board.ts';
import { time } from './envelope.ts';
import { money } from './presenters.ts';

export type SeatFilter = { section?: string; tier?: string; status: SeatState | 'all' };

/** A longer answer is sent piece by piece, so that megabytes are not copied together for each reader. */
const STREAM_FROM = 1024 * 1024;
/** A shorter answer is not worth compressing. */
const GZIP_FROM = 1024;
/** Answers that are cached for all boards together. The bytes are counted as text; compressed, as they are cached, they are a quarter. */
const MAX_ANSWERS = 20_000;
const MAX_BYTES = 256 * 1024 * 1024;

/** `of` names the board without keeping it in memory: the feed may forget a board before its answers are dropped here. */
type Made = { of: symbol; version: number; pieces: Piece[]; bytes: number; packed?: Promise<Buffer> };
/** What has been written of one board. `sections`: the rows of each. */
type Cache = {
  name: symbol;
  rows: Map<string, { version: number; piece: Piece | undefined }[]>;
  sections: Map<string, number[]>;
  summary?: { version: number; piece: Piece };
};

export type SeatMaps = {
  /** All seats that pass the filter. `seq` is what a client asks for changes since. */
  whole(board: Board, filter: SeatFilter, headers: IncomingHttpHeaders, seq: number): Promise<Reply>;
  /** The places that changed since `since`, as they are now: `missed` finds them. Undefined where `missed` cannot tell. */
  since(
    board: Board,
    filter: SeatFilter & { since: number },
    headers: IncomingHttpHeaders,
    seq: number,
    missed: Missed,
  ): Promise<Reply | undefined>;
};

type Missed = () => Promise<Iterable<number> | undefined>;

/** Makes the writer and its cache. */
export function createSeatMaps(): SeatMaps {
  const caches = new WeakMap<Board, Cache>();
  const answers = createCache<Made>(MAX_ANSWERS, MAX_BYTES);
  const glue = new Map<string, Piece>();

  function cacheOf(board: Board): Cache {
    const known = caches.get(board);
    if (known) return known;
    const sections = new Map<string, number[]>();
    for (const [r, { section }] of board.rows.entries()) {
      const rows = sections.get(section);
      if (rows) rows.push(r);
      else sections.set(section, [r]);
    }
    const cache: Cache = { name: Symbol(board.eventId), rows: new Map(), sections };
    caches.set(board, cache);
    return cache;
  }

  function rowPiece(board: Board, cache: Cache, r: number, status: SeatFilter['status']): Piece | undefined {
    const rows = cache.rows.get(status) ?? [];
    cache.rows.set(status, rows);
    const version = board.rowVersions[r]!;
    const known = rows[r];
    if (known?.version === version) return known.piece;
    const text = rowText(board, board.rows[r]!, status);
    const made = text === undefined ? undefined : piece(text);
    rows[r] = { version, piece: made };
    return made;
  }

  /** The small texts between the rows, which are few and always the same. */
  function between(text: string): Piece {
    const known = glue.get(text) ?? piece(text);
    if (glue.size < 10_000) glue.set(text, known);
    return known;
  }

  /** The answer that was made of the board as it is, or undefined. */
  function find(board: Board, key: string): Made | undefined {
    const known = answers.get(key);
    return known?.of === cacheOf(board).name && known.version === board.version ? known : undefined;
  }

  function made(board: Board, key: string, version: number, pieces: Piece[]): Made {
    const answer: Made = { of: cacheOf(board).name, version, pieces, bytes: pieces.reduce((sum, p) => sum + p.plain.length, 0) };
    answers.set(key, answer, answer.bytes);
    return answer;
  }

  /** What is available now of the seats that the filter means. Of the whole event it is kept: it is asked for most. */
  function summary(board: Board, filter: SeatFilter): Piece {
    if (filter.section !== undefined || filter.tier !== undefined) return summaryPiece(countsOf(board, filter));
    const cache = cacheOf(board);
    if (cache.summary?.version !== board.version) {
      const counts = { total: board.available, byTier: Object.fromEntries(board.offers.map((o) => [o.tier, o.available])) };
      cache.summary = { version: board.version, piece: summaryPiece(counts) };
    }
    return cache.summary.piece;
  }

  function whole(board: Board, filter: SeatFilter): Piece[] {
    const cache = cacheOf(board);
    const pieces = [between(`{"success":true,"data":{"event_id":"${board.eventId}","sections":[`)];
    let section: string | undefined;
    const rows = filter.section === undefined ? board.rows.keys() : (cache.sections.get(filter.section) ?? []);
    for (const r of rows) {
      const row = board.rows[r]!;
      if (!matches(row, filter)) continue;
      const text = rowPiece(board, cache, r, filter.status);
      if (!text) continue;
      pieces.push(between(row.section === section ? ',' : `${section === undefined ? '' : ']},'}${sectionHead(row.section)}`), text);
      section = row.section;
    }
    if (section !== undefined) pieces.push(between(']}'));
    pieces.push(summary(board, filter), ending());
    return pieces;
  }

  return {
    async whole(board, filter, headers, seq) {
      const etag = `W/"${board.etag}"`;
      const position = { 'X-Seats-Seq': String(seq) };
      if (knows(headers, etag)) return unchanged(etag, position);
      const key = JSON.stringify([board.eventId, filter.status, filter.section, filter.tier]);
      const answer = find(board, key) ?? made(board, key, board.version, whole(board, filter));
      if (answer.bytes >= GZIP_FROM && takesGzip(headers)) {
        answer.packed ??= gzip(answer.pieces);
        return tagged(etag, await answer.packed, true, position);
      }
      const chunks = answer.pieces.map((p) => p.plain);
      if (answer.bytes < STREAM_FROM) return tagged(etag, Buffer.concat(chunks), false, position);
      return tagged(etag, Readable.from(chunks, { objectMode: false }), false, { ...position, 'Content-Length': String(answer.bytes) });
    },
    async since(board, filter, headers, seq, missed) {
      const key = JSON.stringify([board.eventId, filter.status, filter.section, filter.tier, filter.since]);
      let answer = find(board, key);
      if (!answer) {
        // The board may go on while the database is asked; what was found then is not all there is to tell of the board after it.
        const { version } = board;
        const places = await missed();
        if (!places) return undefined;
        answer = made(board, key, version, [piece(someText(board, places, filter)), summary(board, filter)]);
      }
      const pieces = [piece(`{"success":true,"data":{"event_id":"${board.eventId}","seq":${seq},"sections":[`), ...answer.pieces, ending()];
      const gzipped = answer.bytes >= GZIP_FROM && takesGzip(headers);
      return {
        status: 200,
        type: 'application/json',
        body: gzipped ? await gzip(pieces) : Buffer.concat(pieces.map((p) => p.plain)),
        headers: { Vary: 'Accept-Encoding', 'X-Seats-Seq': String(seq), ...(gzipped && { 'Content-Encoding': 'gzip' }) },
      };
    },
  };
}

type Counts = { total: number; byTier: Record<string, number> };

const summaryPiece = ({ total, byTier }: Counts): Piece =>
  piece(`],"summary":${JSON.stringify({ total_available: total, by_tier: byTier })}}`);

/** How many seats of each tier in the filter's section and tier are available. */
function countsOf(board: Board, filter: SeatFilter): Counts {
  const byTier: Record<string, number> = {};
  let total = 0;
  for (const row of board.rows) {
    if (!matches(row, filter)) continue;
    let available = 0;
    for (let place = row.from; place < row.to; place++) if (board.status(place) === 'available') available++;
    byTier[row.offer.tier] = (byTier[row.offer.tier] ?? 0) + available;
    total += available;
  }
  return { total, byTier };
}

const ending = (): Piece => piece(`,"timestamp":"${time(new Date())}"}`);

/** These places, by section and row, without the bracket that ends the list. */
function someText(board: Board, places: Iterable<number>, filter: SeatFilter): string {
  let sections = '';
  let last: Row | undefined;
  for (const place of [...places].sort((a, b) => a - b)) {
    const row = board.rowAt(place);
    if (!matches(row, filter) || (filter.status !== 'all' && board.status(place) !== filter.status)) continue;
    const before = last;
    last = row;
    if (row === before) sections += ',';
    else if (row.section === before?.section) sections += `]},${rowHead(row)}`;
    else sections += `${before ? ']}]},' : ''}${sectionHead(row.section)}${rowHead(row)}`;
    sections += seatText(board, place, priceText(board, row));
  }
  return last ? `${sections}]}]}` : '';
}

const matches = (row: Row, filter: SeatFilter): boolean =>
  row.offer.seated &&
  (filter.section === undefined || row.section === filter.section) &&
  (filter.tier === undefined || row.offer.tier === filter.tier);

const sectionHead = (name: string): string => `{"name":${JSON.stringify(name)},"rows":[`;

const rowHead = (row: Row): string => `{"row":${JSON.stringify(row.label)},"seats":[`;

const priceText = (board: Board, row: Row): string => JSON.stringify(money(row.offer.priceMinor, board.currency));

const seatText = (board: Board, place: number, price: string): string =>
  `{"id":"${board.ids[place]}","seat_number":${JSON.stringify(board.labels[place])},"price":${price},"status":"${board.status(place)}"}`;

function rowText(board: Board, row: Row, status: SeatFilter['status']): string | undefined {
  const price = priceText(board, row);
  const seats: string[] = [];
  for (let p = row.from; p < row.to; p++) if (status === 'all' || board.status(p) === status) seats.push(seatText(board, p, price));
  return seats.length ? `${rowHead(row)}${seats.join(',')}]}` : undefined;
}
