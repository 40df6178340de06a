// The kysely types are what the migrations make: generated again from a fresh database and compared.
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from '../../db/migrate.ts';
import { freshDatabase } from '../support/database.ts';

const run = promisify(execFile);
let database: Awaited<ReturnType<typeof freshDatabase>>;
beforeAll(async () => {
  database = await freshDatabase();
});
afterAll(() => database?.close());

test('db/tables.ts is in step with the migrations (else: npm run tables)', async () => {
  const out = join(mkdtempSync(join(tmpdir(), 'billetter-')), 'tables.ts');
  await run('npx', ['kysely-codegen', '--config-file', '.kysely-codegenrc.json', '--out-file', out], {
    env: { ...process.env, DATABASE_URL: database.url },
  });
  expect(readFileSync(out, 'utf8')).toBe(readFileSync('db/tables.ts', 'utf8'));
});

test('migrating a current database changes nothing', async () => {
  expect(await migrate(database.db)).toEqual({ applied: [], unknown: [] });
});
