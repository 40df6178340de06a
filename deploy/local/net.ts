// The net over a stack that a tool or a test has made: looked at again and again until all that was under way has gone.
import { Client, Connection } from '@temporalio/client';
import { loadConfig } from '../../config.ts';
import { connect } from '../../db/connect.ts';
import { eventProvider } from '../../services/external/provider.ts';
import { openProviders } from '../../services/payments/providers.ts';
import { type Finding, key, type Options, type Parts, verify } from '../../services/reports/verify.ts';
import { orderWorkflows } from '../orderWorkflows.ts';
import { sleep } from './say.ts';
import type { Stack } from './stack.ts';

/** Between two looks. */
const PAUSE_MS = 500;

type Where = Pick<Stack, 'databaseUrl' | 'temporalAddress' | 'stripeUrl' | 'paygateUrl' | 'eventProviderUrl'>;

/** The lines of what is still found after `patienceMs`; empty as soon as each thing found has been gone once. Opens and closes its own connections. */
export async function netFaults(stack: Where, patienceMs: number, options: Options | (() => Options) = {}): Promise<string[]> {
  const db = connect({ url: stack.databaseUrl, max: 2, name: 'billetter-net' });
  const connection = await Connection.connect({ address: stack.temporalAddress });
  const { paygate } = loadConfig({ PAYGATE_URL: stack.paygateUrl });
  const stripe = { secretKey: 'sk_test_net', webhookSecret: 'unused', standinUrl: stack.stripeUrl, timeoutMs: 10_000 };
  try {
    const workflows = orderWorkflows(new Client({ connection }));
    const provider = eventProvider({ url: stack.eventProviderUrl, timeoutMs: 10_000 });
    return await stubborn({ db, providers: openProviders({ stripe, paygate }), workflows, eventProvider: provider }, patienceMs, options);
  } finally {
    await connection.close();
    await db.destroy();
  }
}

/** The same for parts that are open already. Options given as a function are asked for before each look. */
export async function stubborn(parts: Parts, patienceMs: number, options: Options | (() => Options)): Promise<string[]> {
  const look = () => lines(parts, typeof options === 'function' ? options() : options);
  const end = Date.now() + patienceMs;
  let found = await look();
  while (found.size && Date.now() < end) {
    await sleep(PAUSE_MS);
    const now = await look();
    // Others may be at work on the same stack: something of theirs is always under way, but nothing stays so.
    found = new Map([...now].filter(([what]) => found.has(what)));
  }
  return [...found.values()];
}

/** What is found now, by what makes it the same finding; and what could not be looked at. */
async function lines(parts: Parts, options: Options): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  const say = (finding: Finding) => found.set(key(finding), `${finding.check}: ${finding.text}`);
  for await (const { check, findings, failed } of verify(parts, { grace: 2, limit: 1000, ...options })) {
    if (failed) found.set(check, `${check} could not look: ${failed}`);
    findings.forEach(say);
  }
  return found;
}
