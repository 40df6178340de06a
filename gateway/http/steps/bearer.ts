// The scheme of access tokens in the Authorization header. No browser sends them by itself.
import { DomainError } from '../../../services/shared/errors.ts';
import type { Caller, Scheme } from './auth.ts';

/** `Authorization: Bearer <token>`; `verify` tells whose token it is, or throws. */
export const bearer = (verify: (token: string) => Promise<Caller>): Scheme => ({
  challenges: ['Bearer'],
  security: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT', description: 'The access token.' } },
  hint: 'Authorization: Bearer <access_token>',
  ambient: false,
  of({ req }) {
    const header = req.headers.authorization;
    if (!header) return undefined;
    return {
      ambient: false,
      async verify() {
        const match = /^Bearer +(\S+)$/i.exec(header);
        if (!match) throw new DomainError('token_invalid', 'The Authorization header is not a bearer token.');
        return verify(match[1]!);
      },
    };
  },
});
