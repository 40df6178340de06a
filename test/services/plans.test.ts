// The statements of an order's life are planned once a connection, not at every call: planning a claim costs several times as much as running it.

import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../db/connect.ts';
import type { DB } from '../../db/tables.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import { readFacts } from '../../services/orders/facts.ts';
import * as orders from '../../services/orders/orders.ts';
import { settle } from '../../services/orders/settlement.ts';
import * as outbox from '../../services/outbox/outbox.ts';
import { wish } from '../support/claims.ts';
import { freshDatabase } from '../support/database.ts';
import { capture, person, show } from '../support/made.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';

let one: Kysely<DB>;
let close: () => Promise<void>;
let accountId: string;
let eventId: string;

beforeAll(async () => {
  const fresh = await freshDatabase();
  one = connect({ url: fresh.url, max: 1 });
  close = async () => {
    await one.destroy();
    await fresh.close();
  };
  accountId = (await person(one)).id;
  const rows = Array.from({ length: 100 }, (_, i) => `R${i}`);
  const sections = ['by seat', 'by quantity'].map((name) => ({ name, rows, seatsPerRow: 200, priceMinor: 1000 }));
  eventId = (await show(one, { sections })).id;
  await sql`analyze`.execute(one);
});
afterAll(() => close?.());

/** Postgres itself plans the first five calls for their values; then it compares. */
const FIRST = 5;

test('claims by seat and by quantity, the workflow’s facts, settling and the relay’s taking keep their plans', async () => {
  const offers = await one.selectFrom('offers').select('id').where('event_id', '=', eventId).orderBy('number').execute();
  const places = await one.selectFrom('places').select('id').where('offer_id', '=', offers[0]!.id).limit(100).execute();
  const ids = places.map((p) => p.id);
  for (let i = 0; i < FIRST + 5; i++) {
    const order = await claim(one, wish(accountId, eventId, { places: [ids.pop()!] }));
    await claim(one, wish(accountId, eventId, { places: [ids.pop()!, ids.pop()!, ids.pop()!] }));
    await claim(one, wish(accountId, eventId, { offers: [{ offerId: offers[1]!.id, quantity: 2 }] }));
    await capture(one, order.id);
    await readFacts(one, order.id);
    await settle(one, order.id, TICKET_KEYS);
    await orders.find(one, order.id);
    await outbox.done(
      one,
      [...(await outbox.take(one, 'rest', 64)), ...(await outbox.take(one, 'starts', 64))].map((row) => row.id),
    );
  }
  const { rows } = await sql<{ statement: string; custom: number; kept: number }>`
    select left(statement, 200) as statement, custom_plans::int as custom, generic_plans::int as kept from pg_prepared_statements
    where custom_plans + generic_plans >= ${FIRST + 5}::int`.execute(one);
  expect(rows.length).toBeGreaterThan(9);
  expect(rows.filter((r) => r.custom > FIRST)).toEqual([]);
});
