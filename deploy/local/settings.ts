// What `npm start` takes from the environment: ports, the data folder, servers of the user's own.
import { resolve } from 'node:path';
import type { Wanted } from './ports.ts';
import { ROOT } from './processes.ts';
import { ClearError } from './say.ts';
import type { Ports } from './stack.ts';

type Entry = { key: keyof Ports | 'workerMetrics'; variable: string; fallback: number; what: string };

const ENTRIES: Entry[] = [
  { key: 'gateway', variable: 'PORT', fallback: 8000, what: 'gateway' },
  { key: 'temporal', variable: 'TEMPORAL_PORT', fallback: 7233, what: 'Temporal' },
  { key: 'temporalUi', variable: 'TEMPORAL_UI_PORT', fallback: 8233, what: 'Temporal UI' },
  { key: 'mailHttp', variable: 'MAIL_HTTP_PORT', fallback: 1080, what: 'mail page' },
  { key: 'mailSmtp', variable: 'MAIL_SMTP_PORT', fallback: 1025, what: 'mail SMTP' },
  { key: 'stripe', variable: 'STANDIN_PORT', fallback: 12111, what: 'payment stand-in' },
  { key: 'eventProvider', variable: 'EVENT_PROVIDER_PORT', fallback: 12112, what: 'event provider stand-in' },
  { key: 'paygate', variable: 'PAYGATE_PORT', fallback: 12113, what: 'payment gateway stand-in' },
  { key: 'postgres', variable: 'PG_PORT', fallback: 5433, what: 'PostgreSQL' },
  { key: 'workerMetrics', variable: 'METRICS_PORT', fallback: 9464, what: 'worker health and metrics' },
];

export type Settings = { ports: Ports & { workerMetrics: number }; wanted: Wanted[]; dataDir: string };

/** Reads the settings; throws a ClearError with one line for each value that is no port. */
export function readSettings(env: NodeJS.ProcessEnv): Settings {
  const faults: string[] = [];
  const ports: Record<string, number> = {};
  const wanted: Wanted[] = [];
  for (const { key, variable, fallback, what } of ENTRIES) {
    const port = Number(env[variable] || fallback);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) faults.push(`${variable}=${env[variable]} is not a port (1 to 65535)`);
    ports[key] = port;
    const unused =
      (key === 'postgres' && env.DATABASE_URL) ||
      (key === 'stripe' && env.STRIPE_SECRET_KEY) ||
      (key === 'eventProvider' && env.EVENT_PROVIDER_URL) ||
      (key === 'paygate' && env.PAYGATE_URL);
    if (!unused) wanted.push({ port, what, variable });
  }
  if (faults.length) throw new ClearError(faults.join('\n'));
  return { ports: ports as Settings['ports'], wanted, dataDir: resolve(ROOT, env.BILLETTER_DATA || '.billetter') };
}
