// What the clients are made of is what the code describes now: whoever changes the Registrations API writes them anew.
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { sdkFiles } from '../support/sdk.ts';

it('the generated files are those of today’s document (else: npm run sdk)', async () => {
  for (const [path, text] of await sdkFiles()) expect([path, await readFile(path, 'utf8')]).toEqual([path, text]);
});

it('every operation of an API key is called by both clients', async () => {
  const files = await sdkFiles();
  const operations = [...files[0]![1].split('export const OPERATIONS')[1]!.matchAll(/^ {2}(\w+): \{"method"/gm)].map((found) => found[1]!);
  expect(operations.length).toBeGreaterThan(20);
  for (const [folder, names] of Object.entries({
    'sdk/javascript/src': ['registrations.ts', 'tickets.ts', 'events.ts', 'webhooks.ts'],
    'sdk/python/billetter_api': ['registrations.py', 'tickets.py', 'events.py', 'webhooks.py'],
  })) {
    const text = (await Promise.all(names.map((name) => readFile(`${folder}/${name}`, 'utf8')))).join('\n');
    expect([folder, operations.filter((name) => !new RegExp(`['"]${name}['"]`).test(text))]).toEqual([folder, []]);
  }
});
