// Who may do what with an order: every rule as a row, and the two that stand on the clock on real rows (G15, G16).
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';
import type { Actor } from '../../services/accounts/actor.ts';
import { cancel } from '../../services/orders/cancel.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import type { OrderView } from '../../services/orders/orders.ts';
import { type Act, refuse } from '../../services/orders/policy.ts';
import { settle } from '../../services/orders/settlement.ts';
import type { DomainError } from '../../services/shared/errors.ts';
import { as, wish } from '../support/claims.ts';
import { freshDatabase } from '../support/database.ts';
import { capture, person, show } from '../support/made.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';

const HOUR = 3_600_000;
const owner: Actor = { kind: 'account', id: 'ann', role: 'user' };
const stranger: Actor = { kind: 'account', id: 'bob', role: 'organizer' };
const admin: Actor = { kind: 'account', id: 'eve', role: 'admin' };
const key: Actor = { kind: 'key', id: 'ann', scopes: [] };
const strangeKey: Actor = { kind: 'key', id: 'bob', scopes: [] };
const provider: Actor = { kind: 'provider', name: 'stripe' };
const house: Actor = { kind: 'system', why: 'the event is cancelled' };

/** An order of ann's for an event that starts in two hours. */
function order(
  more: { status?: OrderView['status']; startsIn?: number; refundableIn?: number; used?: boolean; paying?: boolean } = {},
): OrderView {
  const starts = Date.now() + (more.startsIn ?? 2 * HOUR);
  return {
    account_id: 'ann',
    status: more.status ?? 'pending',
    event: {
      starts_at: new Date(starts),
      refundable_until: new Date(more.refundableIn === undefined ? starts : Date.now() + more.refundableIn),
    },
    tickets: more.used ? [{ checked_in_at: new Date().toISOString() }] : [],
    payment: more.paying ? { status: 'created' } : null,
  } as OrderView;
}

test.each<[string, Actor, Act, OrderView, string | undefined]>([
  ['its owner sees it', owner, 'see', order(), undefined],
  ['the owner’s key sees it', key, 'see', order(), undefined],
  ['an admin sees it', admin, 'see', order(), undefined],
  ['nobody else sees it', stranger, 'see', order(), 'forbidden'],
  ['nor does another’s key', strangeKey, 'cancel', order(), 'forbidden'],
  ['its owner cancels it unpaid', owner, 'cancel', order(), undefined],
  ['and paid, until the event begins', owner, 'cancel', order({ status: 'confirmed' }), undefined],
  ['not after that', owner, 'cancel', order({ status: 'confirmed', startsIn: -1 }), 'order_not_cancellable'],
  ['nor after its event’s own time', owner, 'cancel', order({ status: 'confirmed', refundableIn: -1 }), 'order_not_cancellable'],
  ['which is nothing to an unpaid one', owner, 'cancel', order({ refundableIn: -1 }), undefined],
  ['not once a ticket is used', owner, 'cancel', order({ status: 'confirmed', used: true }), 'order_not_cancellable'],
  ['cancelling twice is cancelling once', owner, 'cancel', order({ status: 'cancelled' }), undefined],
  ['what is over is over', owner, 'cancel', order({ status: 'expired' }), 'order_expired'],
  ['an admin cancels for another', admin, 'cancel', order({ status: 'confirmed' }), undefined],
  ['under the same rules', admin, 'cancel', order({ status: 'confirmed', startsIn: -1 }), 'order_not_cancellable'],
  ['whoever declines believes it unpaid', owner, 'decline', order(), undefined],
  ['so a paid one stays', owner, 'decline', order({ status: 'confirmed' }), 'order_not_cancellable'],
  ['only its owner pays it', owner, 'pay', order(), undefined],
  ['no admin does', admin, 'pay', order(), 'forbidden'],
  ['nor a stranger', stranger, 'pay', order(), 'forbidden'],
  ['its owner has a paid one refunded', owner, 'refund', order({ status: 'confirmed' }), undefined],
  ['not an unpaid one', owner, 'refund', order(), 'order_not_refundable'],
  ['nor one that is cancelled', admin, 'refund', order({ status: 'cancelled' }), 'order_not_refundable'],
  ['nor another’s', stranger, 'refund', order({ status: 'confirmed' }), 'forbidden'],
  ['nor once the event has begun', owner, 'refund', order({ status: 'confirmed', startsIn: -1 }), 'order_not_refundable'],
  ['nor after its event’s own time', owner, 'refund', order({ status: 'confirmed', refundableIn: -1 }), 'order_not_refundable'],
  ['nor once a ticket is used', owner, 'refund', order({ status: 'confirmed', used: true }), 'order_not_refundable'],
  ['an admin refunds all of these', admin, 'refund', order({ status: 'confirmed', startsIn: -1, refundableIn: -1, used: true }), undefined],
  ['a provider’s page of failure cancels what is unpaid', provider, 'cancel', order(), undefined],
  ['and nothing that is paid', provider, 'cancel', order({ status: 'confirmed' }), 'order_not_cancellable'],
  ['the house cancels whatever is', house, 'cancel', order({ status: 'confirmed', startsIn: -HOUR, used: true }), undefined],
  ['a place is let go of a pending order', owner, 'drop', order(), undefined],
  ['not while it is being paid', owner, 'drop', order({ paying: true }), 'order_not_payable'],
  ['nor of a paid one', owner, 'drop', order({ status: 'confirmed' }), 'order_not_payable'],
])('%s', (_, actor, act, of, code) => {
  expect(refuse(actor, act, of)?.code).toBe(code);
});

describe('on real rows', () => {
  let db: Kysely<DB>;
  let close: () => Promise<void>;
  beforeAll(async () => {
    ({ db, close } = await freshDatabase());
  });
  afterAll(() => close?.());

  async function paid(): Promise<{ id: string; event: string; ann: string }> {
    const [event, { id: ann }] = [await show(db, { seats: 1 }), await person(db)];
    const { id } = await claim(db, wish(ann, event.id, { places: event.seats }));
    await capture(db, id);
    expect(await settle(db, id, TICKET_KEYS)).toBe('confirmed');
    return { id, event: event.id, ann };
  }
  const tried = (id: string, actor: Actor) =>
    cancel(db, id, actor, { reason: 'test' }).then(
      ({ order: { status }, refundMinor }) => [status, refundMinor],
      (error: DomainError) => error.code,
    );

  test('an admin cancels another’s paid order, and the refund says who asked for it (G15)', async () => {
    const { id } = await paid();
    const { id: eve } = await person(db, 'admin');
    expect(await tried(id, { kind: 'account', id: eve, role: 'admin' })).toEqual(['cancelled', 5000]);
    expect(await db.selectFrom('refunds').select('requested_by').where('order_id', '=', id).execute()).toEqual([
      { requested_by: `account/${eve}` },
    ]);
  });

  test('a paid order of an event with a term is cancelled until that long before its start (G16)', async () => {
    const { id, event, ann } = await paid();
    const startsIn = (hours: number) =>
      sql`update events set refund_until_minutes = 720, starts_at = now() + make_interval(hours => ${hours}::int),
        ends_at = now() + make_interval(hours => ${hours + 1}::int) where id = ${event}::uuid`.execute(db);
    await startsIn(11);
    expect(await tried(id, as(ann))).toBe('order_not_cancellable');
    await startsIn(13);
    expect(await tried(id, as(ann))).toEqual(['cancelled', 5000]);
  });
});
