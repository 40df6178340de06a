// Taken ports are told one line each, with who has them and how to move.
import net from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { freePort, isTaken, portFaults } from '../../deploy/local/ports.ts';
import { readSettings } from '../../deploy/local/settings.ts';

const open: net.Server[] = [];
afterEach(() => open.splice(0).map((server) => server.close()));
async function occupy(host: string): Promise<number> {
  const port = await freePort();
  const server = net.createServer();
  open.push(server);
  await new Promise<void>((resolve) => server.listen(port, host, resolve));
  return port;
}

describe('portFaults', () => {
  test('free ports are no fault', async () => {
    expect(await portFaults([{ port: await freePort(), what: 'gateway', variable: 'PORT' }])).toEqual([]);
  });

  test('each taken port is one line: number, purpose, holder, variable', async () => {
    const [one, two] = [await occupy('127.0.0.1'), await occupy('0.0.0.0')];
    const lines = await portFaults([
      { port: one, what: 'gateway', variable: 'PORT' },
      { port: two, what: 'mail page', variable: 'MAIL_HTTP_PORT' },
    ]);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toMatch(new RegExp(`^port ${one} \\(gateway\\) is taken.*PORT=\\d+$`));
    expect(lines[1]).toMatch(new RegExp(`^port ${two} \\(mail page\\) is taken.*MAIL_HTTP_PORT=\\d+$`));
    if (process.platform === 'linux') expect(lines[0]).toContain(`(pid ${process.pid})`);
  });

  test('two services wanting one port are told', async () => {
    const port = await freePort();
    const lines = await portFaults([
      { port, what: 'gateway', variable: 'PORT' },
      { port, what: 'mail page', variable: 'MAIL_HTTP_PORT' },
    ]);
    expect(lines).toEqual([expect.stringMatching(/gateway \(PORT\) and mail page \(MAIL_HTTP_PORT\)/)]);
  });

  test('a port is free again when its server has closed', async () => {
    const port = await occupy('127.0.0.1');
    expect(await isTaken(port)).toBe(true);
    await new Promise((resolve) => open.pop()!.close(resolve));
    expect(await isTaken(port)).toBe(false);
  });
});

describe('readSettings', () => {
  test('the defaults are those of the README', () => {
    expect(readSettings({}).ports).toMatchObject({
      gateway: 8000,
      temporal: 7233,
      temporalUi: 8233,
      mailHttp: 1080,
      mailSmtp: 1025,
      stripe: 12111,
      eventProvider: 12112,
      paygate: 12113,
      postgres: 5433,
    });
  });

  test('every port can be moved; an empty value is the default', () => {
    expect(readSettings({ PORT: '9000', PG_PORT: '' }).ports).toMatchObject({ gateway: 9000, postgres: 5433 });
  });

  test('what is no port is one line each', () => {
    expect(() => readSettings({ PORT: 'x', PG_PORT: '70000' })).toThrow(/^PORT=x is not a port.*\nPG_PORT=70000 is not a port.*$/);
  });

  test('a database or Stripe key of the user needs no port here', () => {
    const names = readSettings({ DATABASE_URL: 'postgres://x', STRIPE_SECRET_KEY: 'sk_test_x' }).wanted.map((one) => one.variable);
    expect(names).not.toContain('PG_PORT');
    expect(names).not.toContain('STANDIN_PORT');
  });
});
