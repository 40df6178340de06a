// One whole system for all flow tests: Postgres, Temporal, mail, payment stand-in, a gateway and a worker, started as `npm start` starts them.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestProject } from 'vitest/node';
import { startGateway, startStack, startWorker } from '../../deploy/local/stack.ts';

const run = promisify(execFile);

export type StackFacts = {
  gatewayUrl: string;
  databaseUrl: string;
  temporalAddress: string;
  mailUrl: string;
  stripeUrl: string;
  eventProviderUrl: string;
  paygateUrl: string;
  webhookSecret: string;
  /** The file of what tests have declared to be odd (net.ts). */
  oddities: string;
  env: Record<string, string>;
};

declare module 'vitest' {
  export interface ProvidedContext {
    stack: StackFacts;
  }
}

/** Migrates and seeds the stack's database the way `npm start` does. */
export async function seedStack(databaseUrl: string): Promise<void> {
  await run(process.execPath, ['--import', 'tsx', 'deploy/local/seed.ts'], { env: { ...process.env, DATABASE_URL: databaseUrl } });
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stack = await startStack({ ports: 'free', quiet: true });
  try {
    await seedStack(stack.databaseUrl);
    const oddities = join(stack.dataDir, 'oddities.jsonl');
    writeFileSync(oddities, '');
    const env = { NODE_ENV: 'test', RATE_LIMITS: 'off', LOG_LEVEL: 'info' };
    await Promise.all([startGateway(stack, env), startWorker(stack, env)]);
    project.provide('stack', {
      gatewayUrl: stack.gatewayUrl,
      databaseUrl: stack.databaseUrl,
      temporalAddress: stack.temporalAddress,
      mailUrl: stack.mailUrl,
      stripeUrl: stack.stripeUrl!,
      eventProviderUrl: stack.eventProviderUrl,
      paygateUrl: stack.paygateUrl,
      webhookSecret: stack.env.STRIPE_WEBHOOK_SECRET!,
      oddities,
      env: { ...stack.env, ...env },
    });
  } catch (error) {
    await stack.stop();
    throw error;
  }
  return () => stack.stop();
}
