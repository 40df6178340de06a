// Structured logs of every process, with a fence against secrets.
import { type DestinationStream, pino } from 'pino';

export type Log = Pick<ReturnType<typeof pino>, 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'flush'> & {
  /** The same log without redaction, which costs more than the line itself: only for lines whose every field is known to be harmless. */
  plain: Pick<ReturnType<typeof pino>, 'debug' | 'info' | 'error'>;
};

// Bodies and headers are never logged; these are the second fence, for whatever an error or a careless line may carry.
const SECRET_KEYS = [
  'authorization',
  'cookie',
  '["set-cookie"]',
  'password',
  'password_hash',
  'old_password',
  'new_password',
  'token',
  'access_token',
  'refresh_token',
  'refresh',
  'client_secret',
  'clientSecret',
  'secret',
  'cvc',
  'card',
  'payment_details',
];
/** At most so many bytes wait for an output that takes nothing now (a full disk, a reader that stands still); lines past it are lost. */
const MAX_KEPT = 16 * 1024 * 1024;
/** Lines are written together: each write of its own costs more than making the line. A process that is killed loses those of so long. */
const TOGETHER = { minLength: 8 * 1024, periodicFlush: 250 };

const prefixed = (prefix: string) => SECRET_KEYS.map((key) => (key.startsWith('[') ? `${prefix}${key}` : `${prefix}.${key}`));

/** Opens the log. Errors are written as type, message, code and stack only: their other fields quote rows and requests. */
export function createLog(level: string, name: string, destination?: DestinationStream): Log {
  const stream = destination ?? outliving(pino.destination({ sync: false, maxLength: MAX_KEPT, ...TOGETHER }));
  const options = { level, base: { service: name }, serializers: { err: plainError } };
  const redact = { paths: [...SECRET_KEYS, ...prefixed('*'), ...prefixed('*.*')], censor: '[redacted]' };
  return Object.assign(pino({ ...options, redact }, stream), { plain: pino(options, stream) });
}

/**
 * A disk that is full, or a reader that went away, loses lines and ends nothing: a payment may be under way. It keeps nothing from ending
 * either: in process.exit() pino writes what is left, and tries again for ever where that fails.
 */
function outliving(stream: ReturnType<typeof pino.destination>) {
  let takes = true;
  stream.on('error', () => {
    takes = false;
  });
  stream.on('write', () => {
    takes = true;
  });

  const { flushSync } = stream;
  stream.flushSync = () => {
    if (takes) flushSync.call(stream);
  };
  return stream;
}

function plainError(err: unknown) {
  if (!(err instanceof Error)) return { message: String(err) };
  const cause = err.cause instanceof Error ? err.cause.message : undefined;
  return { type: err.name, message: err.message, code: (err as { code?: unknown }).code, stack: err.stack, cause };
}
