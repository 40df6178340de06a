// Starts the Stripe stand-in as a program of its own: npx tsx standins/stripe/main.ts
import { startStripeStandin } from './standin.ts';

const { env } = process;
const log = (line: string): void => console.log(`${new Date().toISOString()} stripe stand-in: ${line}`);

const port = Number(env.STANDIN_PORT || 12111);
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  console.error(`STANDIN_PORT is not a port: ${env.STANDIN_PORT}`);
  process.exit(1);
}
const webhookUrl = env.STANDIN_WEBHOOK_URL || 'http://localhost:8000/api/webhooks/stripe/';
const running = await startStripeStandin({
  port,
  ...(env.STANDIN_HOST && { host: env.STANDIN_HOST }),
  webhookUrl,
  webhookSecret: env.STRIPE_WEBHOOK_SECRET || 'whsec_billetter_development_secret_not_for_production',
  ...(env.STANDIN_WEBHOOK_EVENTS && { webhookEvents: env.STANDIN_WEBHOOK_EVENTS.split(',') }),
  ...(env.STANDIN_STATE_FILE && { stateFile: env.STANDIN_STATE_FILE }),
  log,
}).catch((error: unknown) => {
  console.error(`stripe stand-in did not start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
log(`listening on ${running.url}, webhooks go to ${webhookUrl}`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log(`${signal}: closing`);
    running.close().then(
      () => process.exit(0),
      (error) => {
        console.error(error);
        process.exit(1);
      },
    );
  });
}
