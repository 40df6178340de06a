// The outbox of text messages beside the mail catcher: speaks Twilio's Messages.json, delivers nothing, shows everything.
import { randomBytes } from 'node:crypto';
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import type http from 'node:http';
import { join } from 'node:path';

export type Text = { sid: string; date: string; from: string; to: string; body: string };
export type Answer = { status: number; body: unknown };
export type Texts = ReturnType<typeof openTexts>;

const MAX_TEXTS = 2000;
const MAX_REQUEST = 100_000;
const E164 = /^\+[1-9]\d{6,14}$/;

/** Opens the outbox; with a folder, what an earlier run took is there again. */
export function openTexts(dir?: string, limit = MAX_TEXTS) {
  const file = dir && join(dir, 'texts.jsonl');
  const kept = file ? reread(file).slice(-limit) : [];
  let refuse = 0;
  if (dir) mkdirSync(dir, { recursive: true });
  if (file && kept.length) writeFileSync(file, kept.map(line).join(''));
  return {
    /** Newest first. */
    list: (to?: string): Text[] => kept.filter((t) => !to || t.to === to.trim()).reverse(),
    /** The next n sends are answered with 503, as Twilio's are on a bad day. */
    refuseNext(n: number) {
      refuse = n;
    },
    clear() {
      kept.length = 0;
      if (file) writeFileSync(file, '');
    },
    /** What Twilio would answer to this request, errors too. */
    async take(req: http.IncomingMessage, accountSid: string): Promise<Answer> {
      const form = new URLSearchParams(await read(req));
      const user = Buffer.from((req.headers.authorization ?? '').replace(/^Basic /i, ''), 'base64').toString();
      if (!user.startsWith(`${accountSid}:`) || user.length === accountSid.length + 1) return refusal(401, 20003, 'Authenticate');
      if (refuse > 0) {
        refuse--;
        return refusal(503, 20503, 'Service unavailable (fault switch)');
      }
      const [to, body, from] = [form.get('To'), form.get('Body'), form.get('From') ?? form.get('MessagingServiceSid')];
      if (!to) return refusal(400, 21604, "A 'To' phone number is required.");
      if (!E164.test(to)) return refusal(400, 21211, `Invalid 'To' Phone Number: ${to}`);
      if (!from) return refusal(400, 21603, "A 'From' phone number is required.");
      if (!body) return refusal(400, 21602, 'Message body is required.');
      if (body.length > 1600) return refusal(400, 21617, 'The concatenated message body exceeds the 1600 character limit.');
      const text: Text = { sid: `SM${randomBytes(16).toString('hex')}`, date: new Date().toISOString(), from, to, body };
      kept.push(text);
      if (kept.length > limit) kept.shift();
      if (file) appendFileSync(file, line(text));
      return { status: 201, body: resource(text, accountSid) };
    },
  };
}

const line = (text: Text) => `${JSON.stringify(text)}\n`;

function reread(file: string): Text[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((one) => {
      try {
        return [JSON.parse(one) as Text];
      } catch {
        return []; // the last line, or one half-written when the machine went down
      }
    });
}

async function read(req: http.IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of req) {
    body += chunk;
    if (body.length > MAX_REQUEST) throw new Error('the request is too big');
  }
  return body;
}

const refusal = (status: number, code: number, message: string): Answer => ({
  status,
  body: { code, message, more_info: `https://www.twilio.com/docs/errors/${code}`, status },
});

/** A message as Twilio's API shows it right after it was taken. */
function resource({ sid, date, from, to, body }: Text, account_sid: string) {
  const when = new Date(date).toUTCString().replace('GMT', '+0000');
  const uri = `/2010-04-01/Accounts/${account_sid}/Messages/${sid}.json`;
  const service = from.startsWith('MG');
  return {
    sid,
    account_sid,
    api_version: '2010-04-01',
    to,
    from: service ? null : from,
    messaging_service_sid: service ? from : null,
    body,
    status: 'queued',
    direction: 'outbound-api',
    num_segments: String(Math.ceil(body.length / 153)),
    num_media: '0',
    price: null,
    price_unit: 'USD',
    error_code: null,
    error_message: null,
    date_created: when,
    date_updated: when,
    date_sent: null,
    uri,
    subresource_uris: { media: uri.replace('.json', '/Media.json') },
  };
}
