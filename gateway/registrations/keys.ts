// /api/billetter/keys: an organizer's API keys, for people who are signed in. A key cannot make keys.
import { z } from 'zod';
import * as apiKeys from '../../services/accounts/apiKeys.ts';
import { refuseFrom } from '../../services/accounts/verified.ts';
import type { Gateway } from '../deps.ts';
import { id, instant, label } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { LIMITS } from './limits.ts';
import { time, timeOrNull } from './shapes.ts';

const SCOPE = z.enum(apiKeys.SCOPES);
const Which = z.object({ id: z.string().meta({ description: 'Of the key, not the key itself.' }) });

const Wish = z.object({
  name: label(100).meta({ example: 'Check-in app' }),
  scopes: z
    .array(SCOPE)
    .min(1)
    .max(apiKeys.SCOPES.length)
    .refine((all) => new Set(all).size === all.length, 'must name each scope once')
    .meta({ uniqueItems: true, example: ['registrations:read', 'registrations:write'] }),
  expiresAt: instant.nullish().meta({ description: 'When it ends. Left out, it works until it is revoked.' }),
});

const Rotation = z.object({
  overlapSeconds: z
    .int()
    .min(0)
    .max(apiKeys.MAX_OVERLAP_SECONDS)
    .default(0)
    .meta({ description: 'How long the old key goes on beside the new one, a week at most. Left out, it ends at once.' }),
});

const ApiKey = z
  .object({
    id,
    name: z.string(),
    prefix: z.string().meta({ description: 'How the key begins, to tell keys apart.', example: 'bk_live_Xy3kQ0aZ' }),
    scopes: z.array(SCOPE),
    status: z.enum(['active', 'expired', 'revoked']),
    createdAt: instant,
    expiresAt: instant.nullable(),
    lastUsedAt: instant.nullable().meta({ description: 'To the minute.' }),
    rotatedFrom: id.nullable().meta({ description: 'The key that this one replaces.' }),
  })
  .meta({ id: 'ApiKey' });

const MadeKey = ApiKey.extend({ key: z.string().meta({ description: 'The key itself. It is shown here and never again.' }) }).meta({
  id: 'MadeApiKey',
});

/** The routes of API keys. */
export function keyRoutes({ db, tokens }: Gateway): Route[] {
  const common = { access: 'organizer', limit: LIMITS.keys, tag: 'Keys' } as const;
  return [
    route({
      ...common,
      method: 'get',
      path: '/api/billetter/keys',
      operationId: 'listApiKeys',
      summary: 'Your API keys',
      description: 'Those that work first, newest first; 200 at most. What a key is for is shown, the key itself is not.',
      responses: { 200: { description: 'Your keys.', schema: z.object({ keys: z.array(ApiKey) }).meta({ id: 'ApiKeys' }) } },
      async handle({ caller }) {
        return { status: 200, body: { keys: (await apiKeys.list(db, caller.accountId)).map(shown) } };
      },
    }),
    // Not idempotent by an Idempotency-Key: an answer that is kept would keep the key.
    route({
      ...common,
      method: 'post',
      path: '/api/billetter/keys',
      operationId: 'makeApiKey',
      summary: 'Make an API key',
      description: `It sees your events and nobody else's. ${apiKeys.MAX_KEYS} can work at a time.`,
      body: Wish,
      responses: { 201: { description: 'The key, shown this once.', schema: MadeKey } },
      refusals: ['invalid', 'limit_exceeded'],
      async handle({ body: { name, scopes, expiresAt }, caller }) {
        const made = await apiKeys.make(db, caller.accountId, { name, scopes, expiresAt: expiresAt ? new Date(expiresAt) : null });
        return { status: 201, body: withKey(made) };
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/api/billetter/keys/:id/rotate',
      operationId: 'rotateApiKey',
      summary: 'Replace an API key',
      description: 'A new key with the same name, scopes and end.',
      params: Which,
      body: Rotation,
      responses: { 201: { description: 'The new key, shown this once.', schema: MadeKey } },
      refusals: ['not_found', 'limit_exceeded'],
      async handle({ body, params, caller }) {
        const { made, ended } = await apiKeys.rotate(db, caller.accountId, params.id, body.overlapSeconds);
        refuseFrom(tokens, ended);
        return { status: 201, body: withKey(made) };
      },
    }),
    route({
      ...common,
      method: 'delete',
      path: '/api/billetter/keys/:id',
      operationId: 'revokeApiKey',
      summary: 'Revoke an API key',
      description: 'It stops working within a second, wherever it is used.',
      params: Which,
      responses: { 204: { description: 'It does not work any more.' } },
      refusals: ['not_found'],
      async handle({ params, caller }) {
        refuseFrom(tokens, [await apiKeys.revoke(db, caller.accountId, params.id)]);
        return { status: 204, body: undefined };
      },
    }),
  ];
}

function shown(key: apiKeys.ApiKey): z.output<typeof ApiKey> {
  const over = key.expires_at !== null && key.expires_at <= new Date();
  return {
    id: key.id,
    name: key.name,
    prefix: key.prefix,
    scopes: key.scopes,
    status: key.revoked_at ? 'revoked' : over ? 'expired' : 'active',
    createdAt: time(key.created_at),
    expiresAt: timeOrNull(key.expires_at),
    lastUsedAt: timeOrNull(key.last_used_at),
    rotatedFrom: key.rotated_from,
  };
}

const withKey = (made: apiKeys.MadeKey): z.output<typeof MadeKey> => ({ ...shown(made), key: made.token });
