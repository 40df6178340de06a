// Every setting of every process, read once from the environment, validated, frozen. Mains call loadConfig() and hand the parts down.
import { z } from 'zod';

/** Secrets the local stack uses when none are given. Production refuses to start on any of them. */
export const DEV_SECRETS = {
  JWT_SECRET: 'billetter-development-jwt-secret-not-for-production',
  TICKET_SECRET: 'billetter-development-ticket-secret-not-for-production',
  STRIPE_WEBHOOK_SECRET: 'whsec_billetter_development_secret_not_for_production',
  WEBHOOKS_SECRET: 'billetter-development-webhooks-secret-not-for-production',
  PAYGATE_PASSWORD: 'billetter-development-paygate-password',
} as const;

const seconds = (fallback: number, max = 86_400) => z.coerce.number().int().min(1).max(max).default(fallback);
const onOff = (fallback: 'on' | 'off') =>
  z
    .enum(['on', 'off'])
    .default(fallback)
    .transform((v) => v === 'on');

/** One mailbox, `Name <box@host>` or `box@host`. The name is people's own and may have any sign in it; the wire's quoting is the mailer's matter. */
const mailbox = (fallback: string) =>
  z
    .string()
    .default(fallback)
    .transform((text, ctx) => {
      const [, name = '', inAngles] = /^([^<>\r\n]*)<([^<>]*)>$/.exec(text.trim()) ?? [];
      const address = (inAngles ?? text).trim();
      if (/^[^\s@<>(),;:"\\]+@[^\s@<>(),;:"\\.]+(\.[^\s@<>(),;:"\\.]+)*$/.test(address))
        return { name: name.trim().replace(/^"(.*)"$/, '$1'), address };
      ctx.addIssue('must be one mailbox, as Opera: Box Office <tickets@example.org> or tickets@example.org');
      return z.NEVER;
    });

/** What is separated by commas. */
const list = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

/** Origins separated by commas: "https://a.example, https://b.example/". */
const origins = (text: string): string[] => list(text).map((origin) => origin.replace(/\/$/, ''));

/** Event numbers separated by commas, or the word all. */
const eventNumbers = z
  .string()
  .default('')
  .transform((text, ctx): ReadonlySet<number> | 'all' => {
    if (text.trim() === 'all') return 'all';
    const numbers = list(text).map(Number);
    if (numbers.every((number) => Number.isSafeInteger(number) && number > 0)) return new Set(numbers);
    ctx.addIssue('must be event numbers separated by commas, or all');
    return z.NEVER;
  });

const Env = z.object({
  NODE_ENV: z.enum(['development', 'test', 'production']).default('development'),
  LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
  PORT: z.coerce.number().int().min(0).max(65_535).default(8000),
  HOST: z.string().default('0.0.0.0'),
  PUBLIC_URL: z.url().default('http://localhost:8000'),
  TRUST_PROXY: onOff('off'),
  DATABASE_URL: z.string().startsWith('postgres').default('postgres://billetter@localhost:5433/billetter'),
  DATABASE_POOL: z.coerce.number().int().min(1).max(500).default(16),
  TEMPORAL_ADDRESS: z.string().default('localhost:7233'),
  TEMPORAL_NAMESPACE: z.string().default('default'),
  TEMPORAL_UI_URL: z.url().default('http://localhost:8233'),
  WORKFLOW_BUNDLE: z.string().optional(),
  METRICS_PORT: z.coerce.number().int().min(0).max(65_535).default(0),
  JWT_SECRET: z.string().default(DEV_SECRETS.JWT_SECRET),
  TICKET_SECRET: z.string().default(DEV_SECRETS.TICKET_SECRET),
  TICKET_SECRETS_FORMER: z.string().default(''),
  ACCESS_TOKEN_SECONDS: seconds(1800),
  REFRESH_TOKEN_SECONDS: seconds(7 * 86_400, 90 * 86_400),
  STRIPE_SECRET_KEY: z.string().optional(),
  STRIPE_PUBLISHABLE_KEY: z.string().default('pk_test_billetter'),
  STRIPE_WEBHOOK_SECRET: z.string().default(DEV_SECRETS.STRIPE_WEBHOOK_SECRET),
  STRIPE_STANDIN_URL: z.url().optional(),
  STRIPE_TIMEOUT_MS: z.coerce.number().int().min(100).default(20_000),
  PAYGATE_URL: z.url().default('http://localhost:12113'),
  PAYGATE_TEAM: z.string().min(1).default('billetter'),
  PAYGATE_PASSWORD: z.string().default(DEV_SECRETS.PAYGATE_PASSWORD),
  PAYGATE_EVENTS: eventNumbers,
  EVENT_PROVIDER_URL: z.url().optional(),
  EVENT_PROVIDER_TIMEOUT_MS: z.coerce.number().int().min(100).max(10_000).default(4_000),
  SMTP_URL: z.string().default('smtp://localhost:1025'),
  MAIL_FROM: mailbox('Billetter <tickets@billetter.test>'),
  ORDER_CODE_PREFIX: z
    .string()
    .regex(/^[A-Za-z0-9-]{0,10}$/, 'at most 10 letters, digits and dashes: it stands in file names')
    .default('EVT'),
  PAY_PATH: z.string().startsWith('/').includes(':order').default('/api/v1/payments/initiate/:order'),
  TWILIO_ACCOUNT_SID: z.string().startsWith('AC').optional(),
  TWILIO_AUTH_TOKEN: z.string().optional(),
  TWILIO_FROM: z.string().optional(), // a number (+45...) or a messaging service (MG...)
  TWILIO_API_URL: z.url().optional(),
  WEBHOOKS_SECRET: z.string().default(DEV_SECRETS.WEBHOOKS_SECRET),
  WEBHOOKS_LOCAL: z.enum(['on', 'off']).optional(),
  WEBHOOKS_PER_MINUTE: z.coerce.number().int().min(1).max(1_000_000).default(500),
  WAITLIST_OFFER_SECONDS_NEAR: seconds(900, 7 * 86_400),
  WAITLIST_OFFER_SECONDS_FAR: seconds(6 * 3600, 7 * 86_400),
  WAITLIST_NEAR_HOURS: z.coerce.number().int().min(0).max(8760).default(48),
  TRUSTED_ORIGINS: z.string().default(''),
  LIVE_ORIGINS: z.string().default(''),
  LIVE_SOCKETS_PER_ADDRESS: z.coerce.number().int().min(1).default(100),
  LIVE_SOCKETS: z.coerce.number().int().min(1).default(20_000),
  LIVE_BUFFER_BYTES: z.coerce
    .number()
    .int()
    .min(1024)
    .default(1024 * 1024),
  RATE_LIMITS: onOff('on'),
  TEST_ENDPOINTS: onOff('off'),
  HOLD_SECONDS_EVENTLY: seconds(300),
  // Every site: a page gets no more by a bearer token than its user has, and no browser sends one by itself.
  CORS_ORIGINS_EVENTLY: z.string().default('*'),
  HOLD_SECONDS_EASYTICKET: seconds(900),
  CORS_ORIGINS_EASYTICKET: z.string().default('*'),
  HOLD_SECONDS_TICKET_API: seconds(900),
  HOLD_SECONDS_HACKLOAD: seconds(900),
  HACKLOAD_OPEN_BOOKINGS: z.coerce.number().int().min(1).max(1000).default(20),
  HACKLOAD_SEATS_PER_BUYER: z.coerce.number().int().min(1).max(1000).default(50),
  CORS_ORIGINS_TICKET_API: z.string().default('*'),
  SERVICE_FEE_BASIS_POINTS: z.coerce.number().int().min(0).max(10_000).default(500),
  MAX_PLACES_PER_ORDER: z.coerce.number().int().min(1).max(1000).default(50),
});

export type Config = ReturnType<typeof shape>;

function shape(env: z.infer<typeof Env>) {
  return {
    production: env.NODE_ENV === 'production',
    logLevel: env.LOG_LEVEL,
    /** `origins`: other sites whose pages may call with cookies. This one always may; there is no "any". */
    http: {
      port: env.PORT,
      host: env.HOST,
      publicUrl: env.PUBLIC_URL.replace(/\/$/, ''),
      trustProxy: env.TRUST_PROXY,
      origins: origins(env.TRUSTED_ORIGINS),
    },
    database: { url: env.DATABASE_URL, max: env.DATABASE_POOL },
    temporal: { address: env.TEMPORAL_ADDRESS, namespace: env.TEMPORAL_NAMESPACE, uiUrl: env.TEMPORAL_UI_URL, bundle: env.WORKFLOW_BUNDLE },
    metricsPort: env.METRICS_PORT,
    auth: { jwtSecret: env.JWT_SECRET },
    /** What signs tickets' codes; codes that the former secrets signed are good as well. */
    tickets: { secret: env.TICKET_SECRET, former: list(env.TICKET_SECRETS_FORMER) },
    stripe: {
      secretKey: env.STRIPE_SECRET_KEY ?? 'sk_test_standin',
      publishableKey: env.STRIPE_PUBLISHABLE_KEY,
      webhookSecret: env.STRIPE_WEBHOOK_SECRET,
      // No key: the same client talks to the stand-in of the local stack.
      standinUrl: env.STRIPE_SECRET_KEY ? env.STRIPE_STANDIN_URL : (env.STRIPE_STANDIN_URL ?? 'http://localhost:12111'),
      timeoutMs: env.STRIPE_TIMEOUT_MS,
    },
    /** Whose the places of external events are. Without a URL there are no such events. */
    eventProvider: { url: env.EVENT_PROVIDER_URL, timeoutMs: env.EVENT_PROVIDER_TIMEOUT_MS },
    /** The contest's payment gateway. `events`: the numbers of those it serves; Stripe serves the others. */
    paygate: {
      url: env.PAYGATE_URL,
      team: env.PAYGATE_TEAM,
      password: env.PAYGATE_PASSWORD,
      events: env.PAYGATE_EVENTS,
      publicUrl: env.PUBLIC_URL.replace(/\/$/, ''),
      timeoutMs: 10_000,
    },
    /** An order does not know by which API it was made, so what letters call it and where they send to pay are settings of the house. */
    mail: {
      smtpUrl: env.SMTP_URL,
      from: env.MAIL_FROM,
      codePrefix: env.ORDER_CODE_PREFIX,
      // Of the tokens that mails carry: gateways keep their digests, workers write the mails, and both have this secret.
      tokenSecret: env.JWT_SECRET,
      payUrl: `${env.PUBLIC_URL.replace(/\/$/, '')}${env.PAY_PATH}`,
    },
    sms: {
      // Without an account at Twilio the same library talks to the local outbox; production has none, and then offers no texts.
      available: env.NODE_ENV !== 'production' || env.TWILIO_ACCOUNT_SID !== undefined,
      accountSid: env.TWILIO_ACCOUNT_SID ?? 'AC00000000000000000000000000000000',
      authToken: env.TWILIO_AUTH_TOKEN ?? 'local',
      from: env.TWILIO_FROM ?? '+15005550006',
      apiUrl: env.TWILIO_ACCOUNT_SID ? env.TWILIO_API_URL : (env.TWILIO_API_URL ?? 'http://localhost:1080'),
    },
    /** Outgoing webhooks. `key` keeps their secrets; `local`: http and loopback are allowed; `perMinute`: what one account's endpoints are sent. */
    webhooks: {
      key: env.WEBHOOKS_SECRET,
      local: env.WEBHOOKS_LOCAL === undefined ? env.NODE_ENV !== 'production' : env.WEBHOOKS_LOCAL === 'on',
      perMinute: env.WEBHOOKS_PER_MINUTE,
    },
    /** How long an offer to the waitlist stands: `nearSeconds` within `nearHours` of the event, `farSeconds` before. */
    waitlist: {
      nearSeconds: env.WAITLIST_OFFER_SECONDS_NEAR,
      farSeconds: env.WAITLIST_OFFER_SECONDS_FAR,
      nearHours: env.WAITLIST_NEAR_HOURS,
    },
    /** Live seats over WebSocket. `origins`: other sites whose pages may connect, comma separated; * is any. */
    live: {
      origins: origins(env.LIVE_ORIGINS),
      socketsPerAddress: env.LIVE_SOCKETS_PER_ADDRESS,
      sockets: env.LIVE_SOCKETS,
      bufferBytes: env.LIVE_BUFFER_BYTES,
    },
    rateLimits: env.RATE_LIMITS,
    testEndpoints: env.TEST_ENDPOINTS,
    /** What each API decides for itself: how long an order is held unpaid, and how long its sign-ins last. */
    apis: {
      evently: {
        holdSeconds: env.HOLD_SECONDS_EVENTLY,
        origins: origins(env.CORS_ORIGINS_EVENTLY),
        accessSeconds: env.ACCESS_TOKEN_SECONDS,
        refreshSeconds: env.REFRESH_TOKEN_SECONDS,
      },
      /** `feeBasisPoints`: the service fee, in hundredths of a percent of an order's items. */
      easyticket: {
        holdSeconds: env.HOLD_SECONDS_EASYTICKET,
        origins: origins(env.CORS_ORIGINS_EASYTICKET),
        accessSeconds: 300,
        refreshSeconds: 7 * 86_400,
        feeBasisPoints: env.SERVICE_FEE_BASIS_POINTS,
      },
      ticketApi: { holdSeconds: env.HOLD_SECONDS_TICKET_API, origins: origins(env.CORS_ORIGINS_TICKET_API) },
      /** `maxOpen`: unpaid bookings of one buyer at once; `maxPerAccount`: seats of one event that one buyer may have. */
      hackload: {
        holdSeconds: env.HOLD_SECONDS_HACKLOAD,
        maxPlaces: env.MAX_PLACES_PER_ORDER,
        maxOpen: env.HACKLOAD_OPEN_BOOKINGS,
        maxPerAccount: env.HACKLOAD_SEATS_PER_BUYER,
      },
    },
    maxPlacesPerOrder: env.MAX_PLACES_PER_ORDER,
  };
}

/** What production may not run on: one line each, all of them reported together. */
function unsafe(env: z.infer<typeof Env>, given: Set<string>): string[] {
  const lines: string[] = [];
  const secrets = ['JWT_SECRET', 'TICKET_SECRET', 'STRIPE_WEBHOOK_SECRET', 'WEBHOOKS_SECRET'] as const;
  for (const name of secrets) {
    if (env[name] === DEV_SECRETS[name]) lines.push(`${name} is missing or the development default: set a secret of your own`);
    else if (env[name].length < 32) lines.push(`${name} is too short: at least 32 characters`);
  }
  for (const former of list(env.TICKET_SECRETS_FORMER))
    if (former === DEV_SECRETS.TICKET_SECRET || former.length < 32)
      lines.push('TICKET_SECRETS_FORMER has the development default or a secret of less than 32 characters: codes could be forged with it');
  for (const [i, a] of secrets.entries())
    for (const b of secrets.slice(i + 1)) if (env[a] === env[b]) lines.push(`${a} and ${b} are the same secret: each needs its own`);
  for (const name of ['DATABASE_URL', 'PUBLIC_URL', 'SMTP_URL', 'STRIPE_PUBLISHABLE_KEY'] as const)
    if (!given.has(name)) lines.push(`${name} is missing: production has no default for it`);
  if (env.PAYGATE_EVENTS === 'all' || env.PAYGATE_EVENTS.size) {
    for (const name of ['PAYGATE_URL', 'PAYGATE_TEAM'] as const)
      if (!given.has(name)) lines.push(`${name} is missing, but PAYGATE_EVENTS names events that are paid there`);
    if (env.PAYGATE_PASSWORD === DEV_SECRETS.PAYGATE_PASSWORD)
      lines.push('PAYGATE_PASSWORD is missing or the development default: set the password of your team');
  }
  if (!env.STRIPE_SECRET_KEY) lines.push('STRIPE_SECRET_KEY is missing');
  if (env.STRIPE_STANDIN_URL) lines.push('STRIPE_STANDIN_URL is set: the payment stand-in is not for production');
  if (env.TWILIO_API_URL) lines.push('TWILIO_API_URL is set: the local outbox for texts is not for production');
  if (env.WEBHOOKS_LOCAL === 'on') lines.push('WEBHOOKS_LOCAL is on: webhooks to this machine are not for production');
  if (env.TEST_ENDPOINTS) lines.push('TEST_ENDPOINTS is on: test-only endpoints are not for production');
  return lines;
}

/**
 * Reads and validates the configuration. Throws an Error whose message has one plain line per fault
 * (never a value: it could be a secret). Empty strings count as unset, as compose files write them.
 */
export function loadConfig(env: Record<string, string | undefined> = process.env): Config {
  const given = Object.fromEntries(Object.entries(env).filter(([, v]) => v !== ''));
  const parsed = Env.safeParse(given);
  if (!parsed.success) throw new Error(parsed.error.issues.map((i) => `configuration: ${i.path.join('.')}: ${i.message}`).join('\n'));
  const faults = parsed.data.NODE_ENV === 'production' ? unsafe(parsed.data, new Set(Object.keys(given))) : [];
  const twilio = [parsed.data.TWILIO_ACCOUNT_SID, parsed.data.TWILIO_AUTH_TOKEN, parsed.data.TWILIO_FROM];
  if (twilio.some(Boolean) && !twilio.every(Boolean))
    faults.push('TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM go together: set all three or none');
  if (faults.length) throw new Error(faults.map((f) => `configuration: ${f}`).join('\n'));
  return deepFreeze(shape(parsed.data));
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) if (part && typeof part === 'object') deepFreeze(part);
  return Object.freeze(value);
}
