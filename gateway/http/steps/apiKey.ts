// The scheme of API keys in the Authorization header. Programs send them, no browser by itself.
import { looksLikeKey } from '../../../services/accounts/apiKeys.ts';
import type { KeyCaller } from '../../../services/accounts/verified.ts';
import { DomainError } from '../../../services/shared/errors.ts';
import type { Scheme } from './auth.ts';
import { bearer } from './bearer.ts';

/** `Authorization: Bearer <api key>`; `verify` tells whose key it is, or throws. */
export const apiKey = (verify: (key: string) => Promise<KeyCaller>): Scheme => ({
  ...bearer(async (text) => {
    if (!looksLikeKey(text)) throw new DomainError('token_invalid', 'This is not an API key: send Authorization: Bearer <api key>.');
    return verify(text);
  }),
  security: { apiKey: { type: 'http', scheme: 'bearer', description: 'An API key of an organizer, as bk_live_….' } },
  hint: 'Authorization: Bearer <api key>',
});
