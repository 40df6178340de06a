// Joining beside the same person's other calls, which come between its statements.

import type { KyselyPlugin } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { claim } from '../../services/orders/claim/claim.ts';
import * as waitlist from '../../services/waitlist/waitlist.ts';
import { wish as claimOf } from '../support/claims.ts';
import { freshDatabase } from '../support/database.ts';
import { person, show } from '../support/made.ts';

let world: Awaited<ReturnType<typeof freshDatabase>>;
beforeAll(async () => {
  world = await freshDatabase();
});
afterAll(() => world?.close());

test('joined by another call and left by a third, this one joins all the same', async () => {
  const { db } = world;
  const [event, holder, me] = [await show(db, { seats: 1 }), await person(db), await person(db)];
  await claim(db, claimOf(holder.id, event.id, { places: event.seats }));
  const mine = { event_id: event.id, account_id: me.id };
  let nothing = 0;
  const between: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    async transformResult({ result }) {
      // No row: first the entry there is, then (after the offers on sale and the free places, which are rows) the one that was to be written.
      if (result.rows.length === 0 && result.numAffectedRows === undefined) nothing++;
      if (result.rows.length === 0 && nothing === 1) {
        nothing++;
        await db.insertInto('waitlist_entries').values(mine).execute();
      } else if (result.rows.length === 0 && nothing === 3)
        await db.updateTable('waitlist_entries').set({ status: 'left' }).where('account_id', '=', me.id).execute();
      return result;
    },
  };
  const wish = { accountId: me.id, eventId: event.id, quantity: 1, notify: { email: true, sms: false }, maxPlaces: 5, smsAvailable: false };
  const { entry, created } = await waitlist.join(db.withPlugin(between), wish);
  expect([created, entry?.status]).toEqual([true, 'waiting']);
});
