// The net beside a provider that shows no list: each payment of ours is asked about, and each kind of difference is found.
import { sql } from 'kysely';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { cancel } from '../../services/orders/cancel.ts';
import { verify } from '../../services/reports/verify.ts';
import { as } from '../support/claims.ts';
import { type PaygateWorld, startPaygateWorld } from '../support/paygateWorld.ts';

let world: PaygateWorld;
let db: PaygateWorld['db'];
let gate: PaygateWorld['gate'];
beforeAll(async () => {
  world = await startPaygateWorld();
  ({ db, gate } = world);
});
afterAll(() => world?.close());

async function look(leaveOut: string[] = []) {
  const parts = { db, providers: gate.providers };
  const options = { grace: 0, only: ['ledger/paygate'], leaveOut: leaveOut.map((id) => ({ id })) };
  const outcomes = [];
  for await (const outcome of verify(parts, options)) outcomes.push(outcome);
  return outcomes[0]!;
}

/** The one finding about this order, made since the others were found. */
async function only(orderId: string, others: string[]): Promise<string> {
  const { findings } = await look(others);
  expect(findings.map((finding) => finding.about[1])).toEqual([orderId]);
  return findings[0]!.text;
}

it('is clean where all is as it says; what is open, paid or returned alike', async () => {
  await world.opened();
  await world.bought();
  const gone = await world.bought();
  await cancel(db, gone.id, as(gone.accountId), { reason: 'test' });
  await world.look(gone.id);
  expect(await look()).toMatchObject({ check: 'ledger/paygate/payments', looked: 3, found: 0 });
});

it('finds what differs, each by what it is', async () => {
  const found: string[] = [];

  const unknown = await world.opened();
  await gate.act('pay', unknown.ref);
  await sql`update orders set status = 'cancelled', ended_at = now() where id = ${unknown.id}::uuid`.execute(db);
  expect(await only(unknown.id, found)).toMatch(/is created here, but its money is set aside/);
  await gate.provider.capture!({ key: 'x', ref: unknown.ref, amountMinor: 5000, currency: 'KZT' });
  expect(await only(unknown.id, found)).toMatch(/is created here, but captured .* 50.00 KZT; its order is cancelled/);
  found.push(unknown.id);

  const invented = await world.opened();
  await sql`update payments set status = 'succeeded', succeeded_at = now() where id = ${invented.paymentId}::uuid`.execute(db);
  expect(await only(invented.id, found)).toMatch(/is captured by our rows, but not at paygate/);
  await sql`update payments set provider_ref = 'pay_nowhere' where id = ${invented.paymentId}::uuid`.execute(db);
  expect(await only(invented.id, found)).toMatch(/is captured by our rows, but not at paygate \(pay_nowhere\)/);
  found.push(invented.id);

  const dearer = await world.bought();
  await sql`update payments set amount_minor = 6000 where id = ${dearer.paymentId}::uuid`.execute(db);
  expect(await only(dearer.id, found)).toMatch(/is 60.00 KZT here, but 50.00 KZT at paygate/);
  found.push(dearer.id);

  const returned = await world.bought();
  await gate.act('refund', returned.ref);
  expect(await only(returned.id, found)).toMatch(/returned 0.00 KZT by our rows, but 50.00 KZT at paygate/);
});

it('could not look while the gateway is away', async () => {
  await gate.faults({ fail500: 1000 });
  expect((await look()).failed).toMatch(/did not answer/);
  await gate.calm();
});
