// A readable page of an API's OpenAPI document: plain HTML from this origin, no scripts, nothing fetched from elsewhere.
import { escapeHtml, html } from '../answers/html.ts';
import type { Reply } from '../route.ts';
import type { OpenApiDocument } from './openapi.ts';

const CSS = `
h2{margin:2.5rem 0 .75rem;font-size:1.15rem}details{margin:.5rem 0}summary{cursor:pointer;display:flex;gap:.75rem;align-items:baseline;flex-wrap:wrap}
summary code{font-size:14px;font-weight:600}.m{display:inline-block;min-width:4.2rem;text-align:center;border-radius:6px;padding:.1rem .4rem;font:600 12px/1.6 ui-monospace,monospace;color:#fff;background:#35618e}
.post{background:#0b6e4f}.delete{background:#b3261e}.put,.patch{background:#9a5b00}
pre{overflow:auto;background:var(--back);border:1px solid var(--line);border-radius:8px;padding:.75rem}table{border-collapse:collapse;width:100%;font-size:14px}
td,th{text-align:left;border-bottom:1px solid var(--line);padding:.35rem .5rem .35rem 0;vertical-align:top}h3{font-size:.95rem;margin:1rem 0 .3rem}`;

type Schema = {
  $ref?: string;
  type?: string | string[];
  properties?: Record<string, Schema>;
  items?: Schema;
  anyOf?: Schema[];
  oneOf?: Schema[];
  enum?: unknown[];
  const?: unknown;
  default?: unknown;
  example?: unknown;
  examples?: unknown[];
  format?: string;
  description?: string;
  contentMediaType?: string;
};
type Body = { content?: Record<string, { schema?: Schema }> };
type Parameter = { name: string; in: string; required?: boolean; schema?: Schema; description?: string };
type Operation = {
  tags?: string[];
  summary?: string;
  description?: string;
  parameters?: Parameter[];
  requestBody?: Body;
  responses?: Record<string, Body & { description?: string }>;
};

/** Renders the document once; the reply can be sent for every request. `jsonUrl` is where the document itself is. */
export function docsPage(document: OpenApiDocument, jsonUrl: string): Reply {
  const byTag = new Map<string, string[]>();
  for (const [path, item] of Object.entries(document.paths ?? {}))
    for (const [method, operation] of Object.entries(item as Record<string, Operation>)) {
      const tag = operation.tags?.[0] ?? 'Other';
      byTag.set(tag, [...(byTag.get(tag) ?? []), section(document, method, path, operation)]);
    }
  const groups = [...byTag].map(([tag, parts]) => `<h2>${escapeHtml(tag)}</h2>${parts.join('')}`).join('');
  const { title, version, description = '' } = document.info;
  const intro = description
    .split('\n\n')
    .map((p) => `<p>${escapeHtml(p)}</p>`)
    .join('');
  return html({
    title,
    css: CSS,
    body: `<main><h1>${escapeHtml(title)}</h1><p class="soft">Version ${escapeHtml(version)} · <a href="${jsonUrl}">OpenAPI 3.1 document</a></p>${intro}${groups}</main>`,
  });
}

function section(document: OpenApiDocument, method: string, path: string, operation: Operation): string {
  const parameters = operation.parameters?.length
    ? `<h3>Parameters</h3><table>${operation.parameters.map(parameterRow).join('')}</table>`
    : '';
  const body = example(document, operation.requestBody);
  const responses = Object.entries(operation.responses ?? {}).map(
    ([status, r]) =>
      `<h3>${escapeHtml(status)} <span class="soft">${escapeHtml(r.description ?? '')}</span></h3>${Number(status) >= 400 ? '' : example(document, r)}`,
  );
  return `<details class="card"><summary><span class="m ${method}">${method.toUpperCase()}</span><code>${escapeHtml(path)}</code><span class="soft">${escapeHtml(operation.summary ?? '')}</span></summary>
<p>${escapeHtml(operation.description ?? '').replaceAll('\n\n', '<br>')}</p>${parameters}${body && `<h3>Body</h3>${body}`}${responses.join('')}</details>`;
}

const parameterRow = (p: Parameter) =>
  `<tr><td><code>${escapeHtml(p.name)}</code></td><td class="soft">${p.in}${p.required ? ', required' : ''}</td><td>${escapeHtml(describe(p))}</td></tr>`;

function describe({ schema, description }: Parameter): string {
  const kind = schema?.enum ? schema.enum.join(' | ') : [schema?.type ?? '', schema?.format ?? ''].filter(Boolean).join(', ');
  const fallback = schema?.default === undefined ? '' : ` (default ${String(schema.default)})`;
  return [kind + fallback, description ?? schema?.description].filter(Boolean).join(': ');
}

function example(document: OpenApiDocument, body: Body | undefined): string {
  const [type, media] = Object.entries(body?.content ?? {})[0] ?? [];
  if (!media?.schema) return '';
  if (type !== 'application/json') return `<p><code>${escapeHtml(type ?? '')}</code></p>`;
  return `<pre>${escapeHtml(JSON.stringify(sample(document, media.schema), null, 2))}</pre>`;
}

/** An example value of a schema: its own examples where it has them, else its first shape. */
function sample(document: OpenApiDocument, schema: Schema): unknown {
  if (schema.$ref) {
    const name = schema.$ref.split('/').at(-1)!;
    return sample(document, (document.components?.schemas?.[name] ?? {}) as Schema);
  }
  const given = schema.example ?? schema.examples?.[0] ?? schema.const ?? schema.default ?? schema.enum?.[0];
  if (given !== undefined) return given;
  const choice = schema.anyOf?.[0] ?? schema.oneOf?.[0];
  if (choice) return sample(document, choice);
  if (schema.properties) return Object.fromEntries(Object.entries(schema.properties).map(([key, part]) => [key, sample(document, part)]));
  if (schema.items) return [sample(document, schema.items)];
  const type = Array.isArray(schema.type) ? schema.type[0] : schema.type;
  return type === 'string'
    ? 'string'
    : type === 'integer' || type === 'number'
      ? 1
      : type === 'boolean'
        ? true
        : type === 'array'
          ? []
          : {};
}
