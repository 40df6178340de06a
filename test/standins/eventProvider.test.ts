// The event provider's stand-in: its states, who has which place, reads that lag, and every fault switch.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type RunningEventProvider, startEventProvider } from '../../standins/event-provider/standin.ts';
import { until } from '../support/client.ts';

let provider: RunningEventProvider;
const open: RunningEventProvider[] = [];
const start = async (options: Partial<Parameters<typeof startEventProvider>[0]> = {}) => {
  const running = await startEventProvider({ port: 0, places: 250, realm: 'abcdef01', ...options });
  open.push(running);
  return running;
};
beforeEach(async () => {
  provider = await start();
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

async function ask(method: string, path: string, body?: unknown, at = provider) {
  const answer = await fetch(at.url + path, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  const text = await answer.text();
  return { status: answer.status, body: text ? JSON.parse(text) : undefined };
}
const api = (method: string, path: string, body?: unknown, at = provider) => ask(method, `/api/partners/v1${path}`, body, at);
const switches = (wish: object) => ask('POST', '/_standin/faults', wish);
const begin = async (at = provider) => (await api('POST', '/orders', undefined, at)).body.order_id as string;
const place = (n: number) => `abcdef01-0000-4000-8000-${n.toString(16).padStart(12, '0')}`;
const select = async (order: string, n: number) => (await api('PATCH', `/places/${place(n)}/select`, { order_id: order })).status;
const move = async (order: string, to: string) => (await api('PATCH', `/orders/${order}/${to}`)).status;
/** As they truly are. */
const orders = async () => (await ask('GET', '/_standin/orders')).body as { id: string; status: string; places: string[] }[];

test('places are rows of a hundred, in pages of a thousand at most; there is no other place', async () => {
  const first = (await api('GET', '/places?page=1&pageSize=2')).body;
  expect(first).toEqual([
    { id: place(0), row: 1, seat: 1, is_free: true },
    { id: place(1), row: 1, seat: 2, is_free: true },
  ]);
  const last = (await api('GET', '/places?page=3&pageSize=100')).body;
  expect([last.length, last.at(-1)]).toEqual([50, { id: place(249), row: 3, seat: 50, is_free: true }]);
  expect((await api('GET', '/places?page=4&pageSize=100')).body).toEqual([]);
  for (const bad of ['page=0', 'pageSize=1001', 'pageSize=x'])
    expect(await api('GET', `/places?${bad}`)).toEqual({ status: 400, body: undefined });
  expect((await api('GET', `/places/${place(249)}`)).body.is_free).toBe(true);
  for (const none of [place(250), 'x', place(1).replace('abcdef01', 'abcdef02')])
    expect((await api('GET', `/places/${none}`)).status).toBe(404);
});

describe('an order', () => {
  test('is started, submitted with places, confirmed; each step once and in this order', async () => {
    await switches({ lagMs: 0 });
    const order = await begin();
    expect([await move(order, 'submit'), await move(order, 'confirm')]).toEqual([409, 409]);
    expect([await select(order, 1), await select(order, 2)]).toEqual([204, 204]);
    expect([await move(order, 'submit'), await move(order, 'submit'), await select(order, 3)]).toEqual([200, 409, 409]);
    expect([await move(order, 'confirm'), await move(order, 'confirm'), await move(order, 'cancel')]).toEqual([200, 409, 409]);
    expect((await api('GET', `/orders/${order}`)).body).toEqual({
      ...{ id: order, status: 'CONFIRMED', places_count: 2 },
      ...{ started_at: expect.any(Number), updated_at: expect.any(Number) },
    });
    expect((await api('GET', '/orders/nobody')).status).toBe(404);
  });

  test('cancelled, started or submitted, gives its places back', async () => {
    const [a, b] = [await begin(), await begin()];
    await select(a, 1);
    await select(b, 2);
    await move(b, 'submit');
    expect([await move(a, 'cancel'), await move(b, 'cancel'), await move(a, 'cancel')]).toEqual([200, 200, 409]);
    expect((await orders()).map((one) => [one.status, one.places])).toEqual([
      ['CANCELLED', []],
      ['CANCELLED', []],
    ]);
    expect(await select(await begin(), 1)).toBe(204);
  });
});

describe('a place', () => {
  const release = async (n: number, order?: string) => (await api('PATCH', `/places/${place(n)}/release`, { order_id: order })).status;

  test('is one order’s: nobody else gets it, and its own order is told no more than that', async () => {
    const [a, b] = [await begin(), await begin()];
    expect([await select(a, 1), await select(b, 1), await select(a, 1), await select('nobody', 2)]).toEqual([204, 409, 409, 422]);
    expect([await release(1, b), await release(1, a), await release(1, a), await release(999, a)]).toEqual([403, 204, 409, 404]);
  });

  test('of a submitted or confirmed order stays, unless the provider takes it back', async () => {
    const order = await begin();
    await select(order, 1);
    await move(order, 'submit');
    expect(await release(1, order)).toBe(409);
    await move(order, 'confirm');
    expect(await release(1, order)).toBe(409);
    await switches({ takesBack: true });
    expect([await release(1, order), (await orders())[0]!.places]).toEqual([204, []]);
  });

  test('may be another partner’s, whose it stays until he gives it up', async () => {
    const order = await begin();
    expect((await ask('POST', '/_standin/take', { place: place(1) })).status).toBe(200);
    expect([await select(order, 1), await release(1, order)]).toEqual([409, 403]);
    expect((await ask('POST', '/_standin/take', { place: place(1) })).status).toBe(409);
    expect([(await ask('POST', '/_standin/free', { place: place(1) })).status, await select(order, 1)]).toEqual([200, 204]);
  });
});

test('reads lag: a new order is not there yet, a taken place still free; both follow in the order they were written', async () => {
  await switches({ lagMs: 300 });
  const order = await begin();
  await select(order, 1);
  expect([(await api('GET', `/orders/${order}`)).status, (await api('GET', `/places/${place(1)}`)).body.is_free]).toEqual([404, true]);
  await until(
    'the place is seen taken',
    () => api('GET', `/places/${place(1)}`),
    (told) => !told.body.is_free,
  );
  expect((await api('GET', `/orders/${order}`)).body.places_count).toBe(1);
});

describe('a fault switch', () => {
  const gone = (path: string, body?: object) =>
    fetch(`${provider.url}/api/partners/v1${path}`, { method: 'PATCH', body: JSON.stringify(body), signal: AbortSignal.timeout(150) });

  test('fail500, conflict: nothing happens; lost500: it does, so often as was said', async () => {
    const order = await begin();
    await switches({ fail500: 1 });
    expect([await select(order, 1), (await orders())[0]!.places]).toEqual([500, []]);
    await switches({ conflict: 1 });
    expect([await select(order, 1), (await orders())[0]!.places]).toEqual([409, []]);
    await switches({ lost500: 1 });
    expect([await select(order, 1), (await orders())[0]!.places, await select(order, 2)]).toEqual([500, [place(1)], 204]);
  });

  test('hang: it happens and nobody hears of it; slow: it happens later, though its client has gone', async () => {
    const order = await begin();
    await switches({ hang: 1 });
    await expect(gone(`/places/${place(1)}/select`, { order_id: order })).rejects.toThrow();
    expect((await orders())[0]!.places).toEqual([place(1)]);
    await switches({ slow: 1, slowMs: 400 });
    await expect(gone(`/places/${place(2)}/select`, { order_id: order })).rejects.toThrow();
    expect((await orders())[0]!.places).toEqual([place(1)]);
    await until('it happens', orders, ([one]) => one!.places.length === 2);
  });

  test('is limited to paths, misspelt ones are refused, and reset turns all of them back', async () => {
    const order = await begin();
    await select(order, 1);
    await switches({ fail500: 5, paths: 'PATCH .*/confirm$' });
    expect([await move(order, 'submit'), await move(order, 'confirm')]).toEqual([200, 500]);
    for (const wrong of [{ fail: 1 }, { fail500: -1 }, { fail500: true }, { takesBack: 1 }, { paths: '(' }])
      expect((await switches(wrong)).status, JSON.stringify(wrong)).toBe(400);
    await ask('POST', '/_standin/reset');
    expect([await move(order, 'confirm'), (await ask('GET', '/_standin/faults')).body.fail500]).toEqual([200, 0]);
  });
});

test('the provider itself may end an order; a page may turn no switch; wiping leaves nothing', async () => {
  const order = await begin();
  await select(order, 1);
  expect((await ask('POST', '/_standin/cancel', { order })).status).toBe(200);
  expect((await orders())[0]).toMatchObject({ status: 'CANCELLED', places: [] });
  const page = await fetch(`${provider.url}/_standin/reset`, { method: 'POST', headers: { origin: 'http://evil.example' } });
  expect(page.status).toBe(403);
  await ask('POST', '/_standin/wipe');
  expect(await orders()).toEqual([]);
});

test('what is no JSON object, or too long, is a 400; another path a 404, another method a 405', async () => {
  const raw = (body: string) => fetch(`${provider.url}/api/partners/v1/orders`, { method: 'POST', body });
  expect([(await raw('[')).status, (await raw('[]')).status, (await raw(`"${'x'.repeat(20_000)}"`)).status]).toEqual([400, 400, 400]);
  expect([(await api('GET', '/nothing')).status, (await api('GET', '/orders')).status]).toEqual([404, 405]);
});

test('with a file, the next start knows it all, but for a last line that was cut', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'provider-'));
  const stateFile = join(dir, 'sub', 'state.jsonl');
  const first = await start({ stateFile });
  const order = await begin(first);
  await api('PATCH', `/places/${place(7)}/select`, { order_id: order }, first);
  await first.close();
  const { appendFileSync } = await import('node:fs');
  appendFileSync(stateFile, '{"place":8,"hol');
  const second = await start({ stateFile });
  expect((await ask('GET', '/_standin/orders', undefined, second)).body).toMatchObject([{ id: order, places: [place(7)] }]);
  expect((await api('PATCH', `/orders/${order}/submit`, undefined, second)).status).toBe(200);
  const third = await start({ stateFile });
  expect((await api('GET', `/orders/${order}`, undefined, third)).body.status).toBe('SUBMITTED');
  rmSync(dir, { recursive: true });
});
