// Sends the text messages of services/outbox/texts.ts, through Twilio or the local outbox that answers like it.
import type { Kysely } from 'kysely';
import type { DB } from '../../db/tables.ts';
import * as texts from '../outbox/texts.ts';
import { DomainError, invalidField } from '../shared/errors.ts';

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
        throw isFinal(error) ? invalidField('phone', `Twilio refuses the text: ${(error as Error).message}`) : error;
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
  const request = http.request.bind(http);
  if (apiUrl) http.request = (options) => request({ ...options, uri: options.uri.replace(TWILIO, apiUrl) });
  return twilio(accountSid, authToken, { httpClient: http });
}

/** Most 4xx say that this text can never be sent (no such number, the owner wants no texts). Wrong keys and rate limits can be mended, so those are tried again. */
function isFinal(error: unknown): boolean {
  const status = (error as { status?: unknown }).status;
  return typeof status === 'number' && status >= 400 && status < 500 && ![401, 403, 408, 429].includes(status);
}

/**
 * Sends one text, if it has not been sent before; returns whether it did. Twilio has no idempotency key, so after a crash between its
 * answer and our note the text is sent again.
 */
export async function deliver(db: Kysely<DB>, provider: SmsProvider, textId: string): Promise<boolean> {
  const text = await texts.startTry(db, textId);
  if (!text) return false;
  const { ref } = await provider.send({ to: text.recipient, body: text.body }).catch(async (error) => {
    if (error instanceof DomainError) await texts.gaveUp(db, textId, error.message);
    throw error;
  });
  await texts.sent(db, textId, ref);
  return true;
}
