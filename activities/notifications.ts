// What must reach people: mail and text messages. Activities of the notifications queue.
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import { type Delivery, deliver, type Mailer } from '../services/delivery/mailer.ts';
import * as texts from '../services/delivery/sms.ts';

export type NotificationActivities = ReturnType<typeof notificationActivities>;

export function notificationActivities({ db, mailer, sms }: { db: Kysely<DB>; mailer: Mailer; sms: texts.SmsProvider }) {
  const underway = new Map<string, Promise<Delivery>>();
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
  };
}
