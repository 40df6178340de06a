// Letters as they arrive over SMTP: names of every script and length are whole in subject, text and HTML, and times are the venue's.
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deliver, type Mailer, smtpMailer } from '../../services/delivery/mailer.ts';
import { claim, type Terms } from '../../services/orders/claim/claim.ts';
import { settle } from '../../services/orders/settlement.ts';
import * as mails from '../../services/outbox/mails.ts';
import { type Catcher, startMailCatcher } from '../../standins/mail/catcher.ts';
import { wish } from '../support/claims.ts';
import { freshDatabase } from '../support/database.ts';
import { capture, person, show } from '../support/made.ts';
import { look } from '../support/pdf.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';

let database: Awaited<ReturnType<typeof freshDatabase>>;
let catcher: Catcher;
let mailer: Mailer;
beforeAll(async () => {
  database = await freshDatabase();
  catcher = await startMailCatcher({ smtpPort: 0, httpPort: 0 });
  const from = { name: 'Билеты, Тикеты', address: 'tickets@x.test' };
  mailer = smtpMailer({ smtpUrl: catcher.smtpUrl, from, codePrefix: 'EVT', tokenSecret: 'secret' });
});
afterAll(async () => {
  mailer?.close();
  await catcher?.stop();
  await database?.close();
});

/** An order of one place that is paid; its venue is in Copenhagen, on a winter's evening. */
async function sold(o: { name: string; buyer: string; section: string; terms?: Partial<Terms> }) {
  const { db } = database;
  const sections = [{ name: o.section, rows: ['A'], seatsPerRow: 1, priceMinor: 5_000 }];
  const [event, account] = [await show(db, { sections }), await person(db)];
  await sql`update venues set time_zone = 'Europe/Copenhagen' where id = ${event.venueId}::uuid`.execute(db);
  await sql`update accounts set full_name = ${o.buyer} where id = ${account.id}::uuid`.execute(db);
  const order = await claim(db, wish(account.id, event.id, { places: event.seats }, o.terms));
  await sql`update events set name = ${o.name}, starts_at = '2099-12-12T18:30:00Z', ends_at = '2099-12-13T00:00:00Z' where id = ${event.id}::uuid`.execute(
    db,
  );
  await capture(db, order.id);
  await settle(db, order.id, TICKET_KEYS);
  return { id: order.id, email: account.email };
}

/** Sends what the order has to tell, and reads the letter of this kind as it arrived. */
async function arrived(order: { id: string; email: string }, subject: RegExp) {
  const waiting = await database.db
    .selectFrom('mails')
    .select('id')
    .where('order_id', '=', order.id)
    .where('sent_at', 'is', null)
    .execute();
  for (const { id } of waiting) expect(await deliver(database.db, mailer, id)).toBe('sent');
  const letter = (await catcher.store.list(order.email)).find((one) => subject.test(one.subject));
  expect(letter).toBeDefined();
  return letter!;
}

it.each([
  ['Latin', 'Gala – “Zoë’s Night”', 'Łukasz Wiśniewski', 'Balcony', false],
  ['Cyrillic', 'Щелкунчик', 'Әсел Нұрғалиқызы', 'Балкон', false],
  ['Chinese', '北京新年音乐会', '王小明', '二楼', false],
  ['emoji', 'Party 🎉👨‍👩‍👧 2026', 'Ann', 'Floor', false],
  ['Hebrew', 'קונצרט', 'דוד כהן', 'יציע', true],
  ['Arabic', 'حفل', 'محمد عبد الله', 'شرفة', true],
  ['long', 'Łukasz и 王 '.repeat(20).slice(0, 200).trim(), 'Владимир '.repeat(23).slice(0, 200).trim(), 'W'.repeat(100), false],
  ['markup', '<b>&"Gala"', "<script>alert('x')</script>", '<i>', false],
])('the tickets of a %s event', async (_, name, buyer, section, rightToLeft) => {
  const order = await sold({ name, buyer, section });
  const { subject, text, html, from, attachments, id } = await arrived(order, /^Your tickets for /);
  const apart = (words: string) => (rightToLeft ? `\u2068${words}\u2069` : words);
  expect(subject).toMatch(/\(EVT\d+\)$/);
  expect(subject.startsWith(`Your tickets for ${apart(name)} (`)).toBe(true);
  expect(from).toContain('Билеты, Тикеты');
  expect(text).toContain(`Hello ${apart(buyer)},`);
  expect(text).toContain(`you are going to ${apart(name)}, Hall, Sat 12 Dec 2099, 19:30 CET.`);
  expect(text).toContain(`- ${apart(section)}, row A, seat 1`);
  const escaped = buyer.replace(/[&<>"]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' })[c]!);
  expect(html).toContain(`<p dir="auto">Hello ${apart(escaped)},</p>`);
  expect(html).not.toMatch(/<script|<b>|<i>/);

  const file = await catcher.store.attachment(id, attachments[0]!.filename);
  const { text: page, code, pages } = await look(file!.content);
  const ticket = await database.db.selectFrom('tickets').select('code').where('order_id', '=', order.id).executeTakeFirstOrThrow();
  expect([pages, code]).toEqual([1, ticket.code]);
  expect(page).toContain('Sat 12 Dec 2099, 19:30 CET');
});

it('the other letters about an order say times in the zone too; a notice older than zones is in UTC', async () => {
  const order = await sold({ name: 'Gala', buyer: 'Ann', section: 'Floor' });
  await database.db.transaction().execute(async (tx) => {
    await mails.enqueue(tx, 'waitlist-offer', order.id, { link: 'https://x.test/pay', until: '2099-07-12T18:30:00.000Z' });
    const before = { starts_at: '2099-12-11T18:30:00.000Z', venue: 'יציע' };
    const after = { starts_at: '2099-12-12T18:30:00.000Z', venue: 'Hall', time_zone: 'Asia/Kolkata' };
    await mails.enqueue(tx, 'event-moved', order.id, { before, after, reason: '' });
  });
  const offer = await arrived(order, /is held for you/);
  expect(offer.text).toContain('waitlist of Gala, Sat 12 Dec 2099, 19:30 CET. We hold this for you until Sun 12 Jul 2099, 20:30 CEST:');
  const moved = await arrived(order, /has moved/);
  expect(moved.subject).toContain('Gala has moved: Sun 13 Dec 2099, 00:00 IST (');
  expect(moved.text).toContain('on Sun 13 Dec 2099, 00:00 IST, Hall. It was to be on Fri 11 Dec 2099, 18:30 UTC, \u2068יציע\u2069.');
});

it('who waited for a cancelled event reads its time in the zone', async () => {
  const { db } = database;
  const data = { name: 'דוד', event: 'Gala', startsAt: '2099-12-12T18:30:00.000Z', timeZone: 'America/New_York', reason: '' };
  await db.transaction().execute((tx) => mails.enqueueTo(tx, 'waitlist-cancelled', [{ to: 'waiter@x.test', data }]));
  const { id } = await db.selectFrom('mails').select('id').where('recipient', '=', 'waiter@x.test').executeTakeFirstOrThrow();
  await deliver(db, mailer, id);
  const [letter] = await catcher.store.list('waiter@x.test');
  expect(letter!.text).toContain('Hello \u2068דוד\u2069,');
  expect(letter!.text).toContain('Gala, Sat 12 Dec 2099, 13:30 EST, will not take place.');
});

it('an order placed with a prefix of its own has that code in its letter and in the names of its tickets; a fee is part of what was paid', async () => {
  const order = await sold({ name: 'Gala', buyer: 'Ann', section: 'Floor', terms: { codePrefix: 'OE-', feeBasisPoints: 500 } });
  const letter = await arrived(order, /^Your tickets/);
  expect(letter.subject).toMatch(/\(OE-\d{8}-\d{4,}\)$/);
  expect(letter.attachments[0]!.filename).toMatch(/^OE-\d{8}-\d{4,}-1\.pdf$/);
  expect(letter.text).toContain('Paid: 52.50 USD, 2.50 USD of it the service fee.');
});
