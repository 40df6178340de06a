// The generated files of the clients in sdk/, made from the Registrations API's document as the code has it now.
import type { Kysely } from 'kysely';
import { loadConfig } from '../../config.ts';
import type { DB } from '../../db/tables.ts';
import type { Gateway } from '../../gateway/deps.ts';
import { registrations } from '../../gateway/registrations/index.ts';
import { prune } from '../../sdk/generator/document.ts';
import { javascript } from '../../sdk/generator/javascript.ts';
import { python } from '../../sdk/generator/python.ts';

/** Path and text of each generated file. */
export async function sdkFiles(): Promise<[path: string, text: string][]> {
  const document = prune(describe());
  return [
    ['sdk/javascript/src/generated.ts', await javascript(document)],
    ['sdk/python/billetter_api/_generated.py', python(document)],
  ];
}

/** The document of an API that nobody will call: describing itself takes its settings alone. */
function describe(): unknown {
  const nobody = { config: loadConfig({ NODE_ENV: 'test' }), db: {} as Kysely<DB>, webhooks: {} };
  return registrations(nobody as Gateway).document;
}
