// Whether a webhook is Billetter's: the Standard Webhooks scheme (https://www.standardwebhooks.com).
import { createHmac, timingSafeEqual } from 'node:crypto';
import { WebhookVerificationFailed } from './errors';
import type { WebhookPayload } from './types';

const SECRET_PREFIX = 'whsec_';
const TOLERANCE_SECONDS = 300;

/** Headers as fetch, Node or a framework has them. */
export type WebhookHeaders = Headers | Record<string, string | string[] | undefined>;

/**
 * The payload of a webhook that was signed with the secret (`whsec_…`) within the last five minutes.
 * `payload` is the body as it came, before any parsing. Throws WebhookVerificationFailed for any other.
 */
export function verifyWebhook(payload: string | Uint8Array, headers: WebhookHeaders, secret: string): WebhookPayload {
  const [id, timestamp, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => header(headers, name));
  if (!id || !timestamp || !signatures) throw new WebhookVerificationFailed('A header of the signature is missing.');
  if (!/^\d+$/.test(timestamp) || Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_SECONDS)
    throw new WebhookVerificationFailed('It was not signed within the last five minutes.');

  const key = Buffer.from(secret.startsWith(SECRET_PREFIX) ? secret.slice(SECRET_PREFIX.length) : secret, 'base64');
  if (!key.length) throw new TypeError('secret must be the whsec_… that the webhook was made with');
  const body = Buffer.from(payload);
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  // While a secret is being rotated there is a signature by each.
  const good = signatures.split(' ').some((one) => one.startsWith('v1,') && same(Buffer.from(one.slice(3), 'base64'), expected));
  if (!good) throw new WebhookVerificationFailed('No signature is by this secret.');
  return JSON.parse(body.toString('utf8'));
}

const same = (one: Buffer, other: Buffer): boolean => one.length === other.length && timingSafeEqual(one, other);

// Not by instanceof: a framework may bring a class of its own.
const isHeaders = (headers: WebhookHeaders): headers is Headers => typeof headers.get === 'function';

function header(headers: WebhookHeaders, name: string): string | undefined {
  if (isHeaders(headers)) return headers.get(name) ?? undefined;
  const value = Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  return Array.isArray(value) ? value[0] : value;
}
