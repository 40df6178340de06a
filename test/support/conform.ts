// Holds every answer a test gets from an API against the document that the API publishes.
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { Api } from '../../gateway/http/api.ts';
import { resolve } from './document.ts';

export type Seen = { method: string; path: string; status: number; body: unknown };

const DOCUMENTS = [
  '/api/schema/evently/',
  '/api/schema/easyticket/',
  '/api/schema/ticket-api/',
  '/api/schema/hackload/',
  '/api/schema/registrations/',
  '/api/schema/door/',
];
const ID = 'https://document/openapi.json';

/** Throws when an answer of a documented operation is not as documented: another status, another body, another code. */
export function createConform(apis: Api[]): (seen: Seen) => void {
  let check: ((seen: Seen) => void) | undefined;
  return (seen) => {
    // Read when they are needed: many tests call no API.
    check ??= againstAll(documentsOf(apis));
    check(seen);
  };
}

/** The same for a gateway that runs elsewhere: its documents are fetched once. A gateway that does not answer is held to nothing. */
export function createRemoteConform(): (url: string, seen: Seen) => Promise<void> {
  const checks = new Map<string, (seen: Seen) => void>();
  return async (url, seen) => {
    let check = checks.get(url);
    if (!check) {
      const documents: any[] = await Promise.all(
        DOCUMENTS.map((path) =>
          fetch(url + path)
            .then((response) => response.json())
            .catch(() => undefined),
        ),
      );
      if (!documents.every((document) => document?.paths)) return;
      check = againstAll(documents);
      checks.set(url, check);
    }
    check(seen);
  };
}

const documentsOf = (apis: Api[]): any[] => apis.flatMap(({ document }) => document ?? []);

function againstAll(documents: any[]): (seen: Seen) => void {
  const checks = documents.map(against);
  return (seen) => {
    for (const check of checks) check(seen);
  };
}

function against(document: any): (seen: Seen) => void {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addFormat('decimal', /^-?\d+(\.\d+)?$/); // the contest's own word
  ajv.addSchema({ ...document, $id: ID });
  const templates = Object.keys(document.paths)
    // What is stated word for word comes before what is named.
    .sort((a, b) => a.split('{').length - b.split('{').length)
    .map((path) => ({ path, pattern: new RegExp(`^${path.replace(/[.]/g, '\\.').replace(/\{\w+\}/g, '[^/]+')}$`) }));

  return ({ method, path, status, body }) => {
    const template = templates.find(({ pattern }) => pattern.test(path.split(/[?#]/)[0]!));
    const operation = template && document.paths[template.path][method.toLowerCase()];
    if (!operation) return;
    const fault = (text: string) => new Error(`${method} ${path} ${status} is not as documented: ${text}\n${JSON.stringify(body)}`);
    const response = resolve(document, operation.responses[status]);
    if (!response) throw fault('no such status');
    const schema = response.content?.['application/json']?.schema;
    if (!schema || body === undefined) return;
    const valid = ajv.getSchema(`${ID}${schema.$ref ?? pointer(document, template.path, method, status)}`)!;
    if (!valid(body)) throw fault(ajv.errorsText(valid.errors));
  };
}

/** Where the schema of an answer stands when it is not by reference. */
function pointer(document: any, path: string, method: string, status: number): string {
  const at = `#/paths/${path.replaceAll('/', '~1')}/${method.toLowerCase()}/responses/${status}`;
  const { $ref } = document.paths[path][method.toLowerCase()].responses[status];
  return `${$ref ?? at}/content/application~1json/schema`;
}
