// The sweep: a safety net under the order workflows. In a healthy system it finds nothing.
import { type Kysely, sql } from 'kysely';
import type { DB } from '../../db/tables.ts';
import * as mails from '../outbox/mails.ts';
import * as texts from '../outbox/texts.ts';
import { allReturned } from '../payments/refunds.ts';
import { isOpen } from '../payments/states.ts';
import { isBehind } from './aligning.ts';

/**
 * Finds orders that something is owed to and that nobody has looked at for a minute (a workflow terminated by hand, a Temporal
 * server that lost its data): captured money unsettled, a refund not made, tickets whose money went back, a hold not ended, a mail or a text
 * not sent, a payment that a callback contradicted, whose money is set aside and was not taken, or that could still be made although its order
 * is over (were its callback lost too, nobody would ever know of the money), a provider of an external event that has it otherwise than we.
 * Each is announced to its workflow again.
 * @returns how many.
 */
export async function sweep(db: Kysely<DB>): Promise<number> {
  // A mail that is being tried is left alone: the pauses between tries are up to ten minutes. Announcing one counts as a try.
  // A hold's tidying up comes as late after its end as its workflow's start came after the claim: minutes, after a rush.
  // Each part is found by an index of its own: an `or` over two of them would read every payment there ever was.
  // A refund may wait for the bank for days, and a workflow takes only so many signals: it is announced once, then every quarter of an hour.
  const { numAffectedRows } = await sql`
    with given_up as (
      update mails set refused_at = now(), refusal = 'No mail server took it within three days.' where id in (
        select id from mails where ${mails.isOwed('mails')} and created_at < now() - ${mails.MAIL_LIFE} order by created_at limit 200)),
    text_given_up as (
      update texts set failed_at = now(), refusal = 'No provider took it within a day.' where id in (
        select id from texts where ${texts.isOwed('texts')} and created_at < now() - ${texts.TEXT_LIFE} order by created_at limit 200)),
    mail as (
      update mails set tried_at = now() where id in (
        select id from mails where ${mails.isOwed('mails')} and created_at between now() - ${mails.MAIL_LIFE} and now() - interval '1 minute'
          and coalesce(tried_at < now() - interval '15 minutes', true) order by created_at limit 200)
      returning id, order_id),
    text as (
      update texts set tried_at = now() where id in (
        select id from texts where ${texts.isOwed('texts')} and created_at between now() - ${texts.TEXT_LIFE} and now() - interval '1 minute'
          and coalesce(tried_at < now() - interval '15 minutes', true) order by created_at limit 200)
      returning id, order_id),
    refund as (
      update refunds set updated_at = now() where id in (
        select id from refunds where status = 'pending' and created_at < now() - interval '1 minute'
          and (updated_at = created_at or updated_at < now() - interval '15 minutes') order by created_at limit 200)
      returning order_id),
    behind as (
      update external_orders set updated_at = now() where order_id in (
        select x.order_id from external_orders x join orders o on o.id = x.order_id join events e on e.id = o.event_id
        where x.state in ('started', 'submitted') and x.updated_at < now() - interval '5 minutes' and ${isBehind} limit 200)
      returning order_id),
    open as (
      update payments set updated_at = now() where id in (
        (select y.id from payments y join orders o on o.id = y.order_id
          where ${isOpen} and o.status <> 'pending' and y.updated_at < now() - interval '15 minutes' limit 200)
        union (select id from payments where contradicted_at is not null and updated_at < now() - interval '15 minutes' limit 200)
        union (select id from payments where status = 'authorized' and updated_at < now() - interval '15 minutes' limit 200))
      returning order_id)
    insert into outbox (topic, subject_id, payload)
    select 'order.changed', o.id, jsonb_build_object('number', o.number, 'createdAt', o.created_at, 'event', e.slug, 'owner', o.account_id)
    from (
      (select order_id as id from payments where status = 'succeeded' and settled_at is null and succeeded_at < now() - interval '1 minute'
        and not exists (select from external_orders x where x.order_id = payments.order_id and x.state in ('started', 'submitted'))
      union select id from orders where status = 'pending' and expires_at < now() - interval '10 minutes'
      union select o.id from refunds r join orders o on o.id = r.order_id
        where o.status = 'confirmed' and r.created_at between now() - interval '1 day' and now() - interval '1 minute' and ${allReturned} limit 500)
      union select order_id from refund union select order_id from mail union select order_id from open union select order_id from behind) late
    join orders o on o.id = late.id join events e on e.id = o.event_id
    where not exists (select from outbox b where b.subject_id = o.id)
    union all select 'sms', t.id, jsonb_build_object('order', t.order_id) from text t where not exists (select from outbox b where b.subject_id = t.id)
    union all select 'mail', m.id, '{}' from mail m where m.order_id is null and not exists (select from outbox b where b.subject_id = m.id)`.execute(
    db,
  );
  return Number(numAffectedRows ?? 0);
}
