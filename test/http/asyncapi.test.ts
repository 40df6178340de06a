// The AsyncAPI document of live seats: valid by AsyncAPI's own parser, and true of the messages of real sockets.
import { Parser } from '@asyncapi/parser';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { loadConfig } from '../../config.ts';
import { startGateway } from '../../gateway/compose.ts';
import { CLOSE } from '../../gateway/live/shapes.ts';
import { createLog } from '../../log.ts';
import { claim } from '../../services/orders/claim/claim.ts';
import { wish } from '../support/claims.ts';
import { until } from '../support/client.ts';
import { freshDatabase } from '../support/database.ts';
import { type Screen, watch } from '../support/live.ts';
import { person, show } from '../support/made.ts';

const DOCUMENT = '/api/v1/asyncapi.json';

let base: Awaited<ReturnType<typeof freshDatabase>>;
let gateway: Awaited<ReturnType<typeof startGateway>>;
let url: string;
let document: any;
const screens: Screen[] = [];

beforeAll(async () => {
  base = await freshDatabase();
  const config = loadConfig({ NODE_ENV: 'test', PORT: '0', HOST: '127.0.0.1', DATABASE_URL: base.url });
  gateway = await startGateway(config, createLog('silent', 'gateway'));
  url = `http://127.0.0.1:${gateway.port}`;
  document = await (await fetch(`${url}${DOCUMENT}`)).json();
});
afterAll(async () => {
  for (const { ws } of screens) ws.terminate();
  await gateway?.stop(500);
  await base?.close();
});

/** What is wrong with a message, by the document; undefined when nothing is. */
function fault(name: string, message: unknown): string | undefined {
  const ajv = new Ajv({ strict: false });
  (addFormats as unknown as (ajv: Ajv) => void)(ajv);
  const { payload } = document.components.messages[name] ?? {};
  if (!payload) return `there is no message ${name}`;
  return ajv.validate(payload, message) ? undefined : ajv.errorsText(ajv.errors);
}

const closed = (ws: WebSocket) => new Promise<number>((resolve) => ws.once('close', resolve));

async function open(eventId: string, options: Parameters<typeof watch>[2] = {}): Promise<Screen> {
  const screen = await watch(url, eventId, options);
  screens.push(screen);
  return screen;
}

const seen = (screen: Screen, type: string, count = 1) =>
  until(
    type,
    async () => screen.messages.filter((message) => message.type === type),
    (found) => found.length >= count,
  );

describe('the document', () => {
  it("AsyncAPI's parser has no error and no warning for it, and would have", async () => {
    const diagnose = async (text: unknown) => {
      const { diagnostics } = await new Parser().parse(JSON.stringify(text));
      // 0 is an error, 1 a warning; the rest are hints, one of them that 3.1 is newer than what most tools read.
      return diagnostics.filter(({ severity }) => severity <= 1).map(({ message }) => message);
    };
    expect(document.asyncapi).toBe('3.0.0');
    expect(await diagnose(document)).toEqual([]);
    expect(await diagnose({ ...document, channels: { liveSeats: { ...document.channels.liveSeats, messages: {} } } })).not.toEqual([]);
  });

  it('the address, the limits and the close codes are those of the gateway', async () => {
    const { address, 'x-close-codes': codes } = document.channels.liveSeats;
    expect(codes.map(({ code }: { code: number }) => code)).toEqual(Object.values(CLOSE));
    const { id } = await show(base.db);
    const ws = new WebSocket(`${url.replace('http', 'ws')}${address.replace('{event_id}', id)}`);
    await new Promise((resolve) => ws.once('open', resolve));
    ws.send('x'.repeat(Number(/Messages of (\d+) bytes/.exec(document.info.description)![1]) + 1));
    expect(await closed(ws)).toBe(CLOSE.tooBig);

    const faulty = await open(id, { subscribe: false });
    const limit = Number(/(\d+) faulty ones/.exec(document.info.description)![1]);
    for (let i = 0; i < limit; i++) faulty.send('{');
    expect(await closed(faulty.ws)).toBe(CLOSE.policy);
    expect(await closed((await open('none', { subscribe: false })).ws)).toBe(CLOSE.eventNotFound);
  });
});

describe('messages of a live socket', () => {
  it('each is as documented, in both directions', async () => {
    const event = await show(base.db, { seats: 4 });
    const buyer = await person(base.db);
    const hold = (seat: number) => claim(base.db, wish(buyer.id, event.id, { places: [event.seats[seat]!] }));

    const one = await open(event.id);
    await seen(one, 'snapshot');
    await hold(0);
    await seen(one, 'seat_update');

    const two = await open(event.id, { from: one });
    await seen(two, 'resumed');
    await hold(1);
    await seen(two, 'seat_update');
    const said = [
      { action: 'ping' },
      { action: 'unsubscribe' },
      { action: 'unsubscribe', event_id: event.id },
      { action: 'subscribe' },
      { action: 'subscribe', after: two.seq },
    ];
    for (const message of said) two.send(message);
    two.send({ action: 'jump' });
    two.send({ action: 'subscribe', event_id: 'none' });
    expect(await closed(two.ws)).toBe(CLOSE.eventNotFound);

    for (const message of said) expect(fault(message.action, message), JSON.stringify(message)).toBeUndefined();
    const got = [...one.messages, ...two.messages];
    for (const message of got) expect(fault(message.type, message), JSON.stringify(message)).toBeUndefined();
    expect([...new Set(got.map(({ type }) => type))].sort()).toEqual(
      ['error', 'pong', 'resumed', 'seat_update', 'snapshot', 'unsubscribed'].sort(),
    );
    expect(got.filter(({ type }) => type === 'error').map(({ error }) => error.code)).toEqual(['VALIDATION_ERROR', 'EVENT_NOT_FOUND']);
    expect([...one.faults, ...two.faults]).toEqual([]);
  });

  it('what is not documented is found', () => {
    expect(fault('pong', { type: 'pong', data: { odd: 1 } })).toContain('additional');
    expect(fault('seat_update', { type: 'seat_update', data: { status: 'gone' } })).toBeDefined();
    expect(fault('subscribe', { action: 'subscribe', after: -1 })).toBeDefined();
    expect(fault('odd', {})).toBeDefined();
  });
});
