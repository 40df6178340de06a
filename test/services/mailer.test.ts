// Mail over real SMTP: what is refused for good ends at once, what passes is tried again, and whose mail it is arrives as it was set.
import { once } from 'node:events';
import { type AddressInfo, connect as connectTo, createServer } from 'node:net';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config.ts';
import type { DB } from '../../db/tables.ts';
import { deliver, type Mailer, smtpMailer } from '../../services/delivery/mailer.ts';
import { finalRefusal } from '../../services/delivery/smtp.ts';
import { sweep } from '../../services/orders/sweep.ts';
import { countTroubled } from '../../services/outbox/mails.ts';
import { undelivered } from '../../services/reports/undelivered.ts';
import { type Catcher, startMailCatcher } from '../../standins/mail/catcher.ts';
import { freshDatabase } from '../support/database.ts';

let db: Kysely<DB>;
let close: () => Promise<void>;
let catcher: Catcher;
let mailer: Mailer;
beforeAll(async () => {
  ({ db, close } = await freshDatabase());
  catcher = await startMailCatcher({ smtpPort: 0, httpPort: 0 });
  mailer = from('Billetter <tickets@opera.example>');
});
afterAll(async () => {
  mailer?.close();
  await catcher?.stop();
  await close?.();
});

const from = (text: string) => smtpMailer({ ...loadConfig({ NODE_ENV: 'test', MAIL_FROM: text }).mail, smtpUrl: catcher.smtpUrl });

/** A mail of no order to this recipient, `age` ago. */
async function mailTo(recipient: string, age = '0'): Promise<string> {
  const data = { name: 'Ann', event: 'Opera', startsAt: '2030-01-01T18:00:00Z', reason: '' };
  const { rows } = await sql<{ id: string }>`insert into mails (kind, recipient, data, created_at)
    values ('waitlist-cancelled', ${recipient}, ${JSON.stringify(data)}::jsonb, now() - ${age}::interval) returning id`.execute(db);
  return rows[0]!.id;
}
const row = (id: string) => db.selectFrom('mails').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

describe('a recipient that is refused', () => {
  it.each([
    ['when it is named', 'rcpt-550.ann@x.test', /^550 /],
    ['at the end of the message', 'data-554.ann@x.test', /^554 /],
  ])('for good %s: noted with the server’s words, tried no more, and listed', async (_, recipient, words) => {
    const id = await mailTo(recipient);
    expect(await deliver(db, mailer, id)).toBe('refused');
    expect(await row(id)).toMatchObject({ sent_at: null, refused_at: expect.any(Date), refusal: expect.stringMatching(words) });
    const { length } = await catcher.store.list(recipient);
    expect([await deliver(db, mailer, id), (await catcher.store.list(recipient)).length]).toEqual(['refused', length]);
    await sql`update mails set tried_at = null, created_at = now() - interval '1 hour' where id = ${id}::uuid`.execute(db);
    expect(await announcedBySweep(id)).toBe(false);
    expect((await undelivered(db, { limit: 10 })).map((m) => [m.id, m.channel, m.recipient])).toContainEqual([id, 'mail', recipient]);
  });

  it.each(['rcpt-450.ann@x.test', 'data-451.ann@x.test'])('for now (%s): thrown, and still owed', async (recipient) => {
    const id = await mailTo(recipient);
    await expect(deliver(db, mailer, id)).rejects.toThrow(/^.*45[01]/);
    expect(await row(id)).toMatchObject({ sent_at: null, refused_at: null });
  });

  it('for three days: given up by the sweep, and never begun again', async () => {
    const id = await mailTo('rcpt-450.bob@x.test', '73 hours');
    const young = await mailTo('rcpt-450.cat@x.test', '71 hours');
    expect([await announcedBySweep(id), await announcedBySweep(young)]).toEqual([false, true]);
    expect(await row(id)).toMatchObject({ refused_at: expect.any(Date), refusal: 'No mail server took it within three days.' });
    expect(await row(young)).toMatchObject({ refused_at: null });
    expect(await announcedBySweep(id)).toBe(false);
  });
});

async function announcedBySweep(id: string): Promise<boolean> {
  await sweep(db);
  return !!(await db.selectFrom('outbox').select('id').where('subject_id', '=', id).executeTakeFirst());
}

it('mails that wait and mails that were refused are counted apart', async () => {
  const before = await countTroubled(db);
  await mailTo('fresh@x.test');
  await mailTo('waits@x.test', '6 minutes');
  await deliver(db, mailer, await mailTo('rcpt-550.dan@x.test', '6 minutes'));
  expect(await countTroubled(db)).toEqual({ refused: before.refused + 1, waiting: before.waiting + 1 });
});

describe('what is final, by SMTP’s codes', () => {
  it.each<[string, string, boolean]>([
    ['RCPT TO', '550 5.1.1 no such user', true],
    ['RCPT TO', '550 5.1.1 <relay.5.7.1@x.test> unknown', true],
    ['RCPT TO', '552 5.2.2 mailbox full', true],
    ['DATA', '554 5.6.0 message refused', true],
    ['RCPT TO', '450 4.2.1 greylisted', false],
    ['DATA', '452 4.3.1 no space', false],
    // Ours to mend: another recipient would fare no better.
    ['RCPT TO', '550 5.7.1 relaying denied', false],
    ['RCPT TO', '554 Relay access denied', false],
    ['MAIL FROM', '550 5.1.8 sender domain not found', false],
    ['AUTH PLAIN', '535 5.7.8 authentication failed', false],
    ['RCPT TO', '530 5.7.0 must issue a STARTTLS command first', false],
    ['CONN', '554 no SMTP service here', false],
  ])('%s %s', (command, response, final) => {
    const error = Object.assign(new Error(response), { command, response, responseCode: Number(response.slice(0, 3)) });
    expect(finalRefusal(error) !== undefined).toBe(final);
  });
  it('an address that no server can be asked for is final', async () => {
    const id = await mailTo('ann\r\nRCPT TO:<bob@x.test>');
    expect(await deliver(db, mailer, id)).toBe('refused');
  });
  it('no answer at all is passing', () => {
    expect(finalRefusal(Object.assign(new Error('Connection timeout'), { code: 'ETIMEDOUT', command: 'CONN' }))).toBeUndefined();
  });
});

describe('whose mail it is', () => {
  it.each([
    ['Billetter <tickets@opera.example>', 'Billetter <tickets@opera.example>'],
    ['tickets@opera.example', 'tickets@opera.example'],
    ['Opera: Box Office <tickets@opera.example>', '"Opera: Box Office" <tickets@opera.example>'],
    ['"Opera, Box Office" <tickets@opera.example>', '"Opera, Box Office" <tickets@opera.example>'],
    ['Opéra de Łódź <tickets@opera.example>', '=?UTF-8?'],
  ])('%s', async (text, wire) => {
    const own = from(text);
    const id = await mailTo(`to-${Date.now()}-${Math.random()}@x.test`);
    expect(await deliver(db, own, id)).toBe('sent');
    own.close();
    const [message] = await catcher.store.list((await row(id)).recipient);
    const source = catcher.store.source(message!.id)!.toString();
    expect(/^From: (.*)$/m.exec(source)![1]).toContain(wire);
    expect(source).toMatch(/^Auto-Submitted: auto-generated$/im);
    expect(source).toContain(`<${id}@opera.example>`);
  });

  it.each([
    'Opera',
    'a@x.example, b@x.example',
    'A <a@x.example>, B <b@x.example>',
    'Opera <nobody>',
    'x <a@b.example>\r\nBcc: c@d.example',
  ])('refuses to start with %j', (text) => {
    expect(() => loadConfig({ NODE_ENV: 'test', MAIL_FROM: text })).toThrow(/MAIL_FROM.*one mailbox/);
  });
});

it('keeps its connection from one mail to the next', async () => {
  let connections = 0;
  const between = createServer((socket) => {
    connections++;
    const server = connectTo(catcher.smtpPort, '127.0.0.1');
    socket.pipe(server).pipe(socket);
    socket.on('error', () => server.destroy());
    server.on('error', () => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(between, 'listening');
  const { port } = between.address() as AddressInfo;
  const keeping = smtpMailer({ ...loadConfig({ NODE_ENV: 'test' }).mail, smtpUrl: `smtp://127.0.0.1:${port}` });
  for (let i = 0; i < 5; i++) expect(await deliver(db, keeping, await mailTo(`kept${i}@x.test`))).toBe('sent');
  expect(connections).toBe(1);
  keeping.close();
  between.close();
});
