// `npm run verify`, and in the container `node dist/deploy/verify.js`: runs the net over the system that the environment names.
import { Client, Connection } from '@temporalio/client';
import { loadConfig } from '../config.ts';
import { connect } from '../db/connect.ts';
import { eventProvider } from '../services/external/provider.ts';
import { openProviders } from '../services/payments/providers.ts';
import { type Outcome, verify } from '../services/reports/verify.ts';
import { orderWorkflows } from './orderWorkflows.ts';

/** A long check says so often how far it has come. */
const PROGRESS_MS = 5_000;
/** What is only under way has gone by then. */
const AGAIN_AFTER_SECONDS = 5;

process.exitCode = await main().catch((error: Error) => {
  console.error(`verify: cannot look: ${error.message}`);
  return 2;
});

/** 0: nothing found. 1: findings, a line each. 2: something could not be looked at. */
async function main(): Promise<number> {
  const config = loadConfig();
  const db = connect({ url: config.database.url, max: 2, name: 'billetter-verify' });
  const connection = await Connection.connect({ address: config.temporal.address, connectTimeout: '10 seconds' }).catch((error: Error) => {
    throw new Error(`Temporal does not answer at ${config.temporal.address} (${error.message})`);
  });
  const workflows = orderWorkflows(new Client({ connection, namespace: config.temporal.namespace }));
  const providers = openProviders(config);

  let said = Date.now();
  const progress = (check: string, looked: number) => {
    if (Date.now() - said < PROGRESS_MS) return;
    said = Date.now();
    console.error(`verify: ${check} ... ${looked} rows`);
  };
  const outcomes: Outcome[] = [];
  for await (const outcome of verify(
    { db, providers, workflows, eventProvider: eventProvider(config.eventProvider) },
    { againAfter: AGAIN_AFTER_SECONDS, progress },
  )) {
    outcomes.push(outcome);
    report(outcome);
  }
  await connection.close();
  await db.destroy();

  const found = outcomes.reduce((sum, one) => sum + one.found, 0);
  const failed = outcomes.filter((one) => one.failed).length;
  console.log(`verify: ${outcomes.length} checks, ${found} finding(s)${failed ? `, ${failed} could not look` : ''}`);
  return failed ? 2 : found ? 1 : 0;
}

function report({ check, looked, found, findings, ms, failed }: Outcome): void {
  const result = failed ? `could not look: ${failed}` : found ? `${found} FOUND` : 'clean';
  console.log(`${check.padEnd(34)} ${String(looked).padStart(9)} rows ${String(ms).padStart(7)} ms  ${result}`);
  for (const finding of findings) console.log(`  ${finding.check}: ${finding.text}`);
  if (found > findings.length) console.log(`  ... and ${found - findings.length} more`);
}
