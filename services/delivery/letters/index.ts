// All letters by their kind. A new kind of mail does not compile until it has its letter here.
import type { MailKind } from '../../outbox/mails.ts';
import { alreadyRegistered } from './alreadyRegistered.ts';
import { cancelled } from './cancelled.ts';
import { eventCancelled } from './eventCancelled.ts';
import { eventMoved } from './eventMoved.ts';
import { expiredPayment } from './expiredPayment.ts';
import { holdShortened } from './holdShortened.ts';
import type { Letter } from './letter.ts';
import { paidTwice } from './paidTwice.ts';
import { refunded } from './refunded.ts';
import { tickets } from './tickets.ts';
import { verifyEmail } from './verifyEmail.ts';
import { waitlistCancelled } from './waitlistCancelled.ts';
import { waitlistOffer } from './waitlistOffer.ts';
import { webhookDisabled } from './webhookDisabled.ts';

export const LETTERS: Record<MailKind, Letter> = {
  tickets,
  refunded,
  'expired-payment': expiredPayment,
  'paid-twice': paidTwice,
  cancelled,
  'waitlist-offer': waitlistOffer,
  'event-cancelled': eventCancelled,
  'event-moved': eventMoved,
  'waitlist-cancelled': waitlistCancelled,
  'hold-shortened': holdShortened,
  'verify-email': verifyEmail,
  'already-registered': alreadyRegistered,
  'webhook-disabled': webhookDisabled,
};
