// The letter that asks whether an address is its reader's. It belongs to no order.
import { TOKEN_DAYS } from '../../accounts/tokens.ts';
import { localTime } from '../../shared/time.ts';
import { type Letter, page } from './letter.ts';

/** It repeats nothing of the sign-up: whoever signs up could send words of theirs to anybody. */
export const verifyEmail: Letter = {
  kind: 'verify-email',
  of: 'none',
  write: (data: { seed: string; page: string; signedUpAt: string }, { tokenOf }) =>
    page('Please confirm your e-mail address', 'Hello,', [
      `somebody, hopefully you, signed up with this address on ${localTime(data.signedUpAt, null)}. If it was you, open this page and confirm it there:`,
      // After the #, so that it stands in no log of a server on the way.
      `${data.page}#${tokenOf(data.seed)}`,
      `The link is good for ${TOKEN_DAYS} days. It makes the password of that sign-up the account's.`,
      'If it was not you, do nothing: nobody can sign in with this address as long as it is not confirmed.',
    ]),
};
