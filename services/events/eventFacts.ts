// What an event says of itself beside when, where and for how much: its category, kind of pricing, policies, tags and pictures.
import { sql, type Transaction } from 'kysely';
import type { DB, PricingType } from '../../db/tables.ts';
import { priceFault } from '../payments/prices.ts';
import type { Providers } from '../payments/provider.ts';
import { DomainError, invalidField } from '../shared/errors.ts';

export type EventFacts = {
  shortDescription: string;
  categoryId: string | null;
  pricingType: PricingType;
  /** Nothing of a free event has a price. */
  isFree: boolean;
  /** What it is announced with, in minor units of the event's currency, which only the rows know; null: nothing is said. */
  basePrice: ((currency: string) => number) | null;
  isFeatured: boolean;
  isTrending: boolean;
  tags: string[];
  refundPolicy: string;
  cancellationPolicy: string;
  ageRestriction: string;
};

/**
 * Writes those facts of an event that are given; its row is new or locked.
 * @throws DomainError invalid | event_fixed (pricingType: it has ticket types already)
 */
export async function writeFacts(
  tx: Transaction<DB>,
  event: { id: string; currency: string },
  facts: Partial<EventFacts>,
  providers: Providers,
): Promise<void> {
  const { refundPolicy, cancellationPolicy, ageRestriction } = facts;
  const settings = { refund_policy: refundPolicy, cancellation_policy: cancellationPolicy, age_restriction: ageRestriction };
  const basePrice = facts.basePrice?.(event.currency);
  if (facts.categoryId) await checkCategory(tx, facts.categoryId);
  if (facts.pricingType) await checkPricingType(tx, event.id, facts.pricingType);
  if (basePrice !== undefined) checkBasePrice(basePrice, event.currency, providers);

  await tx
    .updateTable('events')
    .set({
      ...(facts.shortDescription !== undefined && { short_description: facts.shortDescription }),
      ...(facts.categoryId !== undefined && { category_id: facts.categoryId }),
      ...(facts.pricingType !== undefined && { pricing_type: facts.pricingType }),
      ...(facts.isFree !== undefined && { is_free: facts.isFree }),
      ...(facts.basePrice !== undefined && { base_price_minor: basePrice ?? null }),
      ...(facts.isFeatured !== undefined && { is_featured: facts.isFeatured }),
      ...(facts.isTrending !== undefined && { is_trending: facts.isTrending }),
      ...(facts.tags !== undefined && { tags: facts.tags }),
      // What is undefined leaves no trace in JSON.
      settings: sql`settings || ${JSON.stringify(settings)}::jsonb`,
      updated_at: sql<Date>`now()`,
    })
    .where('id', '=', event.id)
    .execute();
  await checkFree(tx, event.id);
}

async function checkCategory(tx: Transaction<DB>, id: string): Promise<void> {
  const known = await tx.selectFrom('event_categories').select('id').where('id', '=', id).executeTakeFirst();
  if (!known) throw invalidField('category', 'There is no such category.');
}

async function checkPricingType(tx: Transaction<DB>, eventId: string, pricingType: PricingType): Promise<void> {
  const { rows } = await sql<{ now: PricingType; sold: boolean }>`
    select e.pricing_type as now, exists (select from offers o where o.event_id = e.id) as sold from events e where e.id = ${eventId}::uuid`.execute(
    tx,
  );
  const { now, sold } = rows[0]!;
  if (now === pricingType || !sold) return;
  const message = `The event has ticket types of ${now} pricing: its pricing_type can no longer be changed.`;
  throw new DomainError('event_fixed', message, { fields: { pricingType: message }, because: 'planned' });
}

function checkBasePrice(minor: number, currency: string, providers: Providers): void {
  const fault = priceFault(providers, minor, currency);
  if (fault) throw invalidField('basePrice', fault);
}

/** Throws invalid where a free event has a price. */
async function checkFree(tx: Transaction<DB>, eventId: string): Promise<void> {
  const { rows } = await sql<{ announced: boolean; sold: boolean }>`
    select coalesce(e.base_price_minor > 0, false) as announced, exists (select from offers o where o.event_id = e.id and o.is_active and o.price_minor > 0) as sold
    from events e where e.id = ${eventId}::uuid and e.is_free`.execute(tx);
  if (rows[0]?.announced) throw invalidField('basePrice', 'A free event has no base price.');
  if (rows[0]?.sold) throw invalidField('isFree', 'The event sells tickets that have a price.');
}
