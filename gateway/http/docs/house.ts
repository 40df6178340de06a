// The documentation of all APIs in one place: /api/schema/, /api/docs/ and /api/redoc/, of all of them and of each.
import type { Api } from '../api.ts';
import type { Route } from '../route.ts';
import type { Limit } from '../steps/limits.ts';
import type { Assets } from './assets.ts';
import { merge } from './merge.ts';
import type { OpenApiDocument } from './openapi.ts';
import { type Address, docsPages } from './pages.ts';
import { served } from './served.ts';

type Documented = { name: string; document: OpenApiDocument };

/** The routes of the documents and their pages; `apis` without a document are left out. */
export function houseDocs(apis: Api[], { assets, limit }: { assets: Assets; limit: Limit }): Route[] {
  const documented = apis.flatMap(({ name, document }): Documented[] => (document ? [{ name, document }] : []));
  const shown: (Documented & { at: Address })[] = [
    { name: 'all', document: all(documented), at: address('All APIs', '') },
    ...documented.map((one) => ({ ...one, at: address(one.document.info.title, `${one.name}/`) })),
  ];
  const choice = shown.map(({ at }) => at);
  return shown.flatMap(({ at, document }) => [
    served({ path: at.documentUrl, summary: `The OpenAPI 3.1 document: ${at.title}.`, document, limit }),
    ...docsPages(assets, { ...at, choice, limit }),
  ]);
}

const address = (title: string, below: string): Address => ({
  title,
  documentUrl: `/api/schema/${below}`,
  swaggerUi: `/api/docs/${below}`,
  redoc: `/api/redoc/${below}`,
});

/** The merged document. What each API says of itself is a chapter of its description. */
function all(documented: Documented[]): OpenApiDocument {
  const { contact, license } = documented[0]!.document.info;
  const chapters = documented.map(
    ({ name, document: { info } }) =>
      `# ${info.title} ${info.version}\n\n${info.description}\n\nIts own document: [/api/schema/${name}/](/api/schema/${name}/).`,
  );
  return merge(
    documented.map(({ document }) => ({ name: stem(document.info.title), document })),
    {
      info: { title: 'Billetter', version: '1.0.0', description: [DESCRIPTION, ...chapters].join('\n\n'), contact, license },
      servers: documented[0]!.document.servers,
    },
  );
}

/** What tells things of this API apart: EasyTicket of "EasyTicket API". */
const stem = (title: string): string => title.replace(/ API$/, '').replace(/[^A-Za-z0-9]/g, '');

const DESCRIPTION = `All APIs over one core: the same events, accounts and tickets. Each speaks in its own shapes; tags and names that several of them use say whose they are.

To make a client of one API take that API's own document: nothing in it is renamed because of another.`;
