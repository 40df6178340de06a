// The mail catcher, as nodemailer and a test's HTTP client see it.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import nodemailer, { type SendMailOptions } from 'nodemailer';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Catcher, startMailCatcher } from '../../standins/mail/catcher.ts';

let catcher: Catcher;
beforeEach(async () => {
  catcher = await startMailCatcher({ smtpPort: 0, httpPort: 0 });
});
afterEach(() => catcher.stop());

const send = (mail: SendMailOptions, to = catcher) => {
  const transport = nodemailer.createTransport({ host: '127.0.0.1', port: to.smtpPort, ignoreTLS: true });
  return transport.sendMail({ from: 'Billetter <tickets@billetter.test>', ...mail }).finally(() => transport.close());
};
const api = async (path: string, init?: RequestInit) => (await fetch(`${catcher.url}/api${path}`, init)).json() as any;

describe('messages', () => {
  test('a message is listed with its parts, for its addressee only', async () => {
    const content = Buffer.from('%PDF-1.7 not really');
    await send({
      to: '"Ann" <ann@example.test>',
      subject: 'Your tickets: Ø & <b>',
      text: 'Enjoy',
      html: '<p>Enjoy</p>',
      attachments: [{ filename: 'ticket A-1.pdf', content, contentType: 'application/pdf' }],
    });
    await send({ to: 'bob@example.test', subject: 'Other', text: 'x' });
    const found = await api('/messages?to=ANN@example.test');
    expect(found).toEqual([
      {
        id: expect.any(String),
        date: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
        from: 'Billetter <tickets@billetter.test>',
        to: ['ann@example.test'],
        subject: 'Your tickets: Ø & <b>',
        text: expect.stringContaining('Enjoy'),
        html: expect.stringContaining('<p>Enjoy</p>'),
        attachments: [{ filename: 'ticket A-1.pdf', contentType: 'application/pdf', size: content.length }],
      },
    ]);
    const file = await fetch(`${catcher.url}/api/messages/${found[0].id}/attachments/${encodeURIComponent('ticket A-1.pdf')}`);
    expect(file.headers.get('content-type')).toBe('application/pdf');
    expect(Buffer.from(await file.arrayBuffer())).toEqual(content);
    expect(await api(`/messages/${found[0].id}`)).toEqual(found[0]);
  });

  test('the newest comes first, a blind copy is found, DELETE empties', async () => {
    await send({ to: 'a@x.test', subject: '1', text: '1' });
    await send({ to: 'a@x.test', bcc: 'hidden@x.test', subject: '2', text: '2' });
    expect((await api('/messages')).map((m: any) => m.subject)).toEqual(['2', '1']);
    expect((await api('/messages?to=hidden@x.test')).map((m: any) => m.subject)).toEqual(['2']);
    await api('/messages', { method: 'DELETE' });
    expect(await api('/messages')).toEqual([]);
  });

  test('two attachments of one name can both be fetched; unknown ones are 404', async () => {
    await send({
      to: 'a@x.test',
      subject: 's',
      attachments: [
        { filename: 't.txt', content: 'one' },
        { filename: 't.txt', content: 'two' },
      ],
    });
    const [message] = await api('/messages');
    const bodies = await Promise.all(
      message.attachments.map(async (a: any) =>
        (await fetch(`${catcher.url}/api/messages/${message.id}/attachments/${a.filename}`)).text(),
      ),
    );
    expect(bodies).toEqual(['one', 'two']);
    for (const path of [`/messages/${message.id}/attachments/no.txt`, '/messages/nobody', '/nothing', '/messages/%E0%A4%A/attachments/x'])
      expect((await fetch(`${catcher.url}/api${path}`)).status).toBe(404);
  });

  test('only the newest are kept', async () => {
    const small = await startMailCatcher({ smtpPort: 0, httpPort: 0, limit: 3 });
    try {
      for (let i = 1; i <= 5; i++) await send({ to: 'a@x.test', subject: String(i), text: 'x' }, small);
      expect((await small.store.list()).map((m) => m.subject)).toEqual(['5', '4', '3']);
    } finally {
      await small.stop();
    }
  });

  test('with a folder, messages and attachments outlive a restart', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'mail-'));
    const first = await startMailCatcher({ smtpPort: 0, httpPort: 0, dataDir });
    await send({ to: 'a@x.test', subject: 'kept', text: 'x', attachments: [{ filename: 'a.txt', content: 'hello' }] }, first);
    await first.stop();
    const second = await startMailCatcher({ smtpPort: 0, httpPort: 0, dataDir });
    try {
      const [message] = await second.store.list();
      expect(message!.subject).toBe('kept');
      expect((await second.store.attachment(message!.id, 'a.txt'))!.content.toString()).toBe('hello');
    } finally {
      await second.stop();
      rmSync(dataDir, { recursive: true });
    }
  });
});

describe('faults', () => {
  test('refuse: the next n deliveries get 451, then all is well', async () => {
    await api('/faults', { method: 'POST', body: JSON.stringify({ refuse: 2 }) });
    for (let i = 0; i < 2; i++) await expect(send({ to: 'a@x.test', text: 'x' })).rejects.toMatchObject({ responseCode: 451 });
    expect(await api('/messages')).toEqual([]);
    await send({ to: 'a@x.test', text: 'x' });
    expect(await api('/messages')).toHaveLength(1);
  });

  test('nonsense is refused', async () => {
    for (const body of ['{', '{"refuse":-1}', '{"refuse":"x"}'])
      expect((await fetch(`${catcher.url}/api/faults`, { method: 'POST', body })).status).toBe(400);
  });
});

test('the page is served and shows html only in a frame without scripts', async () => {
  const page = await (await fetch(`${catcher.url}/`)).text();
  expect(page).toContain("sandbox: 'allow-popups'");
  expect(page).not.toContain('allow-scripts');
});
