// The claim's plain statement beside the whole one: in every situation both say the same, and the plain one alone is run where it can decide.
import { type Kysely, sql, type Transaction } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';
import { type ClaimRequest, claim, type Terms } from '../../services/orders/claim/claim.ts';
import { wish } from '../support/claims.ts';
import { freshDatabase } from '../support/database.ts';
import { person, show } from '../support/made.ts';
import { mutated } from '../support/waitlistWorld.ts';

/** Words that each of the two statements alone has. */
const PLAIN = 'sums as not materialized';
const WHOLE = "json_build_object('known'";

let db: Kysely<DB>;
let close: () => Promise<void>;
let me: string;
let rival: string;

beforeAll(async () => {
  ({ db, close } = await freshDatabase());
  [me, rival] = [(await person(db)).id, (await person(db)).id];
});
afterAll(() => close?.());

type Told = { result: unknown; statements: string[] };

/** What becomes of a claim, undone again: the order without what differs from run to run, or the refusal; and which statements were run. */
async function told(request: ClaimRequest): Promise<Told> {
  const { db: watched, met } = mutated(
    db,
    [PLAIN, WHOLE].map((words) => [words, words]),
  );
  const undone = new Error('undone');
  let result: unknown;
  await watched
    .transaction()
    .execute(async (tx) => {
      result = await outcome(tx, request);
      throw undone;
    })
    .catch((error) => expect(error).toBe(undone));
  return { result, statements: [...met] };
}

const outcome = (tx: Transaction<DB>, request: ClaimRequest) =>
  claim(tx, request).then(
    async ({ id, number: _, created_at: __, ...order }) => {
      const { rows } =
        await sql`select o.fee_minor, o.buyer_name, o.buyer_email, o.buyer_phone, o.notes, o.accepts_equal_place, o.account_id,
          extract(epoch from o.expires_at - o.created_at)::int as seconds,
          (select json_agg(json_build_array(i.place_id, i.offer_id, i.slot_id, i.price_minor) order by i.place_id) from order_items i where i.order_id = o.id) as items,
          (select json_agg(json_build_array(p.id, p.held_until = o.expires_at) order by p.id) from places p where p.order_id = o.id) as held,
          (select json_agg(json_build_array(b.topic, b.payload ->> 'event', b.payload ->> 'owner', (b.payload ->> 'number')::bigint = o.number)) from outbox b where b.subject_id = o.id) as boxed,
          (select json_agg(json_build_array(c.event_id, c.state, c.held_until = o.expires_at)) from place_changes c where c.xid = pg_current_xact_id()) as told
        from orders o where o.id = ${id}::uuid`.execute(tx);
      return { ...order, expires_at: undefined, written: rows[0] };
    },
    (error) => ({ code: error.code, message: error.message, details: error.details }),
  );

const change = (table: 'events' | 'offers' | 'places', where: string, set: Record<string, unknown>) =>
  db
    .updateTable(table as 'offers')
    .set(set as never)
    .where('id', '=', where)
    .execute();

type Hall = { id: string; seats: string[]; offer: string };

/** A claim of one seat, after something was done to it. `by`: who decides, the plain statement or both one after the other. */
type Situation = [name: string, by: 'plain' | 'both', arrange: (hall: Hall) => unknown, terms?: Partial<Terms>];

const SITUATIONS: Situation[] = [
  ['a free seat', 'plain', () => {}],
  [
    'with all that may be said of an order',
    'plain',
    () => {},
    { ...{ buyer: { name: 'B', email: 'b@b.test', phone: '1' } }, ...{ notes: 'n', codePrefix: 'X' }, acceptsEqualPlace: true },
  ],
  ['with a fee', 'plain', () => {}, { feeBasisPoints: 333 }],
  ['an event that says how long it is held', 'plain', ({ id }) => change('events', id, { hold_seconds: 77 })],
  [
    'a hold that has ended',
    'plain',
    async ({ id, seats }) => {
      await claim(db, wish(rival, id, { places: seats.slice(0, 1) }));
      await change('places', seats[0]!, { held_until: new Date(0) });
    },
  ],
  ['an offer that ends while it is held', 'plain', ({ offer }) => change('offers', offer, { sales_end: new Date(Date.now() + 60_000) })],
  ['held by somebody else', 'plain', ({ id, seats }) => claim(db, wish(rival, id, { places: seats.slice(0, 1) }))],
  [
    'sold out',
    'both',
    ({ id }) =>
      sql`with o as (insert into orders (event_id, account_id, status, total_minor, currency, confirmed_at) values (${id}, ${rival}, 'confirmed', 0, 'USD', now()) returning id)
    update places set order_id = o.id, sold_at = now() from o where event_id = ${id}`.execute(db),
  ],
  ['a draft', 'both', ({ id }) => change('events', id, { status: 'draft' })],
  ['a cancelled event', 'both', ({ id }) => change('events', id, { status: 'cancelled' })],
  ['an event that is over', 'both', ({ id }) => change('events', id, { starts_at: new Date(0), ends_at: new Date(1) })],
  ['an event that has begun', 'both', ({ id }) => change('events', id, { starts_at: new Date(0) })],
  [
    'an event that has begun, of an offer that goes on',
    'plain',
    async ({ id, offer }) => {
      await change('events', id, { starts_at: new Date(0) });
      await change('offers', offer, { sales_end: new Date(Date.now() + 3_600_000) });
    },
  ],
  ['a closed offer', 'both', ({ offer }) => change('offers', offer, { is_active: false })],
  [
    'a closed offer, held',
    'both',
    async ({ id, seats, offer }) => {
      await claim(db, wish(rival, id, { places: seats.slice(0, 1) }));
      await change('offers', offer, { is_active: false });
    },
  ],
  ['an offer that is not sold yet', 'both', ({ offer }) => change('offers', offer, { sales_start: new Date(Date.now() + 60_000) })],
  ['an offer that is sold no more', 'both', ({ offer }) => change('offers', offer, { sales_end: new Date(0) })],
  [
    'an offer of a pool',
    'both',
    async ({ id, offer }) => {
      const pool = await db
        .insertInto('offers')
        .values({ event_id: id, name: 'Pool', price_minor: 0, currency: 'USD', quantity: 5, is_pool: true })
        .returning('id')
        .executeTakeFirstOrThrow();
      await change('offers', offer, { pool_id: pool.id });
    },
  ],
  ['fewer than an order must have', 'both', ({ offer }) => change('offers', offer, { min_per_order: 2 })],
  ['more than can be paid at once', 'both', () => {}, { mostAtOnce: { usual: 4_999, by: {}, named: [] } }],
  ['as much as can be paid at once', 'plain', () => {}, { mostAtOnce: { usual: 1, by: { USD: 5_000 }, named: [] } }],
  [
    'who is blocked',
    'both',
    () => sql`insert into blocks (account_id, organizer_id, made_by, everywhere) values (${me}, ${rival}, ${rival}, true)`.execute(db),
  ],
  [
    'somebody waits',
    'both',
    ({ id }) =>
      sql`with o as (insert into orders (event_id, account_id, status, total_minor, currency) values (${id}, ${rival}, 'waiting', 0, 'USD') returning id)
    insert into waitlist_entries (event_id, account_id, order_id) select ${id}, ${rival}, id from o`.execute(db),
  ],
];

test.each(SITUATIONS)('%s', async (_, by, arrange, terms = {}) => {
  const { id, seats } = await show(db, { seats: 3 });
  const { offer_id: offer } = await db.selectFrom('places').select('offer_id').where('id', '=', seats[0]!).executeTakeFirstOrThrow();
  try {
    await arrange({ id, seats, offer });
    const request = wish(me, id, { places: [seats[0]!] }, terms);
    const plain = await told(request);
    // A limit that is in nobody's way: such a claim is for the whole statement alone.
    const whole = await told({ ...request, terms: { ...request.terms, maxOpen: 1_000_000 } });
    expect(plain.result).toEqual(whole.result);
    expect(whole.statements).toEqual([WHOLE]);
    expect(plain.statements).toEqual(by === 'plain' ? [PLAIN] : [PLAIN, WHOLE]);
  } finally {
    await sql`delete from blocks`.execute(db);
  }
});

test('some of three seats are gone, another is of another event, an event that is none: the whole statement says which', async () => {
  const [{ id, seats }, other] = [await show(db, { seats: 3 }), await show(db, { seats: 1 })];
  await claim(db, wish(rival, id, { places: [seats[1]!] }));
  const nobody = '00000000-0000-4000-8000-000000000000';
  for (const [eventId, places, code] of [
    [id, seats, 'places_unavailable'],
    [id, [seats[0]!, other.seats[0]!], 'invalid'],
    [id, [seats[1]!, nobody], 'invalid'],
    [nobody, [seats[0]!], 'event_not_found'],
  ] as const) {
    const request = wish(me, eventId, { places: [...places] });
    const [plain, whole] = [await told(request), await told({ ...request, terms: { ...request.terms, maxOpen: 1_000_000 } })];
    expect(plain.result).toEqual(whole.result);
    expect(plain.result).toMatchObject({ code });
  }
});

test('several seats at several prices are one order', async () => {
  const sections = [
    { name: 'A', rows: ['1'], seatsPerRow: 2, priceMinor: 1_000 },
    { name: 'B', rows: ['1'], seatsPerRow: 2, priceMinor: 2_000 },
  ];
  const { id, seats } = await show(db, { sections });
  const request = wish(me, id, { places: [...seats].reverse() }, { feeBasisPoints: 500 });
  const [plain, whole] = [await told(request), await told({ ...request, terms: { ...request.terms, maxOpen: 1_000_000 } })];
  expect(plain.result).toEqual(whole.result);
  expect(plain.result).toMatchObject({ total_minor: 6_300, places: seats.map(() => ({ slot_id: null })) });
});
