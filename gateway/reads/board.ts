// One event's places as a gateway holds them in memory: what each is now, how many are available, and what changed since when.
import { createHash } from 'node:crypto';
import type { PlaceChange, Snapshot } from '../../services/inventory/placeChanges.ts';
import { type House, SEAT_STATES, type SeatState } from '../../services/inventory/seats.ts';

export type Change = { id: string; status: SeatState; available: number };
export type Picture = { states: Uint8Array; available: number };
export type Offer = { id: string; tier: string; priceMinor: number; seated: boolean; available: number };
/** Places `from` up to but not including `to` stand in this row. */
export type Row = { offer: Offer; section: string; label: string; from: number; to: number };

const RAW = { f: 0, free: 0, h: 1, held: 1, s: 2, sold: 2 } as const;
const HELD = 1;
const AVAILABLE = 0;
/** A hold is over with the bucket it ends in; so late may it be seen. Two boards at the same time of the database show the same. */
const BUCKET_MS = 50;
/** The log of recent changes: beyond it a delta is read from the database. */
const LOG = 20_000;

/** Changes come in from the feed only; everybody else reads. */
export class Board {
  readonly eventId: string;
  readonly currency: string;
  readonly ids: string[] = [];
  readonly labels: string[] = [];
  readonly rows: Row[] = [];
  readonly offers: Offer[] = [];
  /** What the rows and prices are, the states apart. */
  readonly layout: string;
  /** What it was loaded with: changes that this snapshot saw are in it already. */
  readonly snapshot: Snapshot;
  available = 0;
  /** Grows with every change of a state here; rowVersions says which rows it was. */
  version = 0;
  readonly rowVersions: Uint32Array;
  /** A change named a place that is not here: the house was rebuilt. */
  strange = false;
  private readonly index = new Map<string, number>();
  private readonly rowOf: Uint32Array;
  private readonly raw: Uint8Array;
  private readonly until: Float64Array;
  private readonly states: Uint8Array;
  private readonly due = new Map<number, number[]>();
  /** The last bucket that is over. */
  private doneBucket: number;
  private readonly lapsed = new Set<number>();
  private log: { xid: number; place: number }[] = [];
  /** Of transactions from this one on nothing is missing in the log. */
  private logFrom: number;
  private hashA = 0;
  private hashB = 0;

  /** `now` is the database's clock. */
  constructor(event: { id: string; currency: string }, house: House, now: number) {
    this.eventId = event.id;
    this.currency = event.currency;
    this.snapshot = house.snapshot;
    this.logFrom = house.snapshot.xmax;
    this.doneBucket = Math.floor(now / BUCKET_MS);
    const digest = createHash('sha1');
    const offers = new Map<string, Offer>();
    const raw: number[] = [];
    const until: number[] = [];
    for (const row of house.rows) {
      let offer = offers.get(row.offer);
      if (!offer) {
        offer = { id: row.offer, tier: row.tier, priceMinor: row.price_minor, seated: row.seated, available: 0 };
        offers.set(row.offer, offer);
        this.offers.push(offer);
      }
      digest.update(JSON.stringify([row.offer, row.tier, row.price_minor, row.seated, row.section, row.row, row.labels])).update(row.ids);
      const from = this.ids.length;
      for (const id of row.ids.split(',')) this.ids.push(id);
      for (const label of row.labels) this.labels.push(label);
      let held = 0;
      for (const letter of row.states) {
        raw.push(RAW[letter as 'f']);
        until.push(letter === 'h' ? row.untils![held++]! : 0);
      }
      this.rows.push({ offer, section: row.section, label: row.row, from, to: this.ids.length });
    }
    this.layout = digest.update(event.currency).digest('base64url').slice(0, 12);
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

  /** What is shown now, to be compared later: see changesFrom. */
  picture(): Picture {
    return { states: this.states.slice(), available: this.available };
  }

  /** What leads from that picture of this board to what is shown now, the count of what is available going along. */
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

  /** Says exactly what is shown: equal on every gateway that shows the same. */
  get etag(): string {
    return `${this.layout}${(this.hashA >>> 0).toString(36)}.${(this.hashB >>> 0).toString(36)}`;
  }

  /** Takes in one row of the stream; what became different for readers is added to `out`. */
  apply(change: PlaceChange, out: Change[]): void {
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
    if (this.log.length > LOG) for (const { xid } of this.log.splice(0, LOG / 2)) this.logFrom = Math.max(this.logFrom, xid + 1);
  }

  /** Lets the clock go on to `now` (the database's): holds that ended are available, though nobody has written so yet. */
  lapse(now: number, out: Change[]): void {
    const upTo = Math.floor(now / BUCKET_MS);
    while (this.doneBucket < upTo) {
      const places = this.due.get(++this.doneBucket);
      if (!places) continue;
      this.due.delete(this.doneBucket);
      for (const place of places) this.settle(place, out);
    }
  }

  /** Which of these ids stand here. */
  placesOf(ids: string[]): number[] {
    return ids.map((id) => this.index.get(id)).filter((place) => place !== undefined);
  }

  /**
   * The places changed by transactions from `xid` on, as far as the log goes back; else undefined. Holds that the clock has ended are
   * always among them: no row says when.
   */
  changedSince(xid: number): Set<number> | undefined {
    if (xid < this.logFrom) return undefined;
    const places = new Set(this.lapsed);
    for (const entry of this.log) if (entry.xid >= xid) places.add(entry.place);
    return places;
  }

  get lapsedPlaces(): Iterable<number> {
    return this.lapsed;
  }

  /** The bucket the place's hold ends in. */
  private endOf(place: number): number {
    return Math.ceil(this.until[place]! / BUCKET_MS);
  }

  /** Once for each hold, not again by the clock: a place held anew and anew would be looked at more often each time. */
  private schedule(place: number): void {
    const bucket = this.endOf(place);
    if (bucket <= this.doneBucket) return;
    const places = this.due.get(bucket);
    if (places) places.push(place);
    else this.due.set(bucket, [place]);
  }

  private settle(place: number, out?: Change[]): void {
    const raw = this.raw[place]!;
    const over = raw === HELD && this.endOf(place) <= this.doneBucket;
    if (over) this.lapsed.add(place);
    else this.lapsed.delete(place);
    const state = over ? AVAILABLE : raw;
    const before = this.states[place]!;
    if (state === before) return;
    this.states[place] = state;
    const free = (state === AVAILABLE ? 1 : 0) - (before === AVAILABLE ? 1 : 0);
    const row = this.rowOf[place]!;
    this.available += free;
    this.rows[row]!.offer.available += free;
    this.rowVersions[row] = ++this.version;
    const id = this.ids[place]!;
    this.hashA ^= mark(id, 0, before) ^ mark(id, 0, state);
    this.hashB ^= mark(id, 28, before) ^ mark(id, 28, state);
    out?.push({ id, status: SEAT_STATES[state]!, available: this.available });
  }
}

/** A number for "this place is in this state"; 0 for available. XORed over all places they tell any two states of a house apart. */
function mark(id: string, at: number, state: number): number {
  if (state === AVAILABLE) return 0;
  let x = Number.parseInt(id.slice(at, at + 8), 16) ^ Math.imul(state, 0x9e3779b1);
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
