// One event's places in the gateway's memory: the state of each, how many are available, and what changed when.
import { createHash } from 'node:crypto';
import type { PlaceChange, Snapshot } from '../../services/inventory/placeChanges.ts';
import { SEAT_STATES, type SeatState, type Seats } from '../../services/inventory/seats.ts';

export type Change = { id: string; status: SeatState; available: number };
export type Picture = { states: Uint8Array; available: number };
/** `waited`: somebody in line waits for it, so its free places are held. */
export type Offer = { id: string; tier: string; priceMinor: number; seated: boolean; available: number; waited: boolean };
/** Places `from` up to but not including `to` stand in this row. */
export type Row = { offer: Offer; section: string; label: string; from: number; to: number };

const RAW = { f: 0, free: 0, h: 1, held: 1, s: 2, sold: 2 } as const;
const HELD = 1;
const AVAILABLE = 0;
/** A state of an offer, in the digest of states. */
const WAITED = 3;
/** Holds end in steps of this length, so that all gateways show the same at the same time of the database's clock. A hold is seen to end at most this late. */
const BUCKET_MS = 50;
/** So many recent changes are kept here; older ones are read from the database. */
const LOG = 20_000;

/** Only the feed writes to a board (apply, lapse, wait); everybody else reads. */
export class Board {
  readonly eventId: string;
  readonly currency: string;
  readonly ids: string[] = [];
  /** The places' 64-bit numbers. */
  readonly numbers: Float64Array;
  readonly labels: string[] = [];
  readonly rows: Row[] = [];
  readonly offers: Offer[] = [];
  /** A digest of rows, places and prices, without their states. */
  readonly layout: string;
  /** The database's snapshot it was read in: changes which that snapshot sees are in it already. */
  readonly snapshot: Snapshot;
  available = 0;
  /** Grows with every change of a state; rowVersions has the version of each row's last change. */
  version = 0;
  readonly rowVersions: Uint32Array;
  /** True once a change named a place that this board does not have: the seats have been planned anew since it was read. */
  strange = false;
  private readonly index = new Map<string, number>();
  private readonly rowOf: Uint32Array;
  private readonly raw: Uint8Array;
  private readonly until: Float64Array;
  private readonly states: Uint8Array;
  private readonly due = new Map<number, number[]>();
  /** Holds up to this bucket have ended. */
  private doneBucket: number;
  private readonly lapsed = new Set<number>();
  private byNumber: Uint32Array | undefined;
  private log: { xid: number; place: number }[] = [];
  /** The last transaction that may have changed who waits for what. */
  private lineXid = -1;
  /** The log is complete for transactions from this number on. */
  private logFrom: number;
  private hashA = 0;
  private hashB = 0;

  /** `now` is the database's clock. */
  constructor(event: { id: string; currency: string }, seats: Seats, now: number) {
    this.eventId = event.id;
    this.currency = event.currency;
    this.snapshot = seats.snapshot;
    this.logFrom = seats.snapshot.xmax;
    this.doneBucket = Math.floor(now / BUCKET_MS);
    const digest = createHash('sha1');
    const offers = new Map<string, Offer>();
    const raw: number[] = [];
    const until: number[] = [];
    const numbers: number[] = [];
    for (const row of seats.rows) {
      let offer = offers.get(row.offer);
      if (!offer) {
        offer = { id: row.offer, tier: row.tier, priceMinor: row.price_minor, seated: row.seated, available: 0, waited: false };
        offers.set(row.offer, offer);
        this.offers.push(offer);
        if (row.waited) this.turn(offer);
      }
      digest.update(JSON.stringify([row.offer, row.tier, row.price_minor, row.seated, row.section, row.row, row.labels])).update(row.ids);
      const from = this.ids.length;
      for (const id of row.ids.split(',')) this.ids.push(id);
      for (const number of row.numbers.split(',')) numbers.push(Number(number));
      for (const label of row.labels) this.labels.push(label);
      let held = 0;
      for (const letter of row.states) {
        raw.push(RAW[letter as 'f']);
        until.push(letter === 'h' ? row.untils![held++]! : 0);
      }
      this.rows.push({ offer, section: row.section, label: row.row, from, to: this.ids.length });
    }
    this.layout = digest.update(event.currency).digest('base64url').slice(0, 12);
    this.numbers = Float64Array.from(numbers);
    this.raw = Uint8Array.from(raw);
    this.until = Float64Array.from(until);
    this.states = new Uint8Array(this.ids.length);
    this.rowOf = new Uint32Array(this.ids.length);
    this.rowVersions = new Uint32Array(this.rows.length);
    for (const [r, row] of this.rows.entries()) {
      this.rowOf.fill(r, row.from, row.to);
      row.offer.available += row.to - row.from;
    }
    this.available = this.ids.length;
    for (const [place, id] of this.ids.entries()) {
      this.index.set(id, place);
      if (this.raw[place] === HELD) this.schedule(place);
      this.settle(place);
    }
  }

  status(place: number): SeatState {
    return SEAT_STATES[this.states[place]!]!;
  }

  rowAt(place: number): Row {
    return this.rows[this.rowOf[place]!]!;
  }

  isAvailable(place: number): boolean {
    return this.states[place] === AVAILABLE;
  }

  /** The place with this number, if it is of this event. The index of numbers is made when the first is asked for. */
  placeNumbered(number: number): number | undefined {
    const { numbers } = this;
    this.byNumber ??= Uint32Array.from(numbers.keys()).sort((a, b) => numbers[a]! - numbers[b]!);
    let [from, to] = [0, numbers.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if (numbers[this.byNumber[middle]!]! < number) from = middle + 1;
      else to = middle;
    }
    const place = this.byNumber[from];
    return place !== undefined && numbers[place] === number ? place : undefined;
  }

  /** How many places of each offer are in each state. */
  countByOffer(): Map<Offer, Record<SeatState, number>> {
    const counts = new Map(this.offers.map((offer) => [offer, { available: 0, held: 0, booked: 0 }]));
    for (const { offer, from, to } of this.rows) {
      const count = counts.get(offer)!;
      for (let place = from; place < to; place++) count[this.status(place)]++;
    }
    return counts;
  }

  /** A copy of all states, for changesFrom to compare with later. */
  picture(): Picture {
    return { states: this.states.slice(), available: this.available };
  }

  /** The changes between that picture of this board and now; each says how many places are available after it. */
  changesFrom(picture: Picture): Change[] {
    let { available } = picture;
    const changes: Change[] = [];
    for (const [place, before] of picture.states.entries()) {
      const state = this.states[place]!;
      if (state === before) continue;
      available += (state === AVAILABLE ? 1 : 0) - (before === AVAILABLE ? 1 : 0);
      changes.push({ id: this.ids[place]!, status: SEAT_STATES[state]!, available });
    }
    return changes;
  }

  /** Equal for equal boards, on every gateway. */
  get etag(): string {
    return `${this.layout}${(this.hashA >>> 0).toString(36)}.${(this.hashB >>> 0).toString(36)}`;
  }

  /** Applies one row of the stream. Changes that readers can see are added to `out`. */
  apply(change: PlaceChange, out: Change[]): void {
    if (change.waited) this.wait(change.waited, change.xid, out);
    for (const id of change.place_ids ?? []) {
      const place = this.index.get(id);
      if (place === undefined) {
        this.strange = true;
        continue;
      }
      this.raw[place] = RAW[change.state];
      this.until[place] = change.held_until ?? 0;
      if (change.state === 'held') this.schedule(place);
      this.log.push({ xid: change.xid, place });
      this.settle(place, out);
    }
    this.trimLog();
  }

  /**
   * From now on somebody waits for these offers and no others: their free places are held. `xid`: the last transaction that may have made it
   * so. It counts although nothing turns here: of what came and went between two looks of ours another gateway may have told the half.
   */
  wait(offerIds: readonly string[], xid: number, out: Change[]): void {
    this.lineXid = Math.max(this.lineXid, xid);
    const turned = this.offers.filter((offer) => offer.waited !== offerIds.includes(offer.id));
    for (const offer of turned) this.turn(offer);
    for (const { offer, from, to } of turned.length ? this.rows : []) {
      if (!turned.includes(offer)) continue;
      for (let place = from; place < to; place++) this.settle(place, out);
    }
  }

  get waited(): string[] {
    return this.offers.filter((offer) => offer.waited).map((offer) => offer.id);
  }

  /** Sets the clock to `now` (the database's): a hold that has ended is over, although no row says so yet. */
  lapse(now: number, out: Change[]): void {
    const upTo = Math.floor(now / BUCKET_MS);
    while (this.doneBucket < upTo) {
      const places = this.due.get(++this.doneBucket);
      if (!places) continue;
      this.due.delete(this.doneBucket);
      for (const place of places) this.settle(place, out);
    }
  }

  /** The places with these ids, as far as the board has them. */
  placesOf(ids: string[]): number[] {
    return ids.map((id) => this.index.get(id)).filter((place) => place !== undefined);
  }

  /**
   * The places changed by transactions from `xid` on; undefined if the log does not go back so far. Places whose hold the clock has
   * ended are always among them, because no row says when that was.
   */
  changedSince(xid: number): Set<number> | undefined {
    if (xid < this.logFrom) return undefined;
    const places = new Set(this.lapsed);
    for (const entry of this.log) if (entry.xid >= xid) places.add(entry.place);
    // What the line holds and gives back are free places; lapsed ones are there already.
    if (this.lineXid >= xid) for (const [place, raw] of this.raw.entries()) if (raw === AVAILABLE) places.add(place);
    return places;
  }

  get lapsedPlaces(): Iterable<number> {
    return this.lapsed;
  }

  /** The bucket the place's hold ends in. */
  private endOf(place: number): number {
    return Math.ceil(this.until[place]! / BUCKET_MS);
  }

  /** Notes when the place's hold ends. Called once for each hold: lapse must not call it, or a place that is held again and again would be visited more often each time. */
  private schedule(place: number): void {
    const bucket = this.endOf(place);
    if (bucket <= this.doneBucket) return;
    const places = this.due.get(bucket);
    if (places) places.push(place);
    else this.due.set(bucket, [place]);
  }

  private trimLog(): void {
    if (this.log.length > LOG) for (const { xid } of this.log.splice(0, LOG / 2)) this.logFrom = Math.max(this.logFrom, xid + 1);
  }

  /** The digest has it too: boards that are compared must not differ in what the next free place becomes. */
  private turn(offer: Offer): void {
    offer.waited = !offer.waited;
    this.hashA ^= mark(offer.id, 0, WAITED);
    this.hashB ^= mark(offer.id, 28, WAITED);
  }

  /** Shows the place as it is by what is known of it. */
  private settle(place: number, out?: Change[]): void {
    const raw = this.raw[place]!;
    const over = raw === HELD && this.endOf(place) <= this.doneBucket;
    if (over) this.lapsed.add(place);
    else this.lapsed.delete(place);
    const row = this.rowOf[place]!;
    const { offer } = this.rows[row]!;
    const state = !over && raw !== AVAILABLE ? raw : offer.waited ? HELD : AVAILABLE;
    const before = this.states[place]!;
    if (state === before) return;
    this.states[place] = state;
    const free = (state === AVAILABLE ? 1 : 0) - (before === AVAILABLE ? 1 : 0);
    this.available += free;
    offer.available += free;
    this.rowVersions[row] = ++this.version;
    const id = this.ids[place]!;
    this.hashA ^= mark(id, 0, before) ^ mark(id, 0, state);
    this.hashB ^= mark(id, 28, before) ^ mark(id, 28, state);
    out?.push({ id, status: SEAT_STATES[state]!, available: this.available });
  }
}

/** A number for "this place (or offer) is in this state"; 0 for available. XORed over all places they are a digest of all states. */
function mark(id: string, at: number, state: number): number {
  if (state === AVAILABLE) return 0;
  let x = Number.parseInt(id.slice(at, at + 8), 16) ^ Math.imul(state, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
