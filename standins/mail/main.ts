// Runs the mail catcher as a process of its own. Ports, host and folder come from the environment.
import { startMailCatcher } from './catcher.ts';

const env = process.env;
try {
  const catcher = await startMailCatcher({
    smtpPort: Number(env.MAIL_SMTP_PORT || 1025),
    httpPort: Number(env.MAIL_HTTP_PORT || 1080),
    host: env.MAIL_HOST || '127.0.0.1',
    dataDir: env.MAIL_DATA_DIR || undefined,
  });
  console.log(`mail catcher: SMTP on ${catcher.smtpPort}, page on ${catcher.url}`);
  const stop = () => catcher.stop().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
} catch (error) {
  console.error(`mail catcher: ${(error as Error).message}`);
  process.exit(1);
}
