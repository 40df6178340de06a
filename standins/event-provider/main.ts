// Starts the event provider's stand-in as a program of its own: npx tsx standins/event-provider/main.ts
import { startEventProvider } from './standin.ts';

const { env } = process;
const log = (line: string): void => console.log(`${new Date().toISOString()} event provider stand-in: ${line}`);

const number = (name: string, given: string | undefined, fallback: number, most: number): number => {
  const value = Number(given || fallback);
  if (Number.isInteger(value) && value >= 0 && value <= most) return value;
  console.error(`${name} is not a whole number up to ${most}: ${given}`);
  process.exit(1);
};
const running = await startEventProvider({
  port: number('EVENT_PROVIDER_PORT', env.EVENT_PROVIDER_PORT, 12112, 65_535),
  places: number('EVENT_PROVIDER_PLACES', env.EVENT_PROVIDER_PLACES, 100_000, 1_000_000),
  ...(env.EVENT_PROVIDER_HOST && { host: env.EVENT_PROVIDER_HOST }),
  ...(env.EVENT_PROVIDER_STATE_FILE && { stateFile: env.EVENT_PROVIDER_STATE_FILE }),
  ...(env.EVENT_PROVIDER_LOG && { log }),
}).catch((error: unknown) => {
  console.error(`event provider stand-in did not start: ${error instanceof Error ? error.message : String(error)}`);
  process.exit(1);
});
log(`listening on ${running.url}`);

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    log(`${signal}: closing`);
    void running.close().then(() => process.exit(0));
  });
}
