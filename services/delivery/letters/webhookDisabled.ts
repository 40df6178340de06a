// The letter to the owner of a webhook that gets no deliveries any more. It belongs to no order.
import { localTime } from '../../shared/time.ts';
import { type Letter, page } from './letter.ts';

const WHY = {
  gone: 'It answered 410 Gone, which means that it wants no deliveries any more.',
  failing: 'For three days no delivery to it has succeeded, however often we tried.',
};

/** What was answered at last is not in the letter: it comes from somebody else's server. The log of deliveries has it. */
export const webhookDisabled: Letter = {
  kind: 'webhook-disabled',
  of: 'none',
  write: (data: { url: string; endpoint: string; because: keyof typeof WHY; at: string; lost: number }) =>
    page(
      'Your webhook was switched off',
      'Hello,',
      [
        `your webhook ${data.url} gets nothing from us since ${localTime(data.at, null)}.`,
        WHY[data.because],
        ...(data.lost
          ? [`${data.lost === 1 ? 'One delivery was' : `${data.lost} deliveries were`} given up. The log keeps them for 30 days.`]
          : []),
        'Once it answers again, resume it through the API: what happens from then on is delivered, and what was given up can be replayed.',
      ],
      [`Webhook ${data.endpoint}`],
    ),
};
