// What must reach people: mail. Activities of the notifications queue.
import type { Kysely } from 'kysely';
import type { DB } from '../db/tables.ts';
import { deliver, type Mailer } from '../services/mailer.ts';

export type NotificationActivities = ReturnType<typeof notificationActivities>;

export function notificationActivities({ db, mailer }: { db: Kysely<DB>; mailer: Mailer }) {
  return {
    /** Sends one promised mail; false if it had been sent before. */
    deliverMail: (mailId: string) => deliver(db, mailer, mailId),
  };
}
