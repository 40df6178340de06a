// Sends the text messages of services/outbox/texts.ts, through Twilio or the local outbox that answers like it.
import type { Kysely } from 'kysely';
import type { DB } from '../../db/tables.ts';
import * as texts from '../outbox/texts.ts';
import { invalidField, isRefusal } from '../shared/errors.ts';
import { proxyAgent } from '../shared/proxies.ts';
import type { Delivery } from './mailer.ts';
import { finalRefusal } from './twilio.ts';

/** What the core needs of a provider of text messages. An error that another try cannot mend is DomainError invalid. */
export type SmsProvider = { name: string; send(text: { to: string; body: string }): Promise<{ ref: string }> };

export type SmsSettings = { accountSid: string; authToken: string; from: string; apiUrl: string | undefined };

const TWILIO = 'https://api.twilio.com';
const SEND_MS = 15_000;

/**
 * Twilio through its own library, which is loaded with the first text: it costs half a second and 30 MB. `apiUrl` sends the
 * library's requests elsewhere (the local outbox); everything else stays the same.
 */
export function twilioSms(settings: SmsSettings): SmsProvider {
  const { from } = settings;
  const sender = from.startsWith('MG') ? { messagingServiceSid: from } : { from };
  let client: ReturnType<typeof twilioClient> | undefined;
  return {
    name: 'twilio',
    async send({ to, body }) {
      client ??= twilioClient(settings);
      try {
        const message = await (await client).messages.create({ to, body, ...sender });
        return { ref: message.sid };
      } catch (error) {
        const refusal = finalRefusal(error);
        throw refusal === undefined ? error : invalidField('phone', refusal);
      }
    },
  };
}

async function twilioClient({ accountSid, authToken, apiUrl }: SmsSettings) {
  const [{ default: twilio }, { default: RequestClient }] = await Promise.all([
    import('twilio'),
    import('twilio/lib/base/RequestClient.js'),
  ]);
  const http = new RequestClient({ timeout: SEND_MS });
  const agent = proxyAgent(apiUrl ?? TWILIO);
  if (agent) http.axios.defaults.httpsAgent = agent;
  const request = http.request.bind(http);
  if (apiUrl) http.request = (options) => request({ ...options, uri: options.uri.replace(TWILIO, apiUrl) });
  return twilio(accountSid, authToken, { httpClient: http });
}

/**
 * Sends one text, if it has not been sent before. One that is refused for good is noted, and counts as seen to. Throws where another try may
 * help. Twilio has no idempotency key, so after a crash between its answer and our note the text is sent again.
 */
export async function deliver(db: Kysely<DB>, provider: SmsProvider, textId: string): Promise<Delivery> {
  const text = await texts.startTry(db, textId);
  if (!text) return 'sent before';
  if (text.failed_at) return 'refused';
  try {
    const { ref } = await provider.send({ to: text.recipient, body: text.body });
    await texts.sent(db, textId, ref);
    return 'sent';
  } catch (error) {
    if (!isRefusal(error, 'invalid')) throw error;
    await texts.gaveUp(db, textId, error.message);
    return 'refused';
  }
}
