// The examples of /api/auth/, replayed on a gateway that runs.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { tokenOf } from '../../services/accounts/tokens.ts';
import { fromExamples } from '../support/contract/endpoints.ts';
import { contract } from '../support/contract/replay.ts';
import { startWorld, type World } from '../support/gateway.ts';
import examples from './examples.json' with { type: 'json' };
import { RULES } from './rules.ts';

let world: World;
const seed = contract(
  fromExamples(examples as never).filter(({ path }) => path.startsWith('/api/auth/')),
  RULES,
  (method, path, o) => world.call(method, path, o),
);

beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

it('an account from its sign-up to its new password', async () => {
  await seed.replay('POST /api/auth/signup/');
  const mail = await world.db.selectFrom('mails').select('data').executeTakeFirstOrThrow();
  const token = tokenOf(world.gateway.config.mail.tokenSecret, (mail.data as { seed: string }).seed);
  await seed.replay('POST /api/auth/verify-email/', { with: { token } });

  const { body } = await seed.replay('POST /api/auth/login/');
  const renewed = await seed.replay('POST /api/auth/token/refresh/', { with: { refresh: body.tokens.refresh } });
  const who = { token: renewed.body.access };
  await seed.replay('GET /api/auth/profile/', who);
  const { body: changed } = await seed.replay('PUT /api/auth/profile/', who);
  expect([changed.last_name, changed.phone_number]).toEqual(['Smith', '+1987654321']);
  await seed.replay('POST /api/auth/change-password/', who);
  await seed.replay('POST /api/auth/logout/', { ...who, with: { refresh: renewed.body.refresh } });
});

it('every example of them was replayed', () => {
  expect(seed.unplayed()).toEqual([]);
});
