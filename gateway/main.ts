// The gateway's process: configuration in, signals handled, one clear line when it cannot start.
import { loadConfig } from '../config.ts';
import { createLog } from '../log.ts';
import { startGateway } from './compose.ts';

function refuse(error: unknown): never {
  const { code, message } = error as NodeJS.ErrnoException;
  process.stderr.write(`${code === 'EADDRINUSE' ? `gateway: the port is taken (${message})` : message}\n`);
  process.exit(1);
}

async function main(): Promise<void> {
  const config = loadConfig();
  const log = createLog(config.logLevel, 'gateway');
  const gateway = await startGateway(config, log);
  log.info({ port: gateway.port, url: config.http.publicUrl, rateLimits: config.rateLimits }, 'gateway listens');

  let stopping = false;
  const stop = async (signal: string): Promise<void> => {
    if (stopping) process.exit(1); // asked twice: at once
    stopping = true;
    log.info({ signal }, 'gateway drains');
    try {
      await gateway.stop();
      log.info('gateway stopped');
    } catch (err) {
      log.error({ err }, 'gateway did not stop cleanly');
      process.exitCode = 1;
    }
    log.flush(() => process.exit());
  };
  process.on('SIGTERM', () => void stop('SIGTERM'));
  process.on('SIGINT', () => void stop('SIGINT'));
}

main().catch(refuse);
