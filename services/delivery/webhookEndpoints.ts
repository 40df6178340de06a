// Webhook endpoints: where an organizer's programs are told of what happens at their events. An endpoint belongs to an account.
import { type Kysely, sql, type Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { announceTest, type WebhookEvent } from '../outbox/announcements.ts';
import * as mails from '../outbox/mails.ts';
import { replay, type Which } from '../outbox/webhookLog.ts';
import { giveUpAll, handOnAll } from '../outbox/webhooks.ts';
import { DomainError, invalidField } from '../shared/errors.ts';
import { isUuid } from '../shared/ids.ts';
import { allowedUrl, type Reach, Unreachable } from './webhookAddresses.ts';
import { newSecret, type SecretBox } from './webhookSecrets.ts';

/** So many may an account have. */
export const MAX_ENDPOINTS = 20;
/** So long at most does the secret before a rotation sign beside the new one. */
export const MAX_OVERLAP_SECONDS = 604_800;

export type Endpoint = {
  id: string;
  url: string;
  description: string;
  events: WebhookEvent[];
  paused_at: Date | null;
  disabled_at: Date | null;
  /** `gone`: it answered 410; `failing`: no try of three days succeeded. */
  disabled_because: 'gone' | 'failing' | null;
  /** Since when no try has succeeded; null while the last one did. */
  failing_since: Date | null;
  former_until: Date | null;
  created_by: string;
  created_at: Date;
  updated_at: Date;
};

/** An endpoint with the only copy of its secret. */
export type WithSecret = Endpoint & { secret: string };

/** What is needed where endpoints are made: how their secrets are kept, and where they may lead. */
export type Keeping = { box: SecretBox; reach: Reach };

export type Wish = { url: string; events: WebhookEvent[]; description?: string };

const COLUMNS = sql`id, url, description, events, paused_at, disabled_at, disabled_because, failing_since,
  case when former_until > now() then former_until end as former_until, created_by, created_at, updated_at`;

/**
 * Makes an endpoint of the account. `createdBy`: account/<id> or key/<id>.
 * @throws DomainError invalid (url, events) | limit_exceeded (20 already) | account_not_found
 */
export async function create(
  db: Kysely<DB>,
  { box, reach }: Keeping,
  accountId: string,
  createdBy: string,
  wish: Wish,
): Promise<WithSecret> {
  const url = checked(wish.url, reach);
  const events = eventsOf(wish.events);
  const secret = newSecret();
  return db.transaction().execute(async (tx) => {
    // One change at a time, so that they can be counted.
    const owner = await tx.selectFrom('accounts').select('id').where('id', '=', accountId).forNoKeyUpdate().executeTakeFirst();
    if (!owner) throw new DomainError('account_not_found', 'This account does not exist any more.');
    const { rows } = await sql<{ id: string; n: number }>`select gen_random_uuid() as id, count(*)::int as n
      from webhook_endpoints where account_id = ${accountId}::uuid`.execute(tx);
    const { id, n } = rows[0]!;
    if (n >= MAX_ENDPOINTS)
      throw new DomainError('limit_exceeded', `An account has ${MAX_ENDPOINTS} webhooks at most.`, { max: MAX_ENDPOINTS });
    const made = await sql<Endpoint>`insert into webhook_endpoints (id, account_id, url, description, events, secret, created_by)
      values (${id}::uuid, ${accountId}::uuid, ${url}, ${wish.description ?? ''}, ${events}::text[], ${box.close(secret, id)}, ${createdBy})
      returning ${COLUMNS}`.execute(tx);
    return { ...made.rows[0]!, secret };
  });
}

/** The URL as it is called: what is kept is what was judged. */
function checked(url: string, reach: Reach): string {
  try {
    return allowedUrl(url, reach).href;
  } catch (error) {
    throw error instanceof Unreachable ? invalidField('url', error.message) : error;
  }
}

function eventsOf(events: WebhookEvent[]): WebhookEvent[] {
  if (!events.length) throw invalidField('events', 'A webhook listens to one event at least.');
  return [...new Set(events)].sort();
}

/** All endpoints of the account, oldest first. */
export async function list(db: Kysely<DB>, accountId: string): Promise<Endpoint[]> {
  const { rows } =
    await sql<Endpoint>`select ${COLUMNS} from webhook_endpoints where account_id = ${accountId}::uuid order by created_at, id`.execute(db);
  return rows;
}

/** One endpoint of the account. @throws DomainError not_found */
export async function find(db: Kysely<DB>, accountId: string, id: string): Promise<Endpoint> {
  const { rows } = isUuid(id)
    ? await sql<Endpoint>`select ${COLUMNS} from webhook_endpoints where id = ${id}::uuid and account_id = ${accountId}::uuid`.execute(db)
    : { rows: [] };
  return rows[0] ?? noEndpoint();
}

function noEndpoint(): never {
  throw new DomainError('not_found', 'There is no such webhook.', { what: 'webhook' });
}

/** Locks an endpoint of the account against every other change and against the beginning of tries. @throws DomainError not_found */
async function lock(tx: Transaction<DB>, accountId: string, id: string): Promise<Endpoint & { closed: string }> {
  const { rows } = isUuid(id)
    ? await sql<Endpoint & { closed: string }>`select ${COLUMNS}, secret as closed from webhook_endpoints
        where id = ${id}::uuid and account_id = ${accountId}::uuid for no key update`.execute(tx)
    : { rows: [] };
  return rows[0] ?? noEndpoint();
}

/** Changes what is given. What waits goes to the new URL. @throws DomainError not_found | invalid (url, events) */
export async function update(db: Kysely<DB>, { reach }: Keeping, accountId: string, id: string, change: Partial<Wish>): Promise<Endpoint> {
  const target = change.url === undefined ? undefined : checked(change.url, reach);
  const events = change.events && eventsOf(change.events);
  return db.transaction().execute(async (tx) => {
    const { url, description, events: listens } = await lock(tx, accountId, id);
    const { rows } =
      await sql<Endpoint>`update webhook_endpoints set url = ${target ?? url}, description = ${change.description ?? description},
      events = ${events ?? listens}::text[], updated_at = now() where id = ${id}::uuid returning ${COLUMNS}`.execute(tx);
    return rows[0]!;
  });
}

/** Takes an endpoint away with all its deliveries, those that wait too. @throws DomainError not_found */
export async function remove(db: Kysely<DB>, accountId: string, id: string): Promise<void> {
  await db.transaction().execute(async (tx) => {
    await lock(tx, accountId, id);
    await tx.deleteFrom('webhook_endpoints').where('id', '=', id).execute();
  });
}

/**
 * Gives the endpoint a new secret. The old one signs beside it for `overlapSeconds`, so that a receiver can change over in its own time; one
 * that was still signing from the rotation before ends now.
 * @throws DomainError not_found
 */
export async function rotate(db: Kysely<DB>, { box }: Keeping, accountId: string, id: string, overlapSeconds: number): Promise<WithSecret> {
  const secret = newSecret();
  return db.transaction().execute(async (tx) => {
    const { closed } = await lock(tx, accountId, id);
    const overlaps = overlapSeconds > 0;
    const { rows } =
      await sql<Endpoint>`update webhook_endpoints set secret = ${box.close(secret, id)}, former_secret = ${overlaps ? closed : null},
      former_until = case when ${overlaps} then now() + make_interval(secs => ${overlapSeconds}) end, updated_at = now()
      where id = ${id}::uuid returning ${COLUMNS}`.execute(tx);
    return { ...rows[0]!, secret };
  });
}

/** Holds the endpoint's deliveries back until it is resumed; what is under way is finished. @throws DomainError not_found */
export async function pause(db: Kysely<DB>, accountId: string, id: string): Promise<Endpoint> {
  return db.transaction().execute(async (tx) => {
    await lock(tx, accountId, id);
    const { rows } = await sql<Endpoint>`update webhook_endpoints set paused_at = coalesce(paused_at, now()), updated_at = now()
      where id = ${id}::uuid returning ${COLUMNS}`.execute(tx);
    return rows[0]!;
  });
}

/** Lets deliveries go again, also those of an endpoint that was disabled; what was given up then is replayed on request. @throws DomainError not_found */
export async function resume(db: Kysely<DB>, accountId: string, id: string): Promise<Endpoint> {
  return db.transaction().execute(async (tx) => {
    await lock(tx, accountId, id);
    const { rows } = await sql<Endpoint>`update webhook_endpoints set paused_at = null, disabled_at = null, disabled_because = null,
      failing_since = null, updated_at = now() where id = ${id}::uuid returning ${COLUMNS}`.execute(tx);
    await handOnAll(tx, id);
    return rows[0]!;
  });
}

/** Sends a test event to the endpoint, whatever it listens to. @returns the delivery's id. @throws DomainError not_found | invalid (paused, disabled) */
export async function sendTest(db: Kysely<DB>, accountId: string, id: string): Promise<string> {
  return db.transaction().execute(async (tx) => {
    const endpoint = await lock(tx, accountId, id);
    if (endpoint.paused_at) throw invalidField('status', 'This webhook is paused: resume it first.');
    refuseDisabled(endpoint);
    return announceTest(tx, id);
  });
}

/** Makes deliveries of the endpoint once more. @returns how many. @throws DomainError not_found | invalid (disabled) | limit_exceeded */
export async function replayDeliveries(db: Kysely<DB>, accountId: string, id: string, which: Which): Promise<number> {
  return db.transaction().execute(async (tx) => {
    const endpoint = await lock(tx, accountId, id);
    refuseDisabled(endpoint);
    const replayed = await replay(tx, id, which, endpoint.paused_at !== null);
    if ('id' in which && !replayed) throw new DomainError('not_found', 'There is no such delivery.', { what: 'delivery' });
    return replayed;
  });
}

function refuseDisabled({ disabled_at }: Endpoint): void {
  if (disabled_at) throw invalidField('status', 'This webhook is disabled: resume it first.');
}

/** Notes whether the endpoint took a try; writes only where that is news. @returns since when it has taken none, null if it took this one */
export async function noteAnswer(tx: Transaction<DB>, id: string, { ok, at }: { ok: boolean; at: Date }): Promise<Date | null> {
  const { rows } = await sql<{
    failing_since: Date | null;
  }>`select failing_since from webhook_endpoints where id = ${id}::uuid for no key update`.execute(tx);
  const since = ok ? null : (rows[0]?.failing_since ?? at);
  if (rows[0] && (rows[0].failing_since === null) !== (since === null))
    await sql`update webhook_endpoints set failing_since = ${since} where id = ${id}::uuid`.execute(tx);
  return since;
}

/** Disables the endpoint, gives up what waits for it, and tells its owner by mail; once. Part of the transaction that notes the last try. */
export async function disable(tx: Transaction<DB>, id: string, because: 'gone' | 'failing'): Promise<void> {
  const { rows } = await sql<{ url: string; email: string; at: Date }>`
    update webhook_endpoints w set disabled_at = now(), disabled_because = ${because}, updated_at = now() from accounts a
    where w.id = ${id}::uuid and a.id = w.account_id and w.disabled_at is null returning w.url, a.email, now() as at`.execute(tx);
  const told = rows[0];
  if (!told) return;
  const lost = await giveUpAll(tx, id);
  await mails.enqueueTo(tx, 'webhook-disabled', [
    { to: told.email, data: { url: told.url, endpoint: id, because, at: told.at.toISOString(), lost: lost + 1 } },
  ]);
}
