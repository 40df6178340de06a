// What must reach people: mail and text messages. Activities of the notifications queue.
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import { deliver, type Mailer } from '../services/mailer.ts';
import * as texts from '../services/sms.ts';
import { retryable } from './failures.ts';

export type NotificationActivities = ReturnType<typeof notificationActivities>;

export function notificationActivities({ db, mailer, sms }: { db: Kysely<DB>; mailer: Mailer; sms: texts.SmsProvider }) {
  return {
    /** Sends one promised mail; false if it had been sent before. */
    deliverMail: (mailId: string) => deliver(db, mailer, mailId),
    /** Sends one promised text; false if it had been sent before. */
    deliverSms: (textId: string) => retryable(() => texts.deliver(db, sms, textId)),
  };
}
