// The letter to somebody whose address was signed up with although it has an account. It belongs to no order.
import { type Letter, page } from './letter.ts';

export const alreadyRegistered: Letter = {
  kind: 'already-registered',
  of: 'none',
  write: ({ signIn }: { signIn: string }) =>
    page('You already have an account', 'Hello,', [
      'somebody, hopefully you, has just tried to sign up with this address. It has an account already, which stays as it is.',
      `Sign in with this address and the password you chose: ${signIn}`,
      'If it was not you, you need not do anything: whoever it was has not been told that you have an account.',
    ]),
};
