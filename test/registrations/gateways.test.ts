// Two gateways as they run: a key ended at one is refused at the other soon after, by what each asks for every second.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { loadConfig } from '../../config.ts';
import { startGateway } from '../../gateway/compose.ts';
import { createLog } from '../../log.ts';
import { make, SCOPES } from '../../services/accounts/apiKeys.ts';
import { freshDatabase } from '../support/database.ts';
import { person } from '../support/made.ts';

let base: Awaited<ReturnType<typeof freshDatabase>>;
let gateways: Awaited<ReturnType<typeof startGateway>>[] = [];
beforeAll(async () => {
  base = await freshDatabase();
  const config = loadConfig({ NODE_ENV: 'test', PORT: '0', HOST: '127.0.0.1', DATABASE_URL: base.url });
  gateways = await Promise.all([1, 2].map(() => startGateway(config, createLog('silent', 'gateway'))));
});
afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop(1000)));
  await base?.close();
});

const call = async (gateway: number, method: string, path: string, token: string) =>
  fetch(`http://127.0.0.1:${gateways[gateway]!.port}${path}`, { method, headers: { authorization: `Bearer ${token}` } });

/** The address of some route that a program reads with a key. */
async function readable(): Promise<string> {
  const { paths } = (await (await call(0, 'GET', '/api/schema/registrations/', 'none')).json()) as { paths: Record<string, any> };
  const [path] = Object.entries(paths).find(([, item]) => item.get?.security.some((needed: object) => 'apiKey' in needed))!;
  return path.replace(/\{\w+\}/g, randomUUID());
}

it('a key that one gateway revokes is refused by the other, which knew it and looks nothing up meanwhile', async () => {
  const organizer = await person(base.db, 'organizer');
  const [one, two] = [
    await make(base.db, organizer.id, { name: 'one', scopes: SCOPES }),
    await make(base.db, organizer.id, { name: 'two', scopes: SCOPES }),
  ];
  const path = await readable();
  const status = async (gateway: number, { token }: { token: string }) => (await call(gateway, 'GET', path, token)).status;
  for (const key of [one, two]) for (const gateway of [0, 1]) expect(await status(gateway, key)).not.toBe(401);

  expect((await call(0, 'DELETE', `/api/billetter/keys/${one.id}`, organizer.token)).status).toBe(204);
  expect(await status(0, one)).toBe(401);
  await vi.waitFor(async () => expect(await status(1, one)).toBe(401), { timeout: 20_000, interval: 100 });
  for (const gateway of [0, 1]) expect(await status(gateway, two)).not.toBe(401);
});
