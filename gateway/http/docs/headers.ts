// The headers that the frame itself reads and writes, as the document names them.
import { z } from 'zod';
import { KEY } from '../steps/idempotency.ts';

const header = <T extends z.ZodType>(schema: T, id: string, description: string) => schema.optional().meta({ description, header: { id } });

/** Of every answer where calls are counted. */
export const RATE_HEADERS = {
  'X-RateLimit-Limit': header(z.int().min(0), 'RateLimitLimit', 'How many calls the window allows.'),
  'X-RateLimit-Remaining': header(z.int().min(0), 'RateLimitRemaining', 'How many of them are left.'),
  'X-RateLimit-Reset': header(z.int().min(0), 'RateLimitReset', 'When the window ends, in seconds since 1970.'),
};

export const RETRY_AFTER = header(z.int().min(1), 'RetryAfter', 'After how many seconds to try again.');

export const WWW_AUTHENTICATE = header(z.string(), 'WwwAuthenticate', 'How to prove who calls.');

/** Of routes that take an Idempotency-Key. */
export const REPLAYED = header(z.literal('true'), 'IdempotentReplayed', 'There when this is the kept answer of an earlier request.');

export const IDEMPOTENCY = z.object({
  'Idempotency-Key': z
    .string()
    .regex(KEY)
    .optional()
    .meta({
      description: 'Sent again with the same request within 24 hours it gets the same answer, and nothing is done twice.',
      example: 'unique-request-id-123',
      param: { id: 'IdempotencyKey' },
    }),
});
