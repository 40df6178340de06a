// The payment gateway's stand-in: its calls, its page, its notifications, and what it keeps.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { tokenOf } from '../../services/payments/paygateCalls.ts';
import { until } from '../support/client.ts';
import { type Paygate, startPaygate, TEAM } from '../support/paygate.ts';

/** A shop that keeps what it was told. */
const shop = { status: 200, told: [] as { paymentId: string; status: string; timestamp: string }[] };
const server = createServer(async (request, response) => {
  let body = '';
  for await (const part of request) body += part;
  shop.told.push(JSON.parse(body));
  response.writeHead(shop.status).end();
});
let shopUrl: string;
let gate: Paygate;
beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  shopUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  gate = await startPaygate();
});
afterEach(async () => {
  shop.status = 200;
  await gate.calm();
});
afterAll(async () => {
  await gate?.close();
  server.close();
});

const { slug: teamSlug, password } = TEAM;
const post = async (path: string, body: object, url = gate.url) => {
  const response = await fetch(`${url}/api/v1/${path}`, { method: 'POST', body: JSON.stringify(body) });
  return { status: response.status, body: (await response.json()) as any };
};

async function init(more: object = {}, url = gate.url) {
  const asked = { amount: 19_200, currency: 'KZT', orderId: '77', ...more };
  const token = tokenOf(asked.amount, asked.currency, asked.orderId, password, teamSlug);
  const back = { successURL: `${shopUrl}/ok?orderId=77`, failURL: `${shopUrl}/no?orderId=77`, notificationURL: shopUrl };
  return post('PaymentInit/init', { teamSlug, token, ...asked, ...back, ...more }, url);
}
const about = (paymentId: string) => ({ teamSlug, token: tokenOf(paymentId, password, teamSlug), paymentId });
const told = (paymentId: string) => shop.told.filter((one) => one.paymentId === paymentId).map((one) => one.status);

describe('the calls', () => {
  it('init answers where to pay; check, confirm and cancel by state', async () => {
    const { status, body } = await init();
    expect([status, body]).toMatchObject([200, { success: true, status: 'NEW', orderId: '77', amount: 19_200 }]);
    const { paymentId, paymentURL, expiresAt } = body;
    expect(paymentURL).toBe(`${gate.url}/pay/${paymentId}`);
    expect(Date.parse(expiresAt)).toBeGreaterThan(Date.now());

    expect((await post('PaymentConfirm/confirm', about(paymentId))).body).toMatchObject({ success: false, errorCode: '3001' });
    await gate.act('pay', paymentId);
    expect((await post('PaymentCheck/check', about(paymentId))).body.payments).toMatchObject([{ paymentId, status: 'AUTHORIZED' }]);
    expect((await post('PaymentConfirm/confirm', { ...about(paymentId), amount: 19_200 })).body.status).toBe('CONFIRMED');
    expect((await post('PaymentConfirm/confirm', about(paymentId))).status).toBe(409);
    expect((await post('PaymentCancel/cancel', { ...about(paymentId), amount: 1 })).body.errorCode).toBe('1004');
    expect((await post('PaymentCancel/cancel', about(paymentId))).body).toMatchObject({ status: 'REFUNDED', cancellationType: 'REFUND' });
    expect((await post('PaymentCancel/cancel', about(paymentId))).body.errorCode).toBe('4001');
  });

  it('refuse what is wrong, each with a code', async () => {
    const { paymentId } = (await init()).body;
    const codes = await Promise.all([
      init({ amount: 0 }),
      init({ currency: 'kzt' }),
      init({ orderId: '' }),
      init({ successURL: 'nowhere' }),
      init({ token: 'wrong' }),
      init({ teamSlug: 'other' }),
      post('PaymentCheck/check', { ...about(paymentId), token: 'wrong' }),
      post('PaymentCheck/check', about('pay_none')),
    ]);
    const said = codes.map(({ status, body }) => `${status} ${body.errorCode}`);
    expect(said).toEqual(['400 1004', '400 1005', '400 1006', '400 2001', '401 1001', '401 1002', '401 1001', '404 1007']);
  });
});

describe('the page', () => {
  const button = (paymentId: string, name: string, origin = gate.url) =>
    fetch(`${gate.url}/pay/${paymentId}/${name}`, { method: 'POST', redirect: 'manual', headers: { origin } });

  it.each([
    ['pay', 'AUTHORIZED', '/ok?orderId=77'],
    ['decline', 'FAILED', '/no?orderId=77'],
    ['cancel', 'CANCELLED', '/no?orderId=77'],
  ])('%s makes it %s and leads back', async (name, status, to) => {
    const { paymentId, paymentURL } = (await init()).body;
    const page = await (await fetch(paymentURL)).text();
    expect(page).toContain('192.00 KZT');
    expect(await gate.status(paymentId)).toBe('FORM_SHOWED');
    const answer = await button(paymentId, name);
    expect([answer.status, answer.headers.get('location')]).toEqual([303, shopUrl + to]);
    expect(await gate.status(paymentId)).toBe(status);
    expect(await (await fetch(paymentURL)).text()).toContain(`This payment is ${status}`);
  });

  it('takes no press from another site, and none when it is over', async () => {
    const { paymentId } = (await init()).body;
    expect((await button(paymentId, 'pay', 'https://evil.example')).status).toBe(403);
    await gate.act('expire', paymentId);
    expect((await button(paymentId, 'pay')).status).toBe(409);
  });
});

describe('notifications', () => {
  it('come again until they are taken', async () => {
    shop.status = 503;
    const { paymentId } = (await init()).body;
    await until(
      'it was tried twice',
      async () => told(paymentId),
      (all) => all.length > 1,
    );
    shop.status = 200;
    const mine = async () => (await gate.notifications()).filter((one) => one.paymentId === paymentId);
    await until('it is delivered', mine, ([one]) => one?.state === 'delivered');
  });

  it('may be doubled, lost, wrong, late and in the wrong order', async () => {
    await gate.faults({ duplicate: 1 });
    const twice = (await init()).body.paymentId;
    await until(
      'both came',
      async () => told(twice),
      (all) => all.length === 2,
    );

    await gate.faults({ lose: 1 });
    const lost = (await init()).body.paymentId;
    await gate.faults({ says: 'CONFIRMED' });
    await gate.act('decline', lost);
    await until(
      'the wrong one came, and it alone',
      async () => told(lost),
      (all) => all.join() === 'CONFIRMED',
    );

    await gate.faults({ says: '', reverse: true });
    const reversed = (await init()).body.paymentId;
    await gate.act('pay', reversed);
    await gate.faults({ reverse: false });
    await until(
      'last first',
      async () => told(reversed),
      (all) => all.join() === 'AUTHORIZED,NEW',
    );
  });
});

it('a payment that nobody pays expires', async () => {
  const quick = await startPaygate({ lifeMs: 1 });
  const { paymentId } = (await init({}, quick.url)).body;
  await until(
    'it is over',
    () => quick.status(paymentId),
    (status) => status === 'EXPIRED',
  );
  await quick.close();
});

it('payments and notifications outlive the process', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'paygate-'));
  const stateFile = join(dir, 'state.jsonl');
  shop.status = 503;
  const first = await startPaygate({ stateFile });
  const { paymentId } = (await init({}, first.url)).body;
  await until(
    'it was refused',
    async () => told(paymentId),
    (all) => all.length > 0,
  );
  await first.close();
  shop.status = 200;
  const second = await startPaygate({ stateFile });
  expect(await second.status(paymentId)).toBe('NEW');
  await until(
    'it was sent again',
    () => second.notifications(),
    ([one]) => one?.state === 'delivered',
  );
  await second.close();
  rmSync(dir, { recursive: true });
});

it('misspelt switches are refused', async () => {
  for (const wish of [{ fail: 1 }, { lose: -1 }, { reverse: 1 }, { paths: '(' }, { says: 'PAID' }, { lostAnswerAs: 'x' }])
    await expect(gate.faults(wish)).rejects.toThrow(/answered 400/);
});
