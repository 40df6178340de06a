// Writes what the JavaScript client is made of: types by openapi-typescript, and the table of operations.
import openapiTS, { astToString } from 'openapi-typescript';
import { type Json, operationsOf, refusalsOf } from './document.ts';

const HEAD = `// Made from the OpenAPI document of the Registrations API by \`npm run sdk\`: do not edit it.\n`;

/** The text of src/generated.ts, for a pruned document. */
export async function javascript(document: Json): Promise<string> {
  // A field with a default may be left out of a request.
  const types = astToString(await openapiTS(document, { defaultNonNullable: false, emptyObjectsUnknown: false }));
  const operations = operationsOf(document).map(
    ({ id, method, path, repeatable, keyed, file }) => `  ${id}: ${JSON.stringify({ method, path, repeatable, keyed, file })},\n`,
  );
  const refusals = refusalsOf(document).map(({ code, details }) => `  ${code}: components['schemas']['${details}'];\n`);
  return [
    HEAD,
    types.replace(/\/\*\*[^*]*auto-generated[\s\S]*?\*\/\n/, ''),
    `/** How each operation is called. \`repeatable\`: doing it again does nothing twice. \`keyed\`: it takes an Idempotency-Key. \`file\`: it answers with one. */\n`,
    `export const OPERATIONS = {\n${operations.join('')}} as const;\n`,
    `/** What the details of a refusal hold, by its code. */\n`,
    `export interface Refusals {\n${refusals.join('')}}\n`,
  ].join('\n');
}
