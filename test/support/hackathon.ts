// An event whose organizer's programs register participants: ticket types with caps of their own over one capacity.
import { randomBytes } from 'node:crypto';
import { type Kysely, sql } from 'kysely';
import { expect } from 'vitest';
import type { DB } from '../../db/tables.ts';
import * as enrolling from '../../services/events/enrolling.ts';
import * as offers from '../../services/inventory/offers.ts';
import * as participants from '../../services/orders/participants.ts';
import { WEBHOOK_EVENTS } from '../../services/outbox/announcements.ts';
import { verify } from '../../services/reports/verify.ts';
import { serve } from '../../services/waitlist/waitlistOffers.ts';
import { person, show } from './made.ts';
import { OFFER_TERMS } from './offerTerms.ts';
import { TICKET_KEYS } from './ticketKeys.ts';

export type HackathonOf = {
  /** The capacity. */
  total?: number;
  /** What each type can sell at most; the capacity unless said. */
  types?: Record<string, number>;
  waitlist?: boolean;
  startsInMs?: number;
  organizer?: { id: string };
  /** No webhook is listened to: where workers run they would try to send it. */
  deaf?: true;
  /** Each type has places of its own, and there is no capacity above them. */
  apart?: true;
};

const FACTS = {
  ...{ description: '', priceMinor: 0, salesStart: null, salesEnd: null, minPerOrder: 1, maxPerOrder: null, isActive: true },
  ...{ tierNumber: null, tierName: null, dayNumber: null, dayName: null, dayDate: null, allDays: false, benefits: '' },
} satisfies Partial<offers.OfferFacts>;

/** A published event of a new organizer, two weeks ahead, who listens to every webhook unless deaf; `offers` are its types' ids by name. Premium costs 49.00. */
export async function hackathon(db: Kysely<DB>, o: HackathonOf = {}) {
  const { total = 10 } = o;
  const types = o.types ?? { standard: total, premium: total, team: total };
  const organizer = o.organizer ?? (await person(db, 'organizer'));
  const event = await show(db, { sections: [], startsInMs: o.startsInMs ?? 14 * 86_400_000 });
  const slug = `hackathon-${randomBytes(4).toString('hex')}`;
  const settings = { registrations: { waitlist: o.waitlist ?? false } };
  await sql`update events set organizer_id = ${organizer.id}::uuid, slug = ${slug}, pricing_type = ${o.apart ? 'simple' : 'tiered'}::pricing_type,
    settings = ${JSON.stringify(settings)}::jsonb where id = ${event.id}::uuid`.execute(db);

  const of = { id: event.id, currency: 'USD' };
  const made: Record<string, string> = {};
  await db.transaction().execute(async (tx) => {
    const pool = o.apart ? undefined : await offers.create(tx, of, { pool: true }, { ...FACTS, name: 'Registration', quantity: total });
    for (const [i, [name, quantity]] of Object.entries(types).entries()) {
      const tier = pool ? { tierNumber: i + 1, tierName: name } : {};
      const facts = { ...FACTS, ...tier, name, quantity, priceMinor: name === 'premium' ? 4_900 : 0 };
      made[name] = await offers.create(tx, of, pool ? { of: pool } : 'alone', facts);
    }
  });
  if (!o.deaf)
    await sql`insert into webhook_endpoints (account_id, url, secret, events, created_by)
    select ${organizer.id}::uuid, 'https://hooks.test/', '', ${[...WEBHOOK_EVENTS]}::text[], ${`account/${organizer.id}`}
    where not exists (select from webhook_endpoints where account_id = ${organizer.id}::uuid)`.execute(db);
  const by: enrolling.Organizer = { kind: 'key', id: organizer.id, scopes: [] };
  return { id: event.id, venueId: event.venueId, slug, organizer, by, offers: made };
}

export type Hackathon = Awaited<ReturnType<typeof hackathon>>;

/** Registers somebody as the API does; standard, and waiting where that is offered, unless said. */
export const enrol = (db: Kysely<DB>, event: Hackathon, participant: string, more: Partial<enrolling.Enrolment> = {}) =>
  enrolling.enrol(db, event.by, { event: event.slug, participant, offer: 'standard', details: {}, mayWait: true, ...more }, TICKET_KEYS);

/** The same as a word: the status, or the refusal's code. */
export const outcome = (call: Promise<{ status: string }>): Promise<string> =>
  call.then(
    ({ status }) => status,
    (error) => (error.code as string) ?? String(error),
  );

/** What was announced to the webhooks of the event's organizer, as "event participant type", in that order. */
export async function told(db: Kysely<DB>, event: Hackathon, only?: string): Promise<string[]> {
  const deliveries = await db
    .selectFrom('webhook_deliveries as d')
    .innerJoin('webhook_endpoints as w', 'w.id', 'd.endpoint_id')
    .where('w.account_id', '=', event.organizer.id)
    .select(['d.event', 'd.payload'])
    .execute();
  return deliveries
    .filter((d) => !only || d.event === only)
    .map((d) => `${d.event} ${(d.payload as any).data.participantId} ${(d.payload as any).data.ticketType}`)
    .sort();
}

type Numbered = { number: number };

export const look = (db: Kysely<DB>, event: Hackathon, { number }: Numbered) => participants.findByNumber(db, event.by.id, number);
export const revise = (db: Kysely<DB>, event: Hackathon, { number }: Numbered, revision: enrolling.Revision) =>
  enrolling.revise(db, event.by, number, revision);
export const withdraw = (db: Kysely<DB>, event: Hackathon, { number }: Numbered) => enrolling.withdraw(db, event.by, number);
export const promote = (db: Kysely<DB>, event: Hackathon) => serve(db, event.id, OFFER_TERMS);

/** What a call came to: done, or the refusal's code and the fields it names. */
export const fieldOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => 'done',
    (error) => `${error.code} ${Object.keys(error.details?.fields ?? {})}`,
  );

/** The net finds nothing wrong with what a test leaves behind. */
export async function sound(db: Kysely<DB>): Promise<void> {
  for await (const { check, failed, findings } of verify({ db })) expect([check, failed, findings]).toEqual([check, undefined, []]);
}
