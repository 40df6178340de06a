// Starts the payment gateway's stand-in as a program of its own: npx tsx standins/paygate/main.ts
import { startPaygateStandin } from './standin.ts';

const { env } = process;
const log = (line: string): void => console.log(`${new Date().toISOString()} payment gateway stand-in: ${line}`);

const port = Number(env.PAYGATE_PORT || 12113);
if (!Number.isInteger(port) || port < 0 || port > 65535) {
  console.error(`PAYGATE_PORT is not a port: ${env.PAYGATE_PORT}`);
  process.exit(1);
}
const running = await startPaygateStandin({
  port,
  ...(env.PAYGATE_HOST && { host: env.PAYGATE_HOST }),
  publicUrl: env.PAYGATE_URL || `http://localhost:${port}`,
  team: { slug: env.PAYGATE_TEAM || 'billetter', password: env.PAYGATE_PASSWORD || 'billetter-development-paygate-password' },
  ...(env.PAYGATE_LIFE_MS && { lifeMs: Number(env.PAYGATE_LIFE_MS) }),
  ...(env.PAYGATE_STATE_FILE && { stateFile: env.PAYGATE_STATE_FILE }),
  log,
}).catch((error: unknown) => {
  console.error(`the payment gateway's stand-in did not start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
log(`listening on ${running.url}`);

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
