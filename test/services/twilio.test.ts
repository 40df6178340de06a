// Texts through the real library: what Twilio refuses for good is over at once, what is ours to mend is tried again.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Kysely, sql } from 'kysely';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { DB } from '../../db/tables.ts';
import { deliver, type SmsProvider, twilioSms } from '../../services/delivery/sms.ts';
import { freshDatabase } from '../support/database.ts';

let db: Kysely<DB>;
let close: () => Promise<void>;
let server: Server;
let sms: SmsProvider;
const answer = { status: 201, code: 0 };

beforeAll(async () => {
  ({ db, close } = await freshDatabase());
  server = createServer((request, response) => {
    request.resume();
    const body = answer.status === 201 ? { sid: 'SM1' } : { code: answer.code, message: 'No.', status: answer.status };
    response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  sms = twilioSms({ accountSid: `AC${'0'.repeat(32)}`, authToken: 'x', from: '+15005550006', apiUrl });
});
afterAll(async () => {
  server?.close();
  await close?.();
});

async function text(): Promise<string> {
  const { rows } = await sql<{ id: string }>`insert into texts (kind, recipient, body) values ('waitlist-offer', '+4512345678', 'x')
    returning id`.execute(db);
  return rows[0]!.id;
}
const row = (id: string) => db.selectFrom('texts').selectAll().where('id', '=', id).executeTakeFirstOrThrow();

test.each([
  [400, 21211, 'no such number'],
  [400, 21610, 'the owner wants no texts'],
  [400, 21614, 'no mobile phone'],
  [400, 21617, 'too long'],
])('%i, code %i (%s): refused at once, with Twilio’s words', async (status, code) => {
  Object.assign(answer, { status, code });
  const id = await text();
  expect(await deliver(db, sms, id)).toBe('refused');
  expect(await row(id)).toMatchObject({ sent_at: null, failed_at: expect.any(Date), refusal: `Twilio ${code}: No.` });
});

test.each([
  [401, 20003, 'wrong keys'],
  [404, 20404, 'no such account'],
  [400, 21606, 'a sender that is not ours'],
  [400, 21408, 'a country not enabled'],
  [400, 21608, 'a trial account'],
  [429, 20429, 'too many'],
  [503, 20503, 'down'],
])('%i, code %i (%s): thrown, and still owed; taken once it is mended', async (status, code) => {
  Object.assign(answer, { status, code });
  const id = await text();
  await expect(deliver(db, sms, id)).rejects.toThrow();
  expect(await row(id)).toMatchObject({ sent_at: null, failed_at: null });
  Object.assign(answer, { status: 201 });
  expect([await deliver(db, sms, id), await deliver(db, sms, id)]).toEqual(['sent', 'sent before']);
});
