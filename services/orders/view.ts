// An order as it is read: all that belongs to it, in one query.
import { sql } from 'kysely';
import type { PaymentStatus, RefundStatus } from '../../db/tables.ts';
import { dayName, fullName, type OfferKind, offerKind, tierName } from '../inventory/offerNames.ts';
import { isOwed } from '../outbox/mails.ts';
import * as attempts from '../payments/attempts.ts';
import { stands } from '../payments/refunds.ts';
import { isOpen } from '../payments/states.ts';
import type { PlacedOrder, PlacedPlace, PlacedStatus } from './placed.ts';

/**
 * Where an order stands, its money included. Of a pending one: `processing` once a payment is open, `failed` after a decline, while it can
 * still be paid. `refunded`: cancelled, and money went back or is on its way.
 */
export type Stage = PlacedStatus | 'processing' | 'failed' | 'refunded';

/** A place with the item it is in and the offer it was bought of. `offer_name` is the whole name, with its ticket type's. */
export type OrderedPlace = PlacedPlace & {
  item_id: string;
  /** The offer's ticket type, where that is an offer above it: a tier's, a day's. */
  pool_id: string | null;
  type_name: string;
  kind: OfferKind;
  tier_name: string | null;
  day_name: string | null;
};

/** A placed order with all that belongs to it. */
export type OrderView = Omit<PlacedOrder, 'places'> & {
  stage: Stage;
  places: OrderedPlace[];
  account_id: string;
  /** Part of the total. */
  fee_minor: number;
  discount_minor: number;
  notes: string | null;
  confirmed_at: Date | null;
  ended_at: Date | null;
  end_reason: string | null;
  /** When something about it changed last. */
  changed_at: Date;
  buyer_email: string;
  buyer_name: string;
  buyer_phone: string | null;
  /** `time_zone`: the venue's. `refundable_until`: until when its paid orders may be cancelled. */
  event: PlacedOrder['event'] & {
    ends_at: Date;
    banner_url: string | null;
    venue: string | null;
    city: string | null;
    time_zone: string | null;
    refundable_until: Date;
  };
  /** Those that admit somebody, or have; times are ISO texts. */
  tickets: {
    id: string;
    number: number;
    code: string;
    place_id: string;
    holder_name: string | null;
    issued_at: string;
    checked_in_at: string | null;
  }[];
  /** `succeeded_at` is an ISO time. */
  payment: {
    id: string;
    status: PaymentStatus;
    provider: string;
    provider_ref: string | null;
    succeeded_at: string | null;
    failure_code: string | null;
    failure_message: string | null;
  } | null;
  refund: { status: RefundStatus; amount_minor: number } | null;
  /** Of its mails: refused when one of them will never arrive; null when there is none. */
  mail_status: 'refused' | 'waiting' | 'sent' | null;
};

/** The status of an order (alias `o`) with the clock applied. */
export const clockStatus = sql<PlacedStatus>`case when o.status = 'pending' and ${attempts.holdIsOver} then 'expired' else o.status end`;

/** The one payment that tells about an order: the captured one, or the latest. */
const tellingPayment = sql`from payments y where y.order_id = o.id order by y.succeeded_at is null, y.created_at desc limit 1`;

/** The stage of an order (alias `o`), as text. */
export const stage = sql<Stage>`(case ${clockStatus}
    when 'pending' then coalesce((select case when y.status = 'cancelled' then null when y.failure_code is not null then 'failed'
      when ${isOpen} or y.status = 'succeeded' then 'processing' end ${tellingPayment}), 'pending')
    when 'cancelled' then case when exists (select from refunds r where r.order_id = o.id and ${stands}) then 'refunded' else 'cancelled' end
    else (${clockStatus})::text end)`;

export const view = sql`
  select o.id, o.number, o.account_id, ${clockStatus} as status, ${stage} as stage, o.total_minor, o.fee_minor, o.discount_minor, o.currency, o.code_prefix,
    o.expires_at, o.created_at, o.confirmed_at, o.ended_at, o.end_reason, o.notes,
    greatest(o.created_at, o.confirmed_at, o.ended_at, (select max(y.updated_at) from payments y where y.order_id = o.id)) as changed_at,
    coalesce(o.buyer_email, a.email) as buyer_email, coalesce(o.buyer_name, a.full_name) as buyer_name, coalesce(o.buyer_phone, a.phone) as buyer_phone,
    e.id as event_id, e.number as event_number, e.slug as event_slug, e.name as event_name, e.external, e.starts_at, e.ends_at, e.banner_url,
    v.name as venue, v.city, v.time_zone, e.starts_at - make_interval(mins => coalesce(e.refund_until_minutes, 0)) as refundable_until,
    (select coalesce(json_agg(json_build_object('id', p.id, 'item_id', i.id, 'offer_id', i.offer_id, 'pool_id', t.id, 'kind', ${offerKind},
        'section', p.section, 'row_label', p.row_label, 'seat_label', p.seat_label, 'price_minor', i.price_minor, 'offer_name', ${fullName('f', 't')},
        'type_name', coalesce(t.name, f.name), 'tier_name', ${tierName}, 'day_name', ${dayName}) order by p.position, i.id), '[]')
      from order_items i join places p on p.id = i.place_id join offers f on f.id = i.offer_id left join offers t on t.id = f.pool_id and t.is_pool
      where i.order_id = o.id) as places,
    (select coalesce(json_agg(json_build_object('id', t.id, 'number', t.number, 'code', t.code, 'place_id', t.place_id, 'holder_name', t.holder_name, 'issued_at', t.issued_at, 'checked_in_at', t.checked_in_at)
        order by t.number), '[]') from tickets t where t.order_id = o.id and t.voided_at is null) as tickets,
    (select json_build_object('id', y.id, 'status', y.status, 'provider', y.provider, 'provider_ref', y.provider_ref,
        'succeeded_at', y.succeeded_at, 'failure_code', y.failure_code, 'failure_message', y.failure_message) ${tellingPayment}) as payment,
    (select json_build_object('amount_minor', sum(r.amount_minor),
        'status', case when bool_or(r.status = 'failed') then 'failed' when bool_or(r.status = 'pending') then 'pending' else 'succeeded' end)
      from refunds r where r.order_id = o.id and ${stands} having count(*) > 0) as refund,
    (select case when bool_or(m.refused_at is not null) then 'refused' when bool_or(${isOwed('m')}) then 'waiting' else 'sent' end
      from mails m where m.order_id = o.id having count(*) > 0) as mail_status
  from orders o join accounts a on a.id = o.account_id join events e on e.id = o.event_id left join venues v on v.id = e.venue_id`;

export type ViewRow = Omit<OrderView, 'event'> & {
  event_id: string;
  event_number: number;
  event_slug: string;
  event_name: string;
} & Omit<OrderView['event'], 'id' | 'number' | 'slug' | 'name'>;

export function toView({ event_id, event_number, event_slug, event_name, ...row }: ViewRow): OrderView {
  const { external, starts_at, ends_at, banner_url, venue, city, time_zone, refundable_until, ...order } = row;
  const named = { id: event_id, number: event_number, slug: event_slug, name: event_name };
  const event = { ...named, external, starts_at, ends_at, banner_url, venue, city, time_zone, refundable_until };
  return { ...order, event };
}
