// The net after integration tests: what a stack shows must become clean in time, but for what a test declares as its own oddity.
import { appendFileSync, readFileSync } from 'node:fs';
import { Client, Connection } from '@temporalio/client';
import { inject } from 'vitest';
import { connect } from '../../db/connect.ts';
import { orderWorkflows } from '../../deploy/orderWorkflows.ts';
import { stripeProvider } from '../../services/payments/stripe.ts';
import { type Finding, key, type Oddity, type Options, type Parts, verify } from '../../services/reports/verify.ts';

/** What is under way has so long: holds of seconds, the sweep's minute, a provider that fails and is asked again. */
const PATIENCE_MS = 240_000;
/** Tests end holds and pay within seconds. */
const GRACE_SECONDS = 2;

/**
 * Declares that nothing is wrong where the net finds something about this order or event: `why` says what the test has done to it.
 * `checks`: only what these checks say (by the beginning of their names). Files run side by side on one stack, so the note is in a file.
 */
export function leaveOut(id: string, why: string, checks?: string[]): void {
  appendFileSync(inject('stack').oddities, `${JSON.stringify({ id, why, checks })}\n`);
}

const oddities = (): Oddity[] =>
  readFileSync(inject('stack').oddities, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));

type Place = { databaseUrl: string; temporalAddress: string; stripeUrl: string | undefined };

/** Looks at the stack until each thing that was found has been gone at least once. Throws the lines of what stays. */
export async function expectClean({ databaseUrl, temporalAddress, stripeUrl }: Place): Promise<void> {
  const db = connect({ url: databaseUrl, max: 2, name: 'billetter-net' });
  const connection = await Connection.connect({ address: temporalAddress });
  const provider = stripeProvider({ secretKey: 'sk_test_net', webhookSecret: 'x', standinUrl: stripeUrl, timeoutMs: 10_000 });
  try {
    await becomesClean({ db, providers: { stripe: provider }, workflows: orderWorkflows(new Client({ connection })) });
  } finally {
    await connection.close();
    await db.destroy();
  }
}

/** The same for parts of one's own; `options` as `verify` takes them. */
export async function becomesClean(parts: Parts, options: Options = {}): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (let stubborn = await look(parts, options); stubborn.size; ) {
    if (Date.now() > end) throw new Error(`the net finds, and goes on finding:\n${[...stubborn.values()].join('\n')}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
    const now = await look(parts, options);
    // Others work on the same stack: something of theirs is always under way, but nothing stays so.
    stubborn = new Map([...now].filter(([what]) => stubborn.has(what)));
  }
}

/** What is found now, by what makes it the same finding; and what could not be looked at. */
async function look(parts: Parts, options: Options): Promise<Map<string, string>> {
  const lines = new Map<string, string>();
  const say = (finding: Finding) => lines.set(key(finding), `${finding.check}: ${finding.text}`);
  for await (const { check, findings, failed } of verify(parts, { grace: GRACE_SECONDS, leaveOut: oddities(), limit: 1000, ...options })) {
    if (failed) lines.set(check, `${check} could not look: ${failed}`);
    findings.forEach(say);
  }
  return lines;
}
