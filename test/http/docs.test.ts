// The pages that show the OpenAPI documents: they name nothing from elsewhere, and all they name is served, from the sources and from the build.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { get } from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PACKAGE_FILES } from '../../gateway/http/docs/assets.ts';
import { copyAssets } from '../../gateway/http/docs/copyAssets.ts';
import { startWorld, type World } from '../support/gateway.ts';

const PAGES = ['/api/docs/', '/api/redoc/', '/api/docs/easyticket/', '/api/v1/docs', '/api/v1/redoc'];

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

/** What the page makes a browser load. */
const parts = (page: string) => [...page.matchAll(/<(?:script|link)[^>]* (?:src|href)="([^"]+)"[^>]*>/g)].map((m) => m[1]!);

describe.each(PAGES)('%s', (path) => {
  it('names parts of this origin only, each of which is served with its type', async () => {
    const { status, text, headers } = await world.call('GET', path);
    expect([status, headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(text).not.toMatch(/\/\/[\w-]+\./);

    const loaded = parts(text).filter((url) => url !== 'data:,');
    expect(loaded.length).toBeGreaterThan(2);
    for (const url of [...loaded, /data-document="([^"]+)"/.exec(text)![1]!]) {
      expect(url).toMatch(/^\/[^/]/);
      const part = await world.call('GET', url);
      const type = url.endsWith('.css')
        ? 'text/css; charset=utf-8'
        : url.endsWith('.js')
          ? 'text/javascript; charset=utf-8'
          : 'application/json; charset=utf-8';
      expect([part.status, part.headers.get('content-type'), part.headers.get('x-content-type-options')], url).toEqual([
        200,
        type,
        'nosniff',
      ]);
      expect(part.text.length, url).toBeGreaterThan(50);
    }
  });

  it('has a policy without inline, eval or another host; its nonce is on every part and another one for every answer', async () => {
    const [one, two] = [await world.call('GET', path), await world.call('GET', path)];
    const policy = one.headers.get('content-security-policy')!;
    expect(policy).toMatch(/^default-src 'none'; script-src 'nonce-[\w+/=]{24}'; style-src 'nonce-[\w+/=]{24}';/);
    expect(policy).not.toMatch(/unsafe|https?:|\*|\./);
    const nonce = /'nonce-([^']+)'/.exec(policy)![1]!;
    expect(one.text.match(/<(script|link rel="stylesheet")/g)).toHaveLength(one.text.split(`nonce="${nonce}"`).length - 1);
    expect(one.text).not.toMatch(/<style|style=|<script[^>]*>[^<]/);
    expect(two.headers.get('content-security-policy')).not.toBe(policy);
  });
});

it('the pages of the house lead to each document in both kinds of page', async () => {
  const links = async (path: string) => [...(await world.call('GET', path)).text.matchAll(/<a href="([^"]+)"/g)].map((m) => m[1]!);
  const each = (kind: string) =>
    ['', 'evently/', 'easyticket/', 'ticket-api/', 'registrations/', 'door/'].map((api) => `/api/${kind}/${api}`);
  expect(await links('/api/docs/')).toEqual(expect.arrayContaining([...each('docs'), '/api/redoc/', '/api/schema/']));
  expect(await links('/api/redoc/evently/')).toEqual(
    expect.arrayContaining([...each('redoc'), '/api/docs/evently/', '/api/schema/evently/']),
  );
  for (const path of [...each('docs'), ...each('redoc')]) expect((await world.call('GET', path)).status, path).toBe(200);
});

describe('the parts', () => {
  const some = async () =>
    parts((await world.call('GET', PAGES[0]!)).text).find((url) => url.includes('swagger-ui') && url.endsWith('.js'))!;

  it('are kept for ever under their name, and 304 for who asks again', async () => {
    const url = await some();
    const { headers } = await world.call('GET', url);
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
    const again = await world.call('GET', url, { headers: { 'if-none-match': headers.get('etag')! } });
    expect([again.status, again.text, again.headers.get('cache-control')]).toEqual([304, '', headers.get('cache-control')]);
  });

  it('are compressed for who takes it, and the same bytes as in the package', async () => {
    const url = await some();
    const plain = await fetch(world.url + url, { headers: { 'accept-encoding': 'identity' } });
    const bytes = Buffer.from(await plain.arrayBuffer());
    expect(bytes.equals(readFileSync(createRequire(import.meta.url).resolve('swagger-ui-dist/swagger-ui-bundle.js')))).toBe(true);

    const packed = await raw(world.url + url);
    expect(packed.encoding).toBe('gzip');
    expect(packed.body.length).toBeLessThan(bytes.length / 2);
    expect(gunzipSync(packed.body).equals(bytes)).toBe(true);
  });

  it('404 for a name that is none of them', async () => {
    const url = await some();
    for (const name of [
      'nothing.js',
      '..%2F..%2Fpackage.json',
      'swagger-ui.js',
      'constructor',
      url.replace(/\.\w{16}\./, '.0000000000000000.').slice(8),
    ])
      expect((await world.call('GET', `/assets/${name}`)).status, name).toBe(404);
  });

  it('stand beside the built gateway after the build, with their licences, and are found there', () => {
    const out = mkdtempSync(join(tmpdir(), 'billetter-docs-'));
    try {
      copyAssets(out);
      const built = createRequire(join(out, 'gateway', 'http', 'docs', 'assets.js'));
      expect(PACKAGE_FILES).toHaveLength(3);
      for (const file of PACKAGE_FILES) {
        expect(built.resolve(file)).toBe(join(out, 'node_modules', file));
        expect(readFileSync(built.resolve(file)).equals(readFileSync(createRequire(import.meta.url).resolve(file)))).toBe(true);
      }
      for (const licence of [
        'swagger-ui-dist/LICENSE',
        'swagger-ui-dist/NOTICE',
        'redoc/LICENSE',
        'redoc/bundles/redoc.standalone.js.LICENSE.txt',
      ])
        expect(readFileSync(join(out, 'node_modules', licence), 'utf8').length, licence).toBeGreaterThan(50);
    } finally {
      rmSync(out, { recursive: true, force: true });
    }
  });
});

/** The bytes as they are on the wire: fetch would unpack them. */
function raw(url: string): Promise<{ encoding: string | undefined; body: Buffer }> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { 'accept-encoding': 'gzip' } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.once('end', () => resolve({ encoding: response.headers['content-encoding'], body: Buffer.concat(chunks) }));
    }).once('error', reject);
  });
}
