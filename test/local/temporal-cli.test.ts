// The order in which a Temporal CLI is looked for, with fake ones in folders of the test's own.
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findTemporal, TEMPORAL_CLI_VERSION } from '../../deploy/local/temporal-cli.ts';

const NOWHERE = 'http://127.0.0.1:9/none.tar.gz'; // refused at once
const GOOD = 'temporal version 1.5.1 (Server 1.29.1, UI 2.42.1)';
let dir: string;
let said: string[];
let env: NodeJS.ProcessEnv;
const say = (line: string) => said.push(line);
const find = (more: NodeJS.ProcessEnv = {}) => findTemporal({ env: { ...env, ...more }, say, downloadUrl: NOWHERE });

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'billetter-find-'));
  said = [];
  env = { PATH: join(dir, 'path'), BILLETTER_CACHE: join(dir, 'cache') };
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

function program(path: string, script: string): string {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}
const cli = (path: string, version = GOOD) => program(path, `echo "${version}"`);
const cached = () => join(dir, 'cache', `temporal-${TEMPORAL_CLI_VERSION}-${process.platform}-${process.arch}`, 'temporal');
/** A Go that, asked to install, writes a working CLI after telling of two packages. */
const go = (fate = 'ok') =>
  program(
    join(dir, 'path', 'go'),
    fate === 'ok'
      ? `echo "$GOBIN" >> ${dir}/builds; echo one/package >&2; /bin/sleep 0.3; printf '#!/bin/sh\\necho "${GOOD}"\\n' > "$GOBIN/temporal"; /bin/chmod +x "$GOBIN/temporal"`
      : `echo 'go: module lookup disabled' >&2; exit 1`,
  );

describe('order', () => {
  test('TEMPORAL_CLI comes before PATH, PATH before the cache', async () => {
    const given = cli(join(dir, 'given'));
    const onPath = cli(join(dir, 'path', 'temporal'));
    const inCache = cli(cached());
    expect(await find({ TEMPORAL_CLI: given })).toMatchObject({
      path: given,
      how: 'TEMPORAL_CLI',
      version: expect.stringContaining('1.29.1'),
    });
    expect(await find()).toMatchObject({ path: onPath, how: 'PATH' });
    rmSync(onPath);
    expect(await find()).toMatchObject({ path: inCache, how: 'cache' });
  });

  test('a TEMPORAL_CLI that does not work is an error, not passed over', async () => {
    cli(join(dir, 'path', 'temporal'));
    await expect(find({ TEMPORAL_CLI: '/no/such/temporal' })).rejects.toThrow(
      /^TEMPORAL_CLI=\/no\/such\/temporal cannot be used: there is no such file.*$/,
    );
  });

  test.each([
    ['something else called temporal', 'pendulum 3.0'],
    ['a server too old', 'temporal version 1.0.0 (Server 1.24.1, UI 2.26.2)'],
  ])('%s on PATH is passed over, and said', async (_what, version) => {
    cli(join(dir, 'path', 'temporal'), version);
    const good = cli(join(dir, 'second', 'temporal'));
    expect(await find({ PATH: `${join(dir, 'path')}:${join(dir, 'second')}` })).toMatchObject({ path: good, how: 'PATH' });
    expect(said.join('\n')).toContain('is passed over');
  });
});

describe('install', () => {
  test('a failed download is followed by a build with Go, kept in the cache', async () => {
    go();
    expect(await find()).toMatchObject({ path: cached(), how: 'go build' });
    expect(said.join('\n')).toContain('building the CLI with Go');
    expect(await find()).toMatchObject({ how: 'cache' });
    expect(readdirSync(join(dir, 'cache'))).toHaveLength(1); // no temporary folder, no lock
  });

  test('of several runs at once one builds, the others wait and use it', async () => {
    go();
    const found = await Promise.all([find(), find(), find(), find()]);
    expect(new Set(found.map((f) => f.path))).toEqual(new Set([cached()]));
    expect(readFileSync(join(dir, 'builds'), 'utf8').trim().split('\n')).toHaveLength(1);
  });

  test('a broken program in the cache is replaced', async () => {
    program(cached(), 'exit 1');
    go();
    expect(await find()).toMatchObject({ how: 'go build' });
  });

  test('a download is unpacked and verified', async () => {
    cli(join(dir, 'pack', 'temporal'));
    const { execFileSync } = await import('node:child_process');
    execFileSync('tar', ['-czf', join(dir, 'cli.tgz'), '-C', join(dir, 'pack'), 'temporal']);
    const server = http.createServer((_req, res) => res.end(readFileSync(join(dir, 'cli.tgz')))).listen(0);
    try {
      const downloadUrl = `http://127.0.0.1:${(server.address() as any).port}/cli.tgz`;
      expect(await findTemporal({ env: { ...env, PATH: `${env.PATH}:/usr/bin:/bin` }, say, downloadUrl })).toMatchObject({
        path: cached(),
        how: 'download',
      });
    } finally {
      server.close();
    }
  });

  test('when nothing works it is one line that says why and what to do, and nothing is left', async () => {
    go('fails');
    const error: Error = await find().catch((e) => e);
    expect(error.message.split('\n')).toHaveLength(1);
    expect(error.message).toMatch(/download failed.*build with Go.*module lookup disabled.*TEMPORAL_CLI/);
    expect(existsSync(cached())).toBe(false);
    expect(readdirSync(join(dir, 'cache'))).toEqual([]);
  });

  test('a cache that cannot be written is one line', async () => {
    writeFileSync(join(dir, 'file'), '');
    await expect(find({ BILLETTER_CACHE: join(dir, 'file', 'cache') })).rejects.toThrow(/BILLETTER_CACHE/);
  });
});
