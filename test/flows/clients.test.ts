// Clients made from the document, one of each kind: generated, compiled with their types, and used for one purchase on the real stack.
import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import openapiTS, { astToString } from 'openapi-typescript';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Show, show } from '../support/client.ts';
import { pythonOrSkip } from '../support/python.ts';

/** One inline schema for each refusal made 692 of them. */
const MOST_PYTHON_FILES = 300;

const { gatewayUrl: url } = inject('stack');
const execute = promisify(execFile);
const source = (name: string) => join('test/clients', name);

let dir: string;
let event: Show;
let document: any;
beforeAll(async () => {
  // Inside the project, so that the client finds openapi-fetch where a user's would.
  await mkdir('node_modules/.cache', { recursive: true });
  dir = await mkdtemp('node_modules/.cache/clients-');
  event = await show(url, { seats: 4 });
  document = await (await fetch(`${url}/api/v1/openapi.json`)).json();
});
afterAll(() => dir && rm(dir, { recursive: true, force: true }));

/** Runs a command and gives what it said; a failure has all of it. */
async function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<{ stdout: string; stderr: string }> {
  const options = { timeout: 200_000, maxBuffer: 10_000_000, env: { ...process.env, ...env } };
  return execute(command, args, options).catch((error) => {
    throw new Error(`${command} ${args.join(' ')}\n${error.stdout}\n${error.stderr || error.message}`);
  });
}

const BOUGHT = { status: 'confirmed', code: expect.stringMatching(/^EVT/), tickets: 1, refused: 'BOOKING_SEATS_UNAVAILABLE' };

it('TypeScript: strict types, one purchase', async () => {
  await writeFile(join(dir, 'evently.d.ts'), astToString(await openapiTS(document)));
  await Promise.all(['purchase.ts', 'tsconfig.json'].map((name) => copyFile(source(name), join(dir, name))));
  await writeFile(join(dir, 'package.json'), '{"type":"module"}');
  await run(process.execPath, ['node_modules/typescript/bin/tsc', '-p', dir]);
  const { stdout } = await run(process.execPath, [join(dir, 'purchase.js'), url, event.id]);
  expect(JSON.parse(stdout)).toMatchObject(BOUGHT);
});

describe('Python', () => {
  it('types checked, one purchase, and no more files than things', async (context) => {
    const command = await pythonOrSkip(context);
    const home = join(dir, 'python');
    const client = join(home, 'evently_client');
    await mkdir(home);
    await writeFile(join(home, 'openapi.json'), JSON.stringify(document));
    await writeFile(join(home, 'config.yml'), 'post_hooks: []\n');
    const generate = ['-m', 'openapi_python_client', 'generate', '--meta', 'none', '--config', join(home, 'config.yml')];
    const { stdout, stderr } = await run(command, [...generate, '--path', join(home, 'openapi.json'), '--output-path', client]);
    // Files of tickets are no JSON, and the generator leaves their answers out; nothing else may be left out.
    const left = [...(stdout + stderr).matchAll(/WARNING parsing \S+ (\S+)/g)].map((m) => m[1]!.split('/').at(-1));
    expect(left.sort()).toEqual(['qr.png', 'ticket.pdf']);

    const files = (await readdir(client, { recursive: true })).filter((name) => name.endsWith('.py'));
    expect(files.length).toBeLessThan(MOST_PYTHON_FILES);

    await copyFile(source('purchase.py'), join(home, 'purchase.py'));
    const env = { PYTHONPATH: home, MYPYPATH: home, PYTHONDONTWRITEBYTECODE: '1' };
    await run(command, ['-m', 'compileall', '-q', home]);
    await run(command, ['-m', 'mypy', '--follow-imports=silent', '--cache-dir', join(home, 'cache'), join(home, 'purchase.py')], env);
    const bought = await run(command, [join(home, 'purchase.py'), url, event.id], env);
    expect(JSON.parse(bought.stdout)).toMatchObject(BOUGHT);
  });
});
