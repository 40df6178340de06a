// What was promised to be told (outbox rows, mails, texts, notices) is done or on its way.
import { type RawBuilder, sql } from 'kysely';
import { MAIL_LIFE, isOwed as mailIsOwed } from '../../outbox/mails.ts';
import { TEXT_LIFE, isOwed as textIsOwed } from '../../outbox/texts.ts';
import { isForgotten, isUntaken } from '../../outbox/webhooks.ts';
import { rowCheck } from './check.ts';

/** The longest pause between two tries is ten minutes; the sweep counts an announcement as a try, and repeats it after fifteen (sweep.ts). */
const PAUSE = sql`interval '16 minutes'`;

/** The starts of new orders may wait in a line for minutes after a rush, but some of them are with the engine at any time (worker/starts.ts). */
const lineMoves = sql`exists (select from outbox s
  where s.topic = 'order.created' and s.attempts > 0 and s.last_error is null and s.available_at > now())`;

/** A row is leased or put back with a pause of at most a minute, so a due row that nobody takes means that no relay runs. */
const outbox = rowCheck<{ topic: string; about_id: string; attempts: number; last_error: string | null; created_at: Date }>({
  name: 'deliveries/outbox',
  of: 'outbox',
  rows: (before) => sql`
    select b.id as subject, array[b.id, b.subject_id, o.event_id] as about, b.topic, b.subject_id as about_id, b.attempts, b.last_error, b.created_at
    from outbox b left join orders o on o.id = b.subject_id
    where (b.available_at < ${before} and not (b.topic = 'order.created' and ${lineMoves})) or (b.attempts >= 5 and b.created_at < ${before})`,
  says: ({ subject, topic, about_id, attempts, last_error, created_at }) =>
    `outbox row ${subject} (${topic} of ${about_id}) waits since ${created_at.toISOString()}, tried ${attempts} time(s)${last_error ? `: ${last_error}` : ''}`,
});

/** A message (alias `m`) that is owed but nobody sees to: never tried nor announced within the grace, not tried for longer than any pause, or given up. */
const forgotten = (owed: RawBuilder<boolean>, before: RawBuilder<Date>, life: RawBuilder<unknown>) => sql`${owed} and (
  m.created_at < ${before} - ${life}
  or (m.tried_at is null and m.created_at < ${before} and not exists (select from outbox b where b.subject_id in (m.id, m.order_id)))
  or m.tried_at < ${before} - ${PAUSE})`;

type Message = { kind: string; recipient: string; created_at: Date; tried_at: Date | null };
const lies = (what: string) => (m: Message & { subject: string }) =>
  `${what} ${m.subject} (${m.kind} to ${m.recipient}) of ${m.created_at.toISOString()} is not sent, ${m.tried_at ? `last tried ${m.tried_at.toISOString()}` : 'never tried'}`;
const message = sql`m.id as subject, array[m.id, m.order_id, o.event_id] as about, m.kind, m.recipient, m.created_at, m.tried_at`;

const mails = rowCheck<Message>({
  name: 'deliveries/mails',
  of: 'mails',
  rows: (before) => sql`select ${message} from mails m left join orders o on o.id = m.order_id
    where ${forgotten(mailIsOwed('m'), before, sql`${MAIL_LIFE} + interval '5 minutes'`)}`,
  says: lies('mail'),
});

const texts = rowCheck<Message>({
  name: 'deliveries/texts',
  of: 'texts',
  rows: (before) => sql`select ${message} from texts m left join orders o on o.id = m.order_id
    where ${forgotten(textIsOwed('m'), before, sql`${TEXT_LIFE} + interval '5 minutes'`)}`,
  says: lies('text'),
});

/** An event's notice is served in rounds with pauses of a minute at most; five minutes without one, and the sweep announces it again. */
const notices = rowCheck<{ event: string; kind: string; served_at: Date | null }>({
  name: 'deliveries/notices',
  of: 'event_notices',
  rows: (before) => sql`
    select n.id as subject, array[n.id, n.event_id] as about, n.event_id as event, n.kind, n.served_at from event_notices n
    where n.done_at is null and n.created_at < ${before} and coalesce(n.served_at < ${before} - interval '6 minutes', true)
      and not exists (select from outbox b where b.subject_id = n.event_id and b.topic = 'event.notice')`,
  says: ({ subject, event, kind, served_at }) =>
    `notice ${subject} (event ${event} is ${kind}) is not done, and ${served_at ? `was last served ${served_at.toISOString()}` : 'nobody has served it'}`,
});

/** A webhook whose workflow is lost, or that no relay takes: whatever its state, a row says when something must have happened next. */
const webhooks = rowCheck<{ event: string; endpoint: string; next_try_at: Date; tried: number }>({
  name: 'deliveries/webhooks',
  of: 'webhook_deliveries',
  rows: (before) => sql`
    select d.id as subject, array[d.id, d.endpoint_id, w.account_id] as about, d.event, d.endpoint_id as endpoint, d.next_try_at, d.tried
    from webhook_deliveries d join webhook_endpoints w on w.id = d.endpoint_id
    where ${isForgotten('d', 'w', before)} or ${isUntaken('d', before)}`,
  says: ({ subject, event, endpoint, next_try_at, tried }) =>
    `webhook delivery ${subject} (${event} to ${endpoint}) was due at ${next_try_at.toISOString()}, tried ${tried} time(s), and nobody sees to it`,
});

export const deliveries = [outbox, mails, texts, notices, webhooks];
