// Where webhooks may go: every kind of address that is not public is refused, however it is written, and what is checked is what is called.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { addressesOf, allowedUrl, isAllowed } from '../../services/delivery/webhookAddresses.ts';
import { createPost } from '../../services/delivery/webhookPost.ts';

const PUBLIC = { local: false };
const LOCAL = { local: true };
const signal = AbortSignal.timeout(60_000);

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

/** A receiver on loopback that counts its calls. */
async function receiver(answer: Parameters<typeof createServer>[1]) {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.push(server);
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('addresses', () => {
  test.each([
    '0.0.0.0',
    '10.0.0.1',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.255',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.0.2.1',
    '192.168.1.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '168.63.129.16',
    '::',
    '::1',
    '::7f00:1',
    '::ffff:127.0.0.1',
    '::ffff:a00:1',
    '::ffff:0:127.0.0.1',
    '64:ff9b::7f00:1',
    '64:ff9b:1::1',
    '100::1',
    '2001::1',
    '2001:db8::1',
    '2002:7f00:1::',
    '3fff::1',
    '5f00::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'fec0::1',
    'ff02::1',
    'fe80::1%eth0',
    'no address',
    '',
  ])('%s is refused', (address) => {
    expect(isAllowed(address, PUBLIC)).toBe(false);
  });

  test.each(['8.8.8.8', '172.15.0.1', '172.32.0.1', '100.63.255.255', '2606:4700::1111', '::ffff:8.8.8.8'])('%s is public', (address) => {
    expect(isAllowed(address, PUBLIC)).toBe(true);
  });

  test('in the local stack loopback is allowed too, and nothing else', () => {
    expect(['127.0.0.1', '::1', '::ffff:127.0.0.1'].map((a) => isAllowed(a, LOCAL))).toEqual([true, true, true]);
    expect(['10.0.0.1', '169.254.169.254', '0.0.0.0', 'fc00::1', '::7f00:1'].map((a) => isAllowed(a, LOCAL))).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});

describe('URLs', () => {
  test.each([
    'http://example.org/',
    'ftp://example.org/',
    'file:///etc/passwd',
    'example.org',
    '',
    'https://',
    'https://user@example.org/',
    'https://user:password@example.org/',
    'https://example.org/#part',
    'https://127.0.0.1/',
    'https://2130706433/',
    'https://0x7f.1/',
    'https://0177.0.0.1/',
    'https://127.1/',
    'https://[::1]/',
    'https://[::ffff:127.0.0.1]/',
    'https://localhost/',
    'https://localhost./',
    'https://LOCALHOST/',
    'https://inner.localhost/',
    'https://169.254.169.254/latest/meta-data/',
    `https://example.org/${'x'.repeat(2048)}`,
  ])('%s is refused', (url) => {
    expect(() => allowedUrl(url, PUBLIC)).toThrow();
  });

  test('https to a public name or address is allowed, on any port', () => {
    for (const url of ['https://example.org/hook?x=1', 'https://8.8.8.8:8443/', 'https://[2606:4700::1111]/']) allowedUrl(url, PUBLIC);
  });

  test('in the local stack http and this machine are', () => {
    for (const url of ['http://localhost:3000/', 'http://127.0.0.1/', 'http://example.org/']) allowedUrl(url, LOCAL);
    for (const url of ['http://10.0.0.1/', 'http://user@localhost/', 'ftp://localhost/']) expect(() => allowedUrl(url, LOCAL)).toThrow();
  });
});

describe('names', () => {
  const at = (...addresses: string[]) => addressesOf(new URL('https://example.org/'), PUBLIC, signal, async () => addresses);

  test('all addresses of a name must be public; one that is not refuses them all', async () => {
    expect(await at('8.8.8.8', '2606:4700::1111')).toEqual(['8.8.8.8', '2606:4700::1111']);
    await expect(at('8.8.8.8', '10.0.0.1')).rejects.toThrow('not public');
    await expect(at('127.0.0.1')).rejects.toThrow('not public');
    await expect(at()).rejects.toThrow('no address');
  });

  test('a name is resolved once for each try, and the connection goes to what was checked: a second answer changes nothing', async () => {
    const url = new URL(await receiver((_, response) => response.end('reached')));
    let asked = 0;
    // Checked as loopback, which is allowed here; whoever resolved again would get an address that answers nothing.
    const post = createPost(LOCAL, async () => (asked++ ? ['8.8.8.8'] : ['127.0.0.1']));
    expect(await post(`http://rebinds.test:${url.port}/`, {}, '{}')).toMatchObject({ status: 200, error: null });
    expect(asked).toBe(1);
  });

  test('a name that leads inside is never called', async () => {
    let calls = 0;
    const url = new URL(
      await receiver((_, response) => {
        calls++;
        response.end();
      }),
    );
    const post = createPost(PUBLIC, async () => ['127.0.0.1']);
    expect(await post(`https://inside.test:${url.port}/`, {}, '{}')).toMatchObject({
      status: null,
      error: 'refused: its address is not public',
    });
    expect(calls).toBe(0);
  });
});

describe('answers', () => {
  const post = createPost(LOCAL);

  test('a redirect is a failure and is not followed, wherever it leads', async () => {
    let calls = 0;
    const inside = await receiver((_, response) => {
      calls++;
      response.end();
    });
    for (const status of [301, 302, 303, 307, 308]) {
      const url = await receiver((_, response) => response.writeHead(status, { location: inside }).end());
      expect(await post(url, {}, '{}')).toMatchObject({ status, error: `answered ${status}: redirects are not followed` });
    }
    expect(calls).toBe(0);
  });

  test('2xx succeeds, everything else does not; Retry-After is read of 429 and 503, in seconds or as a date', async () => {
    const answering = async (status: number, headers: Record<string, string> = {}) =>
      post(await receiver((_, response) => response.writeHead(status, headers).end()), {}, '{}');
    for (const status of [200, 201, 202, 204, 299]) expect(await answering(status)).toMatchObject({ status, error: null });
    for (const status of [400, 401, 404, 410, 500, 502])
      expect(await answering(status)).toMatchObject({ status, error: `answered ${status}` });
    expect(await answering(429, { 'retry-after': '120' })).toMatchObject({ retryAfterMs: 120_000 });
    expect(await answering(500, { 'retry-after': '120' })).toMatchObject({ retryAfterMs: null });
    expect(await answering(503, { 'retry-after': 'soon' })).toMatchObject({ retryAfterMs: null });
    const inAnHour = await answering(503, { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() });
    expect(Math.abs(inAnHour.retryAfterMs! - 3_600_000)).toBeLessThan(60_000);
  });

  test('of an answer without end 64 KB are read: its status counts, and the connection is closed', async () => {
    let sent = 0;
    let closed: Promise<unknown> | undefined;
    const url = await receiver((_, response) => {
      closed = once(response.writeHead(200), 'close');
      const more = () => {
        sent += 16_384;
        response.write('x'.repeat(16_384), more);
      };
      more();
    });
    expect(await post(url, {}, '{}')).toMatchObject({ status: 200, error: null });
    await closed;
    expect(sent).toBeLessThan(64 * 1024 * 1024); // what the sockets' buffers hold beside it
  });

  test('who never answers is given up after 10 s; who is not there, at once', async () => {
    const hangs = await receiver(() => undefined);
    expect(await post(hangs, {}, '{}')).toMatchObject({ status: null, error: 'no answer within 10 s' });
    const nobody = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => nobody.once('listening', resolve));
    const { port } = nobody.address() as AddressInfo;
    await new Promise((resolve) => nobody.close(resolve));
    expect(await post(`http://127.0.0.1:${port}/`, {}, '{}')).toMatchObject({ status: null, error: 'ECONNREFUSED' });
  });
});
