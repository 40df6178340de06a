// What the relay is told of orders whose start is due: who needs nothing before the hold ends, who needs a look at once, who needs no workflow.
import { randomUUID } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import { stillWaiting } from '../../services/orders/orders.ts';
import { wish } from '../support/claims.ts';
import { freshDatabase } from '../support/database.ts';
import { person, show } from '../support/made.ts';

let db: Kysely<DB>;
let close: () => Promise<void>;

beforeAll(async () => {
  ({ db, close } = await freshDatabase());
});
afterAll(() => close?.());

async function held() {
  const { id, seats } = await show(db, { seats: 1 });
  return { event: id, order: (await claim(db, wish((await person(db)).id, id, { places: seats }))).id };
}

test('an order that nobody has touched needs nothing until its hold ends', async () => {
  const { order } = await held();
  const { quiet, endsInMs } = (await stillWaiting(db, [order])).get(order)!;
  expect(quiet).toBe(true);
  expect(endsInMs).toBeGreaterThan(200_000);
  expect(endsInMs).toBeLessThanOrEqual(300_000);
});

test.each([
  [
    'a payment was opened',
    (o: string) => sql`insert into payments (order_id, provider, amount_minor, currency) values (${o}, 'stripe', 1, 'USD')`,
  ],
  [
    'somebody has pressed pay',
    (o: string) => sql`insert into payment_attempts (id, order_id, method) values (${randomUUID()}, ${o}, 'tok')`,
  ],
  ['a mail is owed', (o: string) => sql`insert into mails (kind, recipient, order_id) values ('order.confirmed', 'a@b.test', ${o})`],
  ['its event is external', (o: string) => sql`update events set external = true where id = (select event_id from orders where id = ${o})`],
])('%s: its workflow is to look at once', async (_, happen) => {
  const { order } = await held();
  await happen(order).execute(db);
  expect((await stillWaiting(db, [order])).get(order)).toMatchObject({ quiet: false });
});

test('one whose hold is over is ended, and needs no workflow; unless a payment was opened', async () => {
  const [lapsed, paying, gone] = [await held(), await held(), await held()];
  await sql`insert into payments (order_id, provider, amount_minor, currency) values (${paying.order}, 'stripe', 1, 'USD')`.execute(db);
  await sql`update orders set expires_at = now() - interval '1 second' where id in (${lapsed.order}, ${paying.order})`.execute(db);
  await sql`update orders set status = 'cancelled' where id = ${gone.order}`.execute(db);
  const told = await stillWaiting(db, [lapsed.order, paying.order, gone.order]);
  expect([...told]).toEqual([[paying.order, { quiet: false, endsInMs: 0 }]]);
  const { status } = await db.selectFrom('orders').select('status').where('id', '=', lapsed.order).executeTakeFirstOrThrow();
  expect(status).toBe('expired');
});
