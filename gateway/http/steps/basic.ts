// The scheme of an address and a password with every request (HTTP Basic, RFC 7617). Programs send them, and browsers that asked for them once.
import type { Credentials as Passwords } from '../../../services/accounts/credentials.ts';
import { DomainError } from '../../../services/shared/errors.ts';
import type { Scheme } from './auth.ts';

/** Longer ones are nobody's, and would be hashed for nothing. */
const MAX_LENGTH = 2_000;

/** `Authorization: Basic <base64 of email:password>`, both in UTF-8. */
export const basic = (passwords: Passwords): Scheme => ({
  challenges: ['Basic realm="Billetter", charset="UTF-8"'],
  security: { basic: { type: 'http', scheme: 'basic', description: 'E-mail and password, in UTF-8.' } },
  hint: 'Authorization: Basic with e-mail and password',
  ambient: true,
  programs: true,
  of({ req }) {
    const header = req.headers.authorization;
    if (!header) return undefined;
    const given = read(header);
    return {
      ambient: true,
      dear: () => given !== undefined && !passwords.known(given),
      async verify() {
        if (!given) throw new DomainError('token_invalid', 'The Authorization header is not Basic with e-mail and password.');
        return passwords.verify(given);
      },
    };
  },
});

/** The password is all that follows the first colon: it may have colons itself. */
function read(header: string): { email: string; password: string } | undefined {
  const [, text = ''] = /^Basic +([A-Za-z0-9+/_=-]+) *$/i.exec(header) ?? [];
  if (!text || text.length > MAX_LENGTH) return undefined;
  const pair = Buffer.from(text, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon < 1 || pair.includes('\0')) return undefined;
  return { email: pair.slice(0, colon), password: pair.slice(colon + 1) };
}
