// Two scanners at one instant: one admits. And the proof that this test can fail: without the lock both do.
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connect } from '../../db/connect.ts';
import type { DB } from '../../db/tables.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import { settle } from '../../services/orders/settlement.ts';
import { admit } from '../../services/tickets/checkIns.ts';
import { wish } from '../support/claims.ts';
import { freshDatabase, lockWaits } from '../support/database.ts';
import { capture, person, show } from '../support/made.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';
import { mutated } from '../support/waitlistWorld.ts';

const SCANNERS = 6;
let db: Kysely<DB>;
let many: Kysely<DB>;
let close: () => Promise<void>;

beforeAll(async () => {
  let url: string;
  ({ db, url, close } = await freshDatabase());
  many = connect({ url, max: SCANNERS });
});
afterAll(async () => {
  await many?.destroy();
  await close?.();
});

/** All scan one ticket while its row is in somebody's hand, so that all have read it before the first writes. How many admitted. */
async function race(on: Kysely<DB>): Promise<number> {
  const [{ id: buyer }, { id: scanner }, event] = [await person(db), await person(db, 'admin'), await show(db, { seats: 1 })];
  const order = await claim(db, wish(buyer, event.id, { places: event.seats }));
  await capture(db, order.id);
  await settle(db, order.id, TICKET_KEYS);
  const { id, code } = await db.selectFrom('tickets').select(['id', 'code']).where('order_id', '=', order.id).executeTakeFirstOrThrow();
  const scans = await db.transaction().execute(async (tx) => {
    await sql`select from tickets where id = ${id}::uuid for update`.execute(tx);
    const all = Array.from({ length: SCANNERS }, () => admit(on, TICKET_KEYS, { accountId: scanner, admin: true }, { code }));
    await lockWaits(db, SCANNERS);
    return all;
  });
  const outcomes = (await Promise.all(scans)).map((a) => a.outcome);
  const history = await db.selectFrom('check_ins').select('outcome').where('ticket_id', '=', id).execute();
  expect(history.map((h) => h.outcome).sort()).toEqual([...outcomes].sort());
  return outcomes.filter((outcome) => outcome === 'admitted').length;
}

test('one admits, the others hear that the ticket has been used', async () => {
  expect(await race(many)).toBe(1);
});

test('without the lock more than one does: the test above can fail', async () => {
  const { db: broken, met } = mutated(many, [['for update of t),', '),']]);
  expect(await race(broken)).toBeGreaterThan(1);
  expect(met.size).toBe(1);
});
