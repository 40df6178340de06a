// The parts a gateway and its workers need (PostgreSQL, Temporal, mail catcher, stand-ins of payments and the event provider) as one private stack; `npm start` and the tests share it.
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DEV_SECRETS } from '../../config.ts';
import { WEBHOOK_EVENTS } from '../../services/payments/stripeEvents.ts';
import { freePort } from './ports.ts';
import { type Postgres, startPostgres } from './postgres.ts';
import { baseEnv, ROOT, type Running, startProcess } from './processes.ts';
import { type Say, say as sayAloud, step } from './say.ts';
import { findTemporal, startTemporal, type Temporal } from './temporal.ts';
import { removeAtEnd } from './watchdog.ts';

export { type App, startGateway, startWorker } from './apps.ts';

export type Ports = {
  gateway: number;
  postgres: number;
  temporal: number;
  temporalUi: number;
  mailSmtp: number;
  mailHttp: number;
  stripe: number;
  eventProvider: number;
  paygate: number;
};

export type StackOptions = {
  /** Where the data stays after stop(). Without it the data is in a temporary folder that stop() removes. */
  dataDir?: string;
  ports?: 'free' | Ports;
  quiet?: boolean;
  /** Restart parts that die by themselves. */
  keepAlive?: boolean;
  /** False keeps Temporal in memory although there is a data folder. Temporary stacks are in memory unless this is true. */
  temporalOnDisk?: boolean;
  /** The shell's environment: DATABASE_URL, SMTP_URL, STRIPE_SECRET_KEY, EVENT_PROVIDER_URL and PAYGATE_URL in it name servers to use instead of our own. Nothing is taken by default. */
  env?: NodeJS.ProcessEnv;
  say?: Say;
};

export type Stack = {
  dataDir: string;
  logDir: string;
  ports: Ports;
  databaseUrl: string;
  temporalAddress: string;
  temporalUiUrl: string;
  mailUrl: string;
  smtpUrl: string;
  /** Undefined when a real Stripe key is in use. */
  stripeUrl: string | undefined;
  eventProviderUrl: string;
  paygateUrl: string;
  gatewayUrl: string;
  postgres: Postgres;
  temporal: Temporal;
  mail: Running;
  stripe: Running | undefined;
  /** Undefined when EVENT_PROVIDER_URL names another. */
  eventProvider: Running | undefined;
  /** Undefined when PAYGATE_URL names another. */
  paygate: Running | undefined;
  temporalCli: string;
  /** What a gateway or worker of this stack needs in its environment (names of config.ts). */
  env: Record<string, string>;
  say: Say;
  keepAlive: boolean;
  /** Processes started for this stack by startGateway and startWorker, stopped before the rest. */
  apps: Running[];
  stop(): Promise<void>;
  /** SIGKILL to everything, now. */
  abandon(): void;
};

/** A free port for each part. */
export async function freePorts(): Promise<Ports> {
  const [gateway, postgres, temporal, temporalUi, mailSmtp, mailHttp, stripe, eventProvider, paygate] = await Promise.all(
    Array.from({ length: 9 }, freePort),
  );
  return {
    gateway: gateway!,
    postgres: postgres!,
    temporal: temporal!,
    temporalUi: temporalUi!,
    mailSmtp: mailSmtp!,
    mailHttp: mailHttp!,
    stripe: stripe!,
    eventProvider: eventProvider!,
    paygate: paygate!,
  };
}

/** Starts all parts at once and resolves when each is ready. If one fails the others are stopped, and its error is thrown. */
export async function startStack(options: StackOptions = {}): Promise<Stack> {
  const say: Say = options.say ?? (options.quiet ? () => {} : sayAloud);
  const given = options.env ?? {};
  const ports = !options.ports || options.ports === 'free' ? await freePorts() : options.ports;
  const temporary = options.dataDir === undefined;
  const dataDir = options.dataDir ? resolve(options.dataDir) : mkdtempSync(join(tmpdir(), 'billetter-'));
  if (temporary) {
    removeAtEnd(dataDir);
    chmodSync(dataDir, 0o711); // PostgreSQL's user, when we are root, must be able to walk through
  }
  const logDir = join(dataDir, 'logs');
  mkdirSync(logDir, { recursive: true });
  const { keepAlive = false } = options;
  const webhookSecret = given.STRIPE_WEBHOOK_SECRET || DEV_SECRETS.STRIPE_WEBHOOK_SECRET;
  const paygateTeam = {
    PAYGATE_TEAM: given.PAYGATE_TEAM || 'billetter',
    PAYGATE_PASSWORD: given.PAYGATE_PASSWORD || DEV_SECRETS.PAYGATE_PASSWORD,
  };
  const gatewayUrl = `http://localhost:${ports.gateway}`;
  const node = (name: string, main: string, env: Record<string, string>, ready: string) =>
    startProcess({
      name,
      command: process.execPath,
      args: ['--import', 'tsx', main],
      cwd: ROOT,
      env: { ...baseEnv(), ...env },
      logFile: join(logDir, `${name}.log`),
      ready,
      keepAlive,
      say,
    });

  const started: { stop(): Promise<void> }[] = [];
  const part = async <T extends { stop(): Promise<void> }>(what: string, work: () => Promise<T>): Promise<T> => {
    const running = await step(say, what, work);
    started.push(running);
    return running;
  };
  const parts = [
    part(given.DATABASE_URL ? 'PostgreSQL (DATABASE_URL)' : 'PostgreSQL', () =>
      startPostgres(
        { dataDir: join(dataDir, 'postgres'), port: ports.postgres, logFile: join(logDir, 'postgres.log'), say, keepAlive },
        given,
      ),
    ),
    (async () => {
      const cli = await findTemporal({ say });
      say(`Temporal CLI: ${cli.path} (${cli.how}, ${cli.version})`);
      const temporal = await part('Temporal', () =>
        startTemporal({
          cli: cli.path,
          port: ports.temporal,
          uiPort: ports.temporalUi,
          dbFile: (options.temporalOnDisk ?? !temporary) ? join(dataDir, 'temporal', 'temporal.db') : undefined,
          logFile: join(logDir, 'temporal.log'),
          say,
          keepAlive,
        }),
      );
      return Object.assign(temporal, { cli: cli.path });
    })(),
    part('mail catcher', () =>
      node(
        'mail',
        'standins/mail/main.ts',
        { MAIL_SMTP_PORT: String(ports.mailSmtp), MAIL_HTTP_PORT: String(ports.mailHttp), MAIL_DATA_DIR: join(dataDir, 'mail') },
        `http://127.0.0.1:${ports.mailHttp}/healthz`,
      ),
    ),
    given.STRIPE_SECRET_KEY
      ? Promise.resolve(undefined)
      : part('payment stand-in', () =>
          node(
            'stripe',
            'standins/stripe/main.ts',
            {
              STANDIN_PORT: String(ports.stripe),
              STANDIN_WEBHOOK_URL: `http://127.0.0.1:${ports.gateway}/api/webhooks/stripe/`,
              STRIPE_WEBHOOK_SECRET: webhookSecret,
              STANDIN_WEBHOOK_EVENTS: WEBHOOK_EVENTS.join(),
              STANDIN_STATE_FILE: join(dataDir, 'stripe', 'state.json'),
            },
            `http://127.0.0.1:${ports.stripe}/`,
          ),
        ),
    given.EVENT_PROVIDER_URL
      ? Promise.resolve(undefined)
      : part('event provider stand-in', () =>
          node(
            'event-provider',
            'standins/event-provider/main.ts',
            {
              EVENT_PROVIDER_PORT: String(ports.eventProvider),
              EVENT_PROVIDER_STATE_FILE: join(dataDir, 'event-provider', 'state.jsonl'),
              // Tests' stacks are many on one machine, and few of them sell a whole hall.
              EVENT_PROVIDER_PLACES: given.EVENT_PROVIDER_PLACES || (temporary ? '500' : ''),
            },
            `http://127.0.0.1:${ports.eventProvider}/_standin/health`,
          ),
        ),
    given.PAYGATE_URL
      ? Promise.resolve(undefined)
      : part('payment gateway stand-in', () =>
          node(
            'paygate',
            'standins/paygate/main.ts',
            {
              PAYGATE_PORT: String(ports.paygate),
              PAYGATE_TEAM: paygateTeam.PAYGATE_TEAM,
              PAYGATE_PASSWORD: paygateTeam.PAYGATE_PASSWORD,
              PAYGATE_STATE_FILE: join(dataDir, 'paygate', 'state.jsonl'),
            },
            `http://127.0.0.1:${ports.paygate}/_standin/health`,
          ),
        ),
  ] as const;
  const settled = await Promise.allSettled(parts);
  const failed = settled.find((one) => one.status === 'rejected');
  if (failed) {
    await Promise.allSettled(started.map((one) => one.stop()));
    if (temporary) rmSync(dataDir, { recursive: true, force: true });
    throw failed.reason;
  }
  const [postgres, temporal, mail, stripe, eventProvider, paygate] = (await Promise.all(parts)) as [
    Postgres,
    Temporal & { cli: string },
    Running,
    Running | undefined,
    Running | undefined,
    Running | undefined,
  ];

  const urls = {
    databaseUrl: postgres.url,
    temporalAddress: temporal.address,
    temporalUiUrl: temporal.uiUrl!,
    mailUrl: `http://localhost:${ports.mailHttp}`,
    smtpUrl: `smtp://127.0.0.1:${ports.mailSmtp}`,
    stripeUrl: stripe && `http://localhost:${ports.stripe}`,
    eventProviderUrl: given.EVENT_PROVIDER_URL || `http://127.0.0.1:${ports.eventProvider}`,
    paygateUrl: given.PAYGATE_URL || `http://localhost:${ports.paygate}`,
    gatewayUrl,
  };
  const apps: Running[] = [];
  return {
    dataDir,
    logDir,
    ports,
    ...urls,
    postgres,
    temporal,
    mail,
    stripe,
    eventProvider,
    paygate,
    temporalCli: temporal.cli,
    say,
    keepAlive,
    apps,
    env: {
      DATABASE_URL: postgres.url,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: 'default', // the shell's is of another cluster
      TEMPORAL_UI_URL: urls.temporalUiUrl,
      SMTP_URL: given.SMTP_URL || urls.smtpUrl,
      ...(given.TWILIO_ACCOUNT_SID ? {} : { TWILIO_API_URL: urls.mailUrl }),
      PORT: String(ports.gateway),
      PUBLIC_URL: given.PUBLIC_URL || gatewayUrl,
      STRIPE_WEBHOOK_SECRET: webhookSecret,
      EVENT_PROVIDER_URL: urls.eventProviderUrl,
      PAYGATE_URL: urls.paygateUrl,
      ...paygateTeam,
      PAYGATE_EVENTS: given.PAYGATE_EVENTS ?? '',
      ...(urls.stripeUrl ? { STRIPE_STANDIN_URL: urls.stripeUrl } : {}),
    },
    async stop() {
      // Gateways and workers stop first: they drain while everything they need is still there.
      const gateways = apps.filter((app) => app.name.startsWith('gateway'));
      await Promise.all(gateways.map((app) => app.stop()));
      await Promise.all(apps.map((app) => app.stop()));
      await Promise.all([stripe?.stop(), eventProvider?.stop(), paygate?.stop(), mail.stop()]);
      if (temporary) await temporal.process.kill('SIGKILL'); // it has nothing to save, and would take a second to say goodbye
      await temporal.stop();
      await postgres.stop({ remove: temporary });
      if (temporary) rmSync(dataDir, { recursive: true, force: true });
    },
    abandon() {
      for (const one of [...apps, stripe, eventProvider, paygate, mail, temporal.process, postgres.process]) one?.abandon();
    },
  };
}
