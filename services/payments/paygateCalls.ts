// How the contest's payment gateway is called: JSON over POST, proven by a token, bounded in time and size.
import { createHash } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { z } from 'zod';
import { DomainError } from '../shared/errors.ts';
import { proxyAgent } from '../shared/proxies.ts';

export type PaygateSettings = { url: string; team: string; password: string; timeoutMs: number };

/** A payment as `check` tells it. `amount` in minor units; some gateways send the order's number as text, some as a number. */
export type Told = z.output<typeof Told>;

const Told = z.object({
  paymentId: z.string(),
  orderId: z.coerce.string(),
  status: z.string(),
  amount: z.number(),
  currency: z.string(),
  /** When its status changed last, if the gateway says so. */
  updatedAt: z.string().optional(),
});

/** The gateway's documents show both: the payment itself, and a list of one. */
const Checked = z.union([z.object({ payments: z.tuple([Told], z.unknown()) }).transform(({ payments }) => payments[0]), Told]);
const Opened = z.object({ paymentId: z.string(), paymentURL: z.url({ protocol: /^https?$/ }) });

/** What is asked for by a new payment: the values of its token, and addresses. */
export type Init = {
  amount: number;
  currency: string;
  orderId: string;
  description: string;
  successURL: string;
  failURL: string;
  notificationURL: string;
};

export type Paygate = {
  init(asked: Init): Promise<z.output<typeof Opened>>;
  /** Undefined: the gateway has no such payment. */
  check(paymentId: string): Promise<Told | undefined>;
  confirm(paymentId: string, amount: number): Promise<void>;
  /** Cancels, lets go or returns the whole of it, by what the payment is. */
  cancel(paymentId: string, reason: string): Promise<void>;
};

/** What the gateway refuses, in its own words. Asked again it says the same. */
export class Refused extends Error {
  readonly errorCode: string;
  readonly status: number;

  constructor(status: number, errorCode: string, message: string) {
    super(message);
    this.status = status;
    this.errorCode = errorCode;
  }
}

const MAX_ANSWER_BYTES = 256 * 1024;

/**
 * Opens it. Each call throws Refused for what the gateway says no to, and DomainError payment_unavailable where the outcome is unknown:
 * no answer in time, one that is none, or a fault of the gateway's (5xx), after which the call may have taken effect all the same.
 */
export function paygate({ url, team, password, timeoutMs }: PaygateSettings): Paygate {
  const post = (path: string, token: string, fields: object) =>
    send(new URL(`/api/v1/${path}`, url), { teamSlug: team, token, ...fields }, timeoutMs);
  const about = (paymentId: string) => tokenOf(paymentId, password, team);

  return {
    async init(asked) {
      const token = tokenOf(asked.amount, asked.currency, asked.orderId, password, team);
      return read(Opened, await post('PaymentInit/init', token, asked));
    },
    async check(paymentId) {
      try {
        return read(Checked, await post('PaymentCheck/check', about(paymentId), { paymentId }));
      } catch (error) {
        if (error instanceof Refused && (error.status === 404 || error.errorCode === NOT_FOUND)) return undefined;
        throw error;
      }
    },
    async confirm(paymentId, amount) {
      await post('PaymentConfirm/confirm', about(paymentId), { paymentId, amount });
    },
    async cancel(paymentId, reason) {
      await post('PaymentCancel/cancel', about(paymentId), { paymentId, reason });
    },
  };
}

const NOT_FOUND = '1007';

/** The hex SHA-256 of the values as they are when joined, in the alphabetical order of their names. */
export const tokenOf = (...values: (string | number)[]): string => createHash('sha256').update(values.join('')).digest('hex');

/** The refusal for an outcome that is not known. */
export const unavailable = (reason: string): DomainError =>
  new DomainError('payment_unavailable', 'The payment gateway did not answer; the outcome will be found out.', {
    provider: 'paygate',
    reason,
  });

function read<S extends z.ZodType>(schema: S, answer: unknown): z.output<S> {
  const parsed = schema.safeParse(answer);
  if (!parsed.success) throw unavailable(`an answer that cannot be read: ${parsed.error.issues[0]?.path.join('.')}`);
  return parsed.data;
}

async function send(to: URL, fields: object, timeoutMs: number): Promise<unknown> {
  const { status, text } = await exchange(to, JSON.stringify(fields), AbortSignal.timeout(timeoutMs)).catch((error: Error) => {
    throw unavailable((error as NodeJS.ErrnoException).code ?? error.name);
  });
  const answer = parse(text);
  if (status >= 500 || status === 429) throw unavailable(`answered ${status}`);
  if (status >= 400 || answer?.success === false)
    throw new Refused(status, String(answer?.errorCode ?? ''), String(answer?.message ?? `The payment gateway answered ${status}.`));
  return answer;
}

function parse(text: string): { success?: unknown; errorCode?: unknown; message?: unknown } | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** One POST, over the proxy that the environment names. Node's own fetch knows none. */
function exchange(to: URL, body: string, signal: AbortSignal): Promise<{ status: number; text: string }> {
  const headers = { 'content-type': 'application/json', accept: 'application/json', 'content-length': Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    const client = to.protocol === 'https:' ? https : http;
    const request = client.request(to, { method: 'POST', headers, agent: proxyAgent(to.href), signal }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (part: string) => {
        text += part;
        if (text.length > MAX_ANSWER_BYTES) request.destroy(new Error('an answer too long'));
      });
      answer.on('end', () => resolve({ status: answer.statusCode!, text }));
      answer.on('error', reject);
    });
    request.on('error', reject);
    request.end(body);
  });
}
