// The order's workflow against real rows and the real payment stand-in, in Temporal's time-skipping server where it can be had
// (else on the stack's dev server with short timers). Each test is a branch of the order's life; its histories are replayed at the end.

import { randomUUID } from 'node:crypto';
import { type Client, Connection, Client as TemporalClient, WithStartWorkflowOperation } from '@temporalio/client';
import { temporal } from '@temporalio/proto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, NativeConnection, Runtime, Worker, type WorkflowBundle } from '@temporalio/worker';
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { notificationActivities } from '../../activities/notifications.ts';
import { orderActivities } from '../../activities/orders.ts';
import { paymentActivities } from '../../activities/payments.ts';
import { findTestServer } from '../../deploy/local/test-server.ts';
import type { Mailer } from '../../services/delivery/mailer.ts';
import { secretBox } from '../../services/delivery/webhookSecrets.ts';
import { cancel } from '../../services/orders/cancel.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import { readFacts } from '../../services/orders/facts.ts';
import * as orders from '../../services/orders/orders.ts';
import { settle } from '../../services/orders/settlement.ts';
import { sweep } from '../../services/orders/sweep.ts';
import * as mails from '../../services/outbox/mails.ts';
import * as attempts from '../../services/payments/attempts.ts';
import * as callbacks from '../../services/payments/callbacks.ts';
import * as payments from '../../services/payments/payments.ts';
import type { PaymentProvider, ProviderRefund } from '../../services/payments/provider.ts';
import { stripeProvider } from '../../services/payments/stripe.ts';
import { orderCode } from '../../services/shared/codes.ts';
import { DomainError } from '../../services/shared/errors.ts';
import { createDocuments } from '../../services/tickets/documents.ts';
import { startStripeStandin } from '../../standins/stripe/standin.ts';
import { bundleWorkflows } from '../../worker/bundle.ts';
import { registerSearchAttributes, SEARCH_TYPES } from '../../worker/searchAttributes.ts';
import { CHANGED, orderStart, orderWorkflowId, PAY, type PayRequest, type PayResult } from '../../workflows/messages.ts';
import { as, wish } from '../support/claims.ts';
import { until } from '../support/client.ts';
import { openDb } from '../support/db.ts';
import { saveHistory } from '../support/histories.ts';
import { capture, person, show } from '../support/made.ts';
import { becomesClean, leaveOut } from '../support/net.ts';
import { stripeClient } from '../support/stripe.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';

Runtime.install({ logger: new DefaultLogger('ERROR') });
const db = openDb();
const SECRET = 'x'.repeat(32);
let client: Client;
let connection: NativeConnection;
let skipping: TestWorkflowEnvironment | undefined;
let stop: () => Promise<void>;
let provider: PaymentProvider;
let standin: Awaited<ReturnType<typeof startStripeStandin>>;
let bundle: WorkflowBundle;
let event: { id: string; slug: string };
let account: string;
let seats: string[];
/** Order id -> the branch it went through. */
const seen = new Map<string, string>();

/** The mail server: what it has taken, and whether it takes anything. */
const mailServer = { up: true, refuses: false, tries: 0, taken: [] as string[] };
const mailer: Mailer = {
  from: { name: '', address: 'tickets@x.test' },
  codePrefix: 'EVT',
  documents: createDocuments(),
  tokenOf: () => 'token',
  async send({ subject, messageId }) {
    mailServer.tries++;
    if (!mailServer.up) throw new Error('the mail server is down');
    if (mailServer.refuses) throw Object.assign(new Error('550 no such box'), { responseCode: 550, command: 'RCPT TO' });
    mailServer.taken.push(`${messageId} ${subject}`);
  },
  close() {},
};

/** The provider's moods: charges it was asked for and those it will not answer; looks at refunds, and what a bank of our own says of them. */
const moods = { charges: 0, missed: 0, looks: 0, knowsNothing: false, bank: undefined as 'pending' | 'succeeded' | undefined };
function moody(stripe: PaymentProvider): PaymentProvider {
  const made = new Map<string, ProviderRefund>();
  return {
    ...stripe,
    pay(p) {
      moods.charges++;
      if (moods.knowsNothing) throw new DomainError('payment_failed', 'No such payment.', { declineCode: 'resource_missing' });
      if (moods.missed-- > 0) throw new DomainError('payment_unavailable', 'The payment provider did not answer.');
      return stripe.pay!(p);
    },
    async refund(p) {
      if (!moods.bank) return stripe.refund(p);
      const { refundId, amountMinor, currency } = p;
      made.set(p.ref, {
        ref: `re_${refundId}`,
        refundId,
        paymentRef: p.ref,
        amountMinor,
        currency,
        status: moods.bank,
        failureMessage: null,
      });
      return made.get(p.ref)!;
    },
    async refunds(paymentRef) {
      moods.looks++;
      if (moods.knowsNothing) throw new DomainError('not_found', 'No such payment.', { what: 'payment' });
      if (!moods.bank) return stripe.refunds(paymentRef);
      return made.has(paymentRef) ? [{ ...made.get(paymentRef)!, status: moods.bank }] : [];
    },
  };
}

/** A hold that outlasts every test unless time is skipped, and how long it must be when it cannot be. */
const hold = () => (skipping ? 3600 : 3);

beforeAll(async () => {
  const server = await findTestServer();
  if ('path' in server) {
    skipping = await TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path: server.path } } });
    client = skipping.client;
    connection = skipping.nativeConnection;
  } else {
    console.warn(`no time-skipping server (${server.reason}): short timers on the dev server`);
    const { temporalAddress } = inject('stack');
    client = new TemporalClient({ connection: await Connection.connect({ address: temporalAddress }) });
    connection = await NativeConnection.connect({ address: temporalAddress });
  }
  if (skipping) await connection.operatorService.addSearchAttributes({ namespace: 'default', searchAttributes: SEARCH_TYPES });
  else await registerSearchAttributes(connection, 'default');
  standin = await startStripeStandin({ port: 0, webhookUrl: 'http://127.0.0.1:9/', webhookSecret: SECRET });
  provider = moody(stripeProvider({ secretKey: 'sk_test_x', webhookSecret: SECRET, standinUrl: standin.url, timeoutMs: 5000 }));
  bundle = await bundleWorkflows();
  const taskQueue = queue('orders');
  const providers = { stripe: provider };
  const notifications = notificationActivities({
    db,
    mailer,
    sms: { name: 'none', send: () => Promise.reject(new Error('no texts here')) },
    webhooks: { box: secretBox(SECRET), post: () => Promise.reject(new Error('no webhooks here')), perMinute: 500 },
  });
  const workers = [
    await Worker.create({
      connection,
      taskQueue,
      workflowBundle: bundle,
      activities: orderActivities({ db, ticketKeys: TICKET_KEYS, providers, notifications }),
    }),
    await Worker.create({ connection, taskQueue: 'payments', activities: paymentActivities({ db, providers }) }),
    await Worker.create({ connection, taskQueue: 'notifications', activities: notifications }),
  ];
  const running = workers.map((w) => w.run());
  stop = async () => {
    for (const w of workers) w.shutdown();
    await Promise.all(running);
    await standin.close();
    await (skipping ? skipping.teardown() : connection.close());
    await sql`drop trigger ${sql.id(trigger)} on outbox`.execute(db);
    // What needs neither clock nor engine holds for these orders too.
    await becomesClean({ db }, { only: ['orders', 'money'] });
    await db.destroy();
  };

  account = (await person(db)).id;
  // No hold outlives its sale: the event begins later than the skipping server's clock ever gets to.
  const made = await show(db, { seats: 50, startsInMs: 3e12 });
  event = await db.selectFrom('events').select(['id', 'slug']).where('id', '=', made.id).executeTakeFirstOrThrow();
  seats = made.seats;
  leaveOut(event.id, 'its orders live in a Temporal, at a provider and by a clock of this file alone');
  await keepFromRelay();
});
afterAll(() => stop?.());

/** The stack's own relay reads the same outbox and would run our orders in its Temporal too: what concerns our event is not written. */
async function keepFromRelay(): Promise<void> {
  const when = `new.payload->>'event' = '${event.slug}' and current_setting('billetter.seen', true) is distinct from 'yes'`;
  await sql`create or replace function not_announced() returns trigger language plpgsql as 'begin return null; end'`.execute(db);
  await sql`create trigger ${sql.id(trigger)} before insert on outbox for each row when (${sql.raw(when)}) execute function not_announced()`.execute(
    db,
  );
}
const trigger = `not_announced_${process.pid}`;

/** On the shared dev server the stack's own worker serves `orders`: there we need a queue of our own. */
const queue = (name: string) => (skipping ? name : `${name}-test-${process.pid}`);

async function claimed(holdSeconds = 300) {
  const order = await claim(db, wish(account, event.id, { places: [seats.shift()!] }, { holdSeconds }));
  const start = {
    ...orderStart({ orderId: order.id, code: orderCode(order), event: event.slug, owner: account }),
    taskQueue: queue('orders'),
  };
  // A skipping server's clock runs years ahead of Postgres' (it jumps whenever a result is awaited): the hold is measured on its clock.
  if (skipping)
    await db
      .updateTable('orders')
      .set({ expires_at: new Date((await skipping.currentTimeMs()) + holdSeconds * 1000) })
      .where('id', '=', order.id)
      .execute();
  seen.set(order.id, expect.getState().currentTestName ?? order.id);
  return { id: order.id, places: order.places, start };
}
type Claimed = Awaited<ReturnType<typeof claimed>>;

/** The press alone: its receipt. */
async function press(o: Claimed, method: string): Promise<string> {
  const id = randomUUID();
  expect(await attempts.receive(db, { id, orderId: o.id, accountId: account, method, waitedMs: 0 })).toBeTruthy();
  return id;
}
/** The update that follows it. */
const ask = (o: Claimed, attempt: string): Promise<PayResult> =>
  client.workflow.executeUpdateWithStart<any, PayResult, [PayRequest]>(PAY, {
    args: [{ attempt }],
    updateId: attempt,
    startWorkflowOperation: new WithStartWorkflowOperation('order', o.start),
  });
const pay = async (o: Claimed, method: string): Promise<PayResult> => ask(o, await press(o, method));
const call = (o: Claimed) => client.workflow.getHandle(orderWorkflowId(o.id)).signal(CHANGED);
const outcomes = async (o: Claimed) =>
  (await db.selectFrom('payment_attempts').select('outcome').where('order_id', '=', o.id).orderBy('received_at').execute()).map(
    (a) => a.outcome,
  );
/** What the engine has written down of the order's (last) run: the kinds of its events, in order. */
async function written(o: Claimed): Promise<string[]> {
  const { events } = await client.workflow.getHandle(orderWorkflowId(o.id)).fetchHistory();
  return events!.map((e) =>
    Object.keys(e)
      .find((key) => key.endsWith('EventAttributes') && e[key as keyof typeof e])!
      .replace('EventAttributes', ''),
  );
}
const status = async (o: Claimed) =>
  (await db.selectFrom('orders').select('status').where('id', '=', o.id).executeTakeFirstOrThrow()).status;
const holders = async (o: Claimed) =>
  await db.selectFrom('places').select(['order_id', 'sold_at']).where('id', '=', o.places[0]!.id).executeTakeFirstOrThrow();

const mailsOf = async (o: Claimed) =>
  (await db.selectFrom('mails').select(['kind', 'sent_at']).where('order_id', '=', o.id).orderBy('kind').execute()).map((m) => ({
    kind: m.kind,
    sent: m.sent_at !== null,
  }));

/** What a webhook does: the fact is written, and the workflow is told. */
async function paidOutside(o: Claimed): Promise<void> {
  const open = await payments.begin(db, { stripe: provider }, { orderId: o.id });
  await stripeClient(standin.url).paymentIntents.confirm(open.providerRef, { payment_method: 'pm_card_visa' });
}
async function told(o: Claimed): Promise<void> {
  const payment = await db.selectFrom('payments').select('provider_ref').where('order_id', '=', o.id).executeTakeFirstOrThrow();
  const event = {
    id: `evt_${randomUUID()}`,
    type: 'payment_intent.succeeded',
    payment: await provider.read(payment.provider_ref!),
    payload: {},
  };
  await callbacks.receive(db, 'stripe', event);
  const { workflowIdConflictPolicy: _, ...start } = o.start;
  await client.workflow.signalWithStart('order', { ...start, signal: CHANGED, signalArgs: [] });
}
const result = (o: Claimed) => client.workflow.getHandle(orderWorkflowId(o.id)).result();

/** Starts the workflow of a hold that nobody pays, and waits until it has ended. */
async function expire(o: Claimed): Promise<void> {
  await client.workflow.start('order', o.start);
  if (skipping) await skipping.sleep(hold() * 1000 + 1000);
  await until(
    'expired',
    () => status(o),
    (s) => s === 'expired',
  );
}

test('nobody pays: the hold runs out in its own time, the order is expired and the place free', async () => {
  const o = await claimed(hold());
  await client.workflow.start('order', o.start);
  expect(await result(o)).toBe('expired');
  expect([await status(o), await holders(o)]).toEqual(['expired', { order_id: null, sold_at: null }]);
});

test('pay: confirmed, the place sold, one ticket', async () => {
  const o = await claimed();
  expect(await pay(o, 'tok_visa')).toEqual({ outcome: 'confirmed' });
  expect(await result(o)).toBe('confirmed');
  expect((await orders.find(db, o.id))!.tickets).toHaveLength(1);
});

test('paid at once is one workflow task: payment, tickets and mail in three durable writes and one step', async () => {
  const o = await claimed();
  expect(await pay(o, 'tok_visa')).toEqual({ outcome: 'confirmed' });
  expect(await result(o)).toBe('confirmed');
  expect(await mailsOf(o)).toEqual([{ kind: 'tickets', sent: true }]);
  expect(await written(o)).toEqual([
    ...['workflowExecutionStarted', 'workflowTaskScheduled'], // written by the update with start
    'workflowTaskStarted', // ... when the worker takes it
    ...['workflowTaskCompleted', 'workflowExecutionUpdateAccepted', 'markerRecorded', 'upsertWorkflowSearchAttributes'],
    ...['workflowExecutionUpdateCompleted', 'workflowExecutionCompleted'], // ... when it is done
  ]);
});

test('a mail that its recipient refuses for good is tried once; the order is done without it', async () => {
  const o = await claimed();
  mailServer.refuses = true;
  const before = mailServer.tries;
  try {
    expect(await pay(o, 'tok_visa')).toEqual({ outcome: 'confirmed' });
    expect(await result(o)).toBe('confirmed');
  } finally {
    mailServer.refuses = false;
  }
  expect(mailServer.tries - before).toBe(1);
  expect(await mailsOf(o)).toEqual([{ kind: 'tickets', sent: false }]);
  expect(await readFacts(db, o.id)).toMatchObject({ unsentMails: [], refusedMails: 1 });
  expect(await orders.find(db, o.id)).toMatchObject({ status: 'confirmed', mail_status: 'refused' });
});

test('what is paid with is not in the engine’s history', async () => {
  const o = await claimed();
  await client.workflow.start('order', o.start);
  expect(await pay(o, 'tok_chargeDeclined')).toMatchObject({ outcome: 'declined' });
  const history = await client.workflow.getHandle(orderWorkflowId(o.id)).fetchHistory();
  const bytes = Buffer.from(temporal.api.history.v1.History.encode(history).finish()).toString('latin1');
  expect(bytes).toContain('generic_decline'); // the outcome is
  expect(bytes).not.toContain('tok_chargeDeclined');
});

test('the provider does not answer the first try: the queue of the payments repeats it, confirmed', async () => {
  const o = await claimed();
  moods.missed = 2;
  expect(await pay(o, 'tok_visa')).toEqual({ outcome: 'confirmed' });
  expect(await result(o)).toBe('confirmed');
  expect(await written(o)).toContain('activityTaskCompleted');
});

test('two presses at once: each has its answer, one is charged', async () => {
  const o = await claimed();
  moods.missed = 2;
  const before = moods.charges;
  expect(await Promise.all([pay(o, 'tok_visa'), pay(o, 'tok_visa')])).toEqual([{ outcome: 'confirmed' }, { outcome: 'confirmed' }]);
  expect(moods.charges - before).toBe(3); // two that got no answer, one that did
});

test('a receipt whose update never came: decided when the workflow looks', async () => {
  const o = await claimed();
  await client.workflow.start('order', o.start);
  await press(o, 'tok_visa');
  await call(o);
  expect(await result(o)).toBe('confirmed');
  expect(await outcomes(o)).toEqual(['succeeded']);
});

test('... but not when it was pressed more than two minutes ago; its update is told so', async () => {
  const o = await claimed();
  const attempt = await press(o, 'tok_visa');
  await sql`update payment_attempts set received_at = now() - interval '121 seconds' where id = ${attempt}::uuid`.execute(db);
  await client.workflow.start('order', o.start);
  await call(o);
  expect(await ask(o, attempt)).toEqual({ outcome: 'not-payable' });
  expect(await status(o)).toBe('pending');
});

test('an update for what was decided before it came: the same answer, charged once', async () => {
  const o = await claimed();
  await client.workflow.start('order', o.start);
  const attempt = await press(o, 'tok_chargeDeclined');
  await call(o);
  await until(
    'decided by its receipt',
    () => outcomes(o),
    ([outcome]) => outcome === 'declined',
  );
  const before = moods.charges;
  expect(await ask(o, attempt)).toMatchObject({ outcome: 'declined', declineCode: 'generic_decline' });
  expect(moods.charges).toBe(before);
});

test('cancelled while the provider does not answer a charge: the payment is closed, the press told', async () => {
  const o = await claimed();
  moods.missed = 4;
  const asked = pay(o, 'tok_visa');
  await until(
    'the charge is under way',
    () => db.selectFrom('payment_attempts').select('begun_at').where('order_id', '=', o.id).executeTakeFirst(),
    (a) => a?.begun_at != null,
  );
  await cancel(db, o.id, as(account), { reason: 'test' });
  await call(o);
  expect(await asked).toEqual({ outcome: 'not-payable' });
  expect(await result(o)).toBe('cancelled');
  expect(await db.selectFrom('payments').select('status').where('order_id', '=', o.id).execute()).toEqual([{ status: 'cancelled' }]);
  moods.missed = 0;
});

test('a worker that serves the orders alone: payment and mail go through their own queues', async () => {
  const o = await claimed();
  const taskQueue = queue('orders-alone');
  const alone = await Worker.create({
    connection,
    taskQueue,
    workflowBundle: bundle,
    activities: orderActivities({ db, ticketKeys: TICKET_KEYS }),
  });
  o.start.taskQueue = taskQueue;
  await alone.runUntil(async () => {
    expect(await pay(o, 'tok_visa')).toEqual({ outcome: 'confirmed' });
    expect(await result(o)).toBe('confirmed');
  });
  expect(await mailsOf(o)).toEqual([{ kind: 'tickets', sent: true }]);
});

test('the mail server is down: paid, cancelled and refunded all the same; each mail goes out once when it is back', async () => {
  mailServer.up = false;
  const o = await claimed();
  expect(await pay(o, 'tok_visa')).toEqual({ outcome: 'confirmed' });
  await cancel(db, o.id, as(account), { reason: 'test' });
  await client.workflow.getHandle(orderWorkflowId(o.id)).signal(CHANGED); // the same run: it still has a mail to deliver
  await until(
    'refunded',
    () => orders.find(db, o.id),
    (v) => v?.refund?.status === 'succeeded',
  );
  await until(
    'three mails promised',
    () => mailsOf(o),
    (m) => m.length === 3,
  );
  expect(await mailsOf(o)).toEqual(['cancelled', 'refunded', 'tickets'].map((kind) => ({ kind, sent: false })));
  expect((await client.workflow.getHandle(orderWorkflowId(o.id)).describe()).status.name).toBe('RUNNING');
  mailServer.up = true;
  expect(await result(o)).toBe('cancelled');
  expect(await mailsOf(o)).toEqual(['cancelled', 'refunded', 'tickets'].map((kind) => ({ kind, sent: true })));
  const code = o.start.args[0].code;
  expect(mailServer.taken.filter((m) => m.includes(code))).toHaveLength(3);
});

test('the mail server is down while the hold runs out: expired in time, the offer still told', async () => {
  mailServer.up = false;
  const o = await claimed(hold());
  await db.transaction().execute((tx) => mails.enqueue(tx, 'waitlist-offer', o.id, { link: 'x', until: '2030-01-01T18:00:00Z' }));
  await expire(o);
  expect(await mailsOf(o)).toEqual([{ kind: 'waitlist-offer', sent: false }]);
  mailServer.up = true;
  expect(await result(o)).toBe('expired');
  expect(await mailsOf(o)).toEqual([{ kind: 'waitlist-offer', sent: true }]);
});

test('a mail nobody tried for a minute is announced by the sweep, and then left in peace for a while', async () => {
  const o = await claimed();
  await db.transaction().execute((tx) => mails.enqueue(tx, 'waitlist-offer', o.id, { link: 'x', until: '2030-01-01T18:00:00Z' }));
  /** What a sweep announces of it when the mail is so old and was tried so long ago. */
  const announced = (mail: { created: string; tried?: string }) =>
    db.transaction().execute(async (tx) => {
      await sql`set local billetter.seen = 'yes'`.execute(tx);
      await sql`update mails set created_at = now() - ${mail.created}::interval, tried_at = now() - ${mail.tried ?? null}::interval
        where order_id = ${o.id}::uuid`.execute(tx);
      await sweep(tx);
      const found = await tx.deleteFrom('outbox').where('subject_id', '=', o.id).returning('topic').execute();
      const { tried_at } = await tx.selectFrom('mails').select('tried_at').where('order_id', '=', o.id).executeTakeFirstOrThrow();
      return [...found.map((r) => r.topic), tried_at && Date.now() - tried_at.getTime() < 60_000 ? 'counts as tried' : 'not tried'];
    });
  expect(await announced({ created: '59 seconds' })).toEqual(['not tried']);
  expect(await announced({ created: '61 seconds' })).toEqual(['order.changed', 'counts as tried']);
  expect(await announced({ created: '1 hour', tried: '14 minutes' })).toEqual(['not tried']);
  expect(await announced({ created: '1 hour', tried: '16 minutes' })).toEqual(['order.changed', 'counts as tried']);
  await client.workflow.start('order', o.start);
  await until(
    'delivered',
    () => mailsOf(o),
    (m) => m.every((x) => x.sent),
  );
});

test('decline, then pay: one run, confirmed', async () => {
  const o = await claimed();
  expect(await pay(o, 'tok_chargeDeclined')).toMatchObject({ outcome: 'declined', declineCode: 'generic_decline' });
  expect(await status(o)).toBe('pending');
  expect(await pay(o, 'tok_visa')).toEqual({ outcome: 'confirmed' });
});

test('the signal of a payment made elsewhere: confirmed', async () => {
  const o = await claimed();
  await client.workflow.start('order', o.start);
  await paidOutside(o);
  await told(o);
  expect(await result(o)).toBe('confirmed');
});

test('the signal comes before the start: confirmed all the same', async () => {
  const o = await claimed();
  await paidOutside(o);
  await told(o);
  expect(await result(o)).toBe('confirmed');
});

test('cancelled while it waits: ends cancelled, the open payment closed at the provider', async () => {
  const o = await claimed();
  await client.workflow.start('order', o.start);
  const open = await payments.begin(db, { stripe: provider }, { orderId: o.id });
  await cancel(db, o.id, as(account), { reason: 'test' });
  await client.workflow.getHandle(orderWorkflowId(o.id)).signal(CHANGED);
  expect(await result(o)).toBe('cancelled');
  expect((await provider.read(open.providerRef)).status).toBe('cancelled');
});

test('cancelled after payment: a second chapter refunds it', async () => {
  const o = await claimed();
  await pay(o, 'tok_visa');
  await result(o);
  await cancel(db, o.id, as(account), { reason: 'test' });
  const { workflowIdConflictPolicy: _, ...start } = o.start;
  await client.workflow.signalWithStart('order', { ...start, signal: CHANGED, signalArgs: [] });
  await until(
    'refunded',
    () => orders.find(db, o.id),
    (v) => v?.refund?.status === 'succeeded',
  );
  expect(await result(o)).toBe('cancelled');
});

test('money after expiry, places free: confirmed after all', async () => {
  const o = await claimed();
  await paidOutside(o);
  await db.updateTable('orders').set({ expires_at: sql<Date>`now() - interval '1 second'` }).where('id', '=', o.id).execute();
  await orders.expire(db, o.id, new Date());
  await told(o);
  expect(await result(o)).toBe('confirmed');
  expect(await holders(o)).toMatchObject({ order_id: o.id });
});

test('money after expiry, place taken: refunded', async () => {
  const o = await claimed();
  await paidOutside(o);
  await db.updateTable('orders').set({ expires_at: sql<Date>`now() - interval '1 second'` }).where('id', '=', o.id).execute();
  await orders.expire(db, o.id, new Date());
  await claim(db, wish(account, event.id, { places: [o.places[0]!.id] }));
  await told(o);
  await until(
    'refunded',
    () => orders.find(db, o.id),
    (v) => v?.refund?.status === 'succeeded',
  );
  expect(await result(o)).toBe('expired');
});

/** Money of a wrong amount, captured and settled: the order still waits for its own, and owes this back. */
async function owing(o: Claimed): Promise<void> {
  await capture(db, o.id, { amountMinor: 1 });
  await settle(db, o.id, TICKET_KEYS);
  expect(await db.selectFrom('refunds').select('status').where('order_id', '=', o.id).execute()).toEqual([{ status: 'pending' }]);
}

test('a pending order owes a refund the bank does not decide: the hold ends all the same, and the bank is asked with pauses', async () => {
  moods.bank = 'pending';
  const o = await claimed(hold());
  await owing(o);
  const before = moods.looks;
  await expire(o);
  // After one minute, two, four, eight, sixteen: never more often, whatever calls.
  for (let i = 0; i < 5; i++) await call(o);
  expect(moods.looks - before).toBeLessThan(9);
  expect((await client.workflow.getHandle(orderWorkflowId(o.id)).describe()).status.name).toBe('RUNNING');
  moods.bank = 'succeeded';
  expect(await result(o)).toBe('expired');
  moods.bank = undefined;
});

test('a refund the bank does not decide while a charge gets no answer: asked about once, not without a pause', async () => {
  moods.bank = 'pending';
  const o = await claimed();
  await owing(o);
  moods.missed = 3;
  const before = moods.looks;
  expect(await pay(o, 'tok_visa')).toEqual({ outcome: 'confirmed' });
  expect(moods.looks - before).toBeLessThan(3);
  moods.bank = 'succeeded';
  expect(await result(o)).toBe('confirmed');
  moods.bank = undefined;
});

test('a refund that fails for good: the hold ends all the same, the reason is shown, once an hour it is asked again, and it heals', async () => {
  moods.knowsNothing = true;
  const o = await claimed(hold());
  await owing(o);
  const before = moods.looks;
  await expire(o);
  for (let i = 0; i < 5; i++) await call(o);
  const handle = client.workflow.getHandle(orderWorkflowId(o.id));
  await until(
    'shown',
    async () => (await handle.query<{ currentDetails?: string }>('__temporal_workflow_metadata')).currentDetails,
    (details) => !!details?.includes('The payment provider refuses: No such payment.'),
  );
  expect((await handle.describe()).status.name).toBe('RUNNING');
  expect(moods.looks - before).toBeLessThan(4);
  moods.knowsNothing = false;
  if (!skipping) return void (await handle.terminate());
  moods.bank = 'succeeded';
  expect(await result(o)).toBe('expired');
  moods.bank = undefined;
});

test('a payment that the provider does not know declines the card, and another try may do better', async () => {
  const o = await claimed();
  moods.knowsNothing = true;
  expect(await pay(o, 'tok_visa')).toEqual({ outcome: 'declined', declineCode: 'resource_missing', message: 'No such payment.' });
  moods.knowsNothing = false;
  expect(await pay(o, 'tok_visa')).toEqual({ outcome: 'confirmed' });
});

test('paying an expired order: expired, and nothing is charged', async () => {
  const o = await claimed();
  const attempt = await press(o, 'tok_visa');
  await db.updateTable('orders').set({ expires_at: sql<Date>`now() - interval '1 second'` }).where('id', '=', o.id).execute();
  expect(await ask(o, attempt)).toEqual({ outcome: 'expired' });
  expect(await db.selectFrom('payments').select('id').where('order_id', '=', o.id).execute()).toEqual([]);
});

test('an order that costs nothing: confirmed by confirming, no payment made', async () => {
  const o = await claimed();
  await db.updateTable('orders').set({ total_minor: 0 }).where('id', '=', o.id).execute();
  await db.updateTable('order_items').set({ price_minor: 0 }).where('order_id', '=', o.id).execute();
  expect(await pay(o, 'tok_visa')).toEqual({ outcome: 'confirmed' });
  expect((await orders.find(db, o.id))!).toMatchObject({ status: 'confirmed', payment: null, tickets: [{}] });
});

test('an order of nothing: confirming it changes nothing and promises no mail', async () => {
  const o = await claimed();
  await db.updateTable('orders').set({ total_minor: 0 }).where('id', '=', o.id).execute();
  await db.deleteFrom('order_items').where('order_id', '=', o.id).execute();
  expect((await pay(o, 'tok_visa')).outcome).not.toBe('confirmed');
  expect(await status(o)).toBe('pending');
  expect(await db.selectFrom('mails').select('kind').where('order_id', '=', o.id).execute()).toEqual([]);
});

test('an order that is not there fails the workflow once, with its code', async () => {
  const id = randomUUID();
  const start = { ...orderStart({ orderId: id, code: 'EVT0', event: event.slug, owner: account }), taskQueue: queue('orders') };
  await client.workflow.start('order', start);
  const failure = await client.workflow
    .getHandle(orderWorkflowId(id))
    .result()
    .catch((e) => e);
  expect(String(failure.cause?.cause?.type ?? failure.cause?.type)).toBe('order_not_found');
});

test('every history above replays on the code as it is (SAVE_HISTORIES=1 keeps them for replay.test.ts)', async () => {
  expect(seen.size).toBeGreaterThan(5);
  for (const [id, branch] of seen) {
    const history = await client.workflow.getHandle(orderWorkflowId(id)).fetchHistory();
    await Worker.runReplayHistory({ workflowBundle: bundle }, history, orderWorkflowId(id));
    if (process.env.SAVE_HISTORIES) saveHistory(`order-${branch}`, history);
  }
});
