// `npm run verify` on this machine: the local stack's own addresses, where the environment names no others.
import { readSettings } from './settings.ts';

const { ports } = readSettings(process.env);
const local: Record<string, string> = {
  DATABASE_URL: `postgres://billetter@127.0.0.1:${ports.postgres}/billetter`,
  TEMPORAL_ADDRESS: `127.0.0.1:${ports.temporal}`,
  EVENT_PROVIDER_URL: `http://127.0.0.1:${ports.eventProvider}`,
  PAYGATE_URL: `http://127.0.0.1:${ports.paygate}`,
  ...(!process.env.STRIPE_SECRET_KEY && { STRIPE_STANDIN_URL: `http://127.0.0.1:${ports.stripe}` }),
};
for (const [name, value] of Object.entries(local)) process.env[name] ??= value;
await import('../verify.ts');
