// What must reach people and their programs: mail, text messages, webhooks. Activities of the notifications queue.
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import { type Delivery, deliver, type Mailer } from '../services/delivery/mailer.ts';
import * as texts from '../services/delivery/sms.ts';
import { tryOnce, type WebhookRound, type Webhooks } from '../services/delivery/webhooks.ts';

export type NotificationActivities = ReturnType<typeof notificationActivities>;

/** So many activities of this queue run at once in a process: most of them wait for somebody else's server. */
export const NOTIFICATION_SLOTS = 128;
/** Webhooks take no more of them than this, so that mail and texts always find some. */
const WEBHOOKS_AT_ONCE = 96;
/** So many of them are tried within their workflows' tasks: receivers that hang must not hold all the room for those. */
const WEBHOOKS_HERE = 8;
/** A webhook that finds this process full comes again after about so long. */
const FULL_MS = 1_000;

type Parts = { db: Kysely<DB>; mailer: Mailer; sms: texts.SmsProvider; webhooks: Webhooks };

export function notificationActivities({ db, mailer, sms, webhooks }: Parts) {
  const underway = new Map<string, Promise<Delivery>>();
  let posting = 0;
  let here = 0;
  return {
    /** Sends one promised mail. A try that comes while one is under way here joins it. */
    deliverMail(mailId: string): Promise<Delivery> {
      const known = underway.get(mailId);
      if (known) return known;
      const sending = deliver(db, mailer, mailId).finally(() => underway.delete(mailId));
      underway.set(mailId, sending);
      return sending;
    },
    deliverSms: (textId: string): Promise<Delivery> => texts.deliver(db, sms, textId),
    /** Tries a webhook's delivery, if it is time for it by the workflow's clock (ms since 1970). */
    async tryWebhook(deliveryId: string, at: number): Promise<WebhookRound> {
      if (posting >= WEBHOOKS_AT_ONCE) return { state: 'waiting', waitMs: Math.round(FULL_MS * (0.5 + Math.random())) };
      posting++;
      try {
        return await tryOnce(db, webhooks, deliveryId, new Date(at));
      } finally {
        posting--;
      }
    },
    /** The same within the workflow's task. Null: no room for that. */
    async tryWebhookHere(deliveryId: string, at: number): Promise<WebhookRound | null> {
      if (here >= WEBHOOKS_HERE) return null;
      here++;
      try {
        return await tryOnce(db, webhooks, deliveryId, new Date(at));
      } finally {
        here--;
      }
    },
  };
}
