// The secrets of webhooks: made here, shown once, kept so that we can sign with them, and the signatures made with them.
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { Webhook } from 'standardwebhooks';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Names the form, so that another may follow. */
const FORM = 'v1';

/** Closes and opens secrets. They cannot be digests, as passwords are: signing needs the secret itself. */
export type SecretBox = { close(secret: string, endpoint: string): string; open(closed: string, endpoint: string): string };

/**
 * A box whose key is derived from a setting, so that a copy of the database alone lets nobody sign in our name. AES-256-GCM also notices a
 * changed text; the endpoint's id goes into it, so that no secret passes for another endpoint's. The key comes by HKDF because a setting is
 * a text of any length; its label keeps it apart from whatever else that setting may ever be used for.
 */
export function secretBox(setting: string): SecretBox {
  const key = Buffer.from(hkdfSync('sha256', setting, '', 'billetter webhook secrets', 32));
  return {
    close(secret, endpoint) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, nonce).setAAD(Buffer.from(endpoint));
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return `${FORM}.${Buffer.concat([nonce, text, cipher.getAuthTag()]).toString('base64url')}`;
    },
    open(closed, endpoint) {
      const [form, packed = ''] = closed.split('.');
      const bytes = Buffer.from(packed, 'base64url');
      if (form !== FORM || bytes.length < NONCE_BYTES + TAG_BYTES) throw new Error('not a closed secret');
      const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, NONCE_BYTES)).setAAD(Buffer.from(endpoint));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      return decipher.update(bytes.subarray(NONCE_BYTES, -TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
    },
  };
}

/** A new secret, as the Standard Webhooks specification writes them: 32 random bytes. */
export const newSecret = (): string => `whsec_${randomBytes(32).toString('base64')}`;

/** The headers of one try: the same id at every try, the time of this one, a signature by each secret (more than one after a rotation). */
export function signed(id: string, body: string, secrets: string[], now: Date): Record<string, string> {
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
    'webhook-signature': secrets.map((secret) => new Webhook(secret).sign(id, now, body)).join(' '),
  };
}
