// Delivers to webhooks: one try at a time, each signed anew, its outcome noted with what follows from it for the endpoint.
import type { Kysely, Transaction } from 'kysely';
import type { DB } from '../../db/tables.ts';
import * as deliveries from '../outbox/webhooks.ts';
import { despiteDeadlocks } from '../shared/deadlocks.ts';
import { disable, noteAnswer } from './webhookEndpoints.ts';
import { pauseAfter } from './webhookPatience.ts';
import type { Post, Posted } from './webhookPost.ts';
import { type SecretBox, signed } from './webhookSecrets.ts';

/** `perMinute`: what one owner's endpoints may be sent in a minute, tries of all deliveries together. */
export type Webhooks = { box: SecretBox; post: Post; perMinute: number };

/** Where a delivery stands. `waitMs`: when to look again; null where there is nothing to wait for. `status`: the last answer. */
export type WebhookRound = {
  state: 'waiting' | 'held' | 'delivered' | 'failed' | 'gone';
  waitMs: number | null;
  status?: number | null;
  error?: string | null;
};

/** An endpoint that has answered nothing since before a delivery's first try has failed for all of its tries. A try takes less than this. */
const FIRST_TRY_MS = 60_000;

/**
 * Tries one delivery if it may be tried now. Repeating it is harmless but for this: after a crash between an answer and our note of it the
 * receiver gets the same webhook again, with the same id. `at`: the workflow's time.
 */
export async function tryOnce(db: Kysely<DB>, webhooks: Webhooks, id: string, at: Date): Promise<WebhookRound> {
  const beginning = await deliveries.begin(db, id, at, webhooks.perMinute);
  if (typeof beginning === 'string') return { state: beginning, waitMs: null };
  if ('waitMs' in beginning) return { state: 'waiting', waitMs: beginning.waitMs };
  const { go } = beginning;

  const began = new Date();
  const posted = await send(webhooks, go, began);
  const { status, error, ms } = posted;
  const ending = endingOf(go, posted);

  const note = async (tx: Transaction<DB>) => {
    // The endpoint before the delivery, as beginning does it: two transactions never wait for each other crosswise.
    const since = await noteAnswer(tx, go.endpoint, { ok: ending === 'delivered', at: go.clock });
    await deliveries.ended(tx, go, { at: began.toISOString(), status, error, ms }, ending);
    if (status === 410) await disable(tx, go.endpoint, 'gone');
    else if (ending === 'failed' && since && since.getTime() < go.firstTriedAt.getTime() + FIRST_TRY_MS)
      await disable(tx, go.endpoint, 'failing');
  };
  await despiteDeadlocks(() => db.transaction().execute(note));
  if (typeof ending === 'string') return { state: ending, waitMs: null, status, error };
  return { state: 'waiting', waitMs: ending.againMs, status, error };
}

/** Signs and posts. A secret that cannot be opened (the setting has changed) is a failed try like any other: it may be put right. */
async function send({ box, post }: Webhooks, go: deliveries.Begun, now: Date): Promise<Posted> {
  let headers: Record<string, string>;
  try {
    const secrets = [go.secret, go.formerSecret].flatMap((closed) => (closed ? [box.open(closed, go.endpoint)] : []));
    headers = signed(go.announcement, go.body, secrets, now);
  } catch {
    return { status: null, error: 'not signed: its secret cannot be read', ms: 0, retryAfterMs: null };
  }
  return post(go.url, { ...headers, 'content-type': 'application/json', 'user-agent': 'Billetter-Webhooks/1' }, go.body);
}

function endingOf({ tried }: deliveries.Begun, { status, error, retryAfterMs }: Posted): deliveries.Ending {
  if (error === null) return 'delivered';
  if (status === 410) return 'failed';
  const againMs = pauseAfter(tried + 1, retryAfterMs, Math.random());
  return againMs === null ? 'failed' : { againMs };
}
