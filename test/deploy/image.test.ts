// The image: what the Dockerfile copies is there and enough, and what it runs is what the build writes.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BASE, LOCAL, ROOT, read } from './model.ts';

const dockerfile = read('deploy/Dockerfile');
/** Lines with their continuations joined. */
const lines = dockerfile
  .replace(/^#.*\n/gm, '')
  .replace(/\\\n/g, ' ')
  .split('\n')
  .map((line) => line.trim())
  .filter(Boolean);
const copies = lines.filter((line) => /^COPY (?!--from)/.test(line)).map((line) => line.split(/\s+/).slice(1));
const copied = [...new Set(copies.flatMap((words) => words.slice(0, -1)))];
const stage = (name: string) => {
  const at = lines.findIndex((line) => new RegExp(`^FROM .* AS ${name}$`).test(line));
  const rest = lines.slice(at + 1);
  const end = rest.findIndex((line) => line.startsWith('FROM '));
  return end < 0 ? rest : rest.slice(0, end);
};

describe('deploy/Dockerfile', () => {
  it('copies only what exists', () => {
    expect(copied.length).toBeGreaterThan(5);
    for (const path of copied) expect(existsSync(join(ROOT, path)), path).toBe(true);
  });

  it('copies everything that the build compiles', () => {
    const { include } = JSON.parse(read('tsconfig.build.json')) as { include: string[] };
    for (const path of include) expect(copied, path).toContain(path);
  });

  it('is sent all of it: .dockerignore lets through exactly what is copied', () => {
    const [first, ...passed] = read('.dockerignore')
      .split('\n')
      .filter((line) => line && !line.startsWith('#'));
    expect(first).toBe('*');
    expect(passed.map((line) => line.slice(1)).sort()).toEqual([...copied].sort());
  });

  it('names a fixed Node version that package.json allows', () => {
    const version = /^ARG NODE_IMAGE=node:(\d+)\.(\d+)\.(\d+)-bookworm-slim$/m.exec(dockerfile)!;
    expect(version).not.toBeNull();
    const { engines } = JSON.parse(read('package.json'));
    const [, low, high] = /^>=(\d+)\.\d+ <(\d+)$/.exec(engines.node)!;
    expect(Number(version[1])).toBeGreaterThanOrEqual(Number(low));
    expect(Number(version[1])).toBeLessThan(Number(high));
    for (const line of lines.filter((l) => l.startsWith('FROM '))) expect(line).toMatch(/^FROM \$\{NODE_IMAGE\} AS /);
  });

  it('runs with production packages only, not as root, with a process 1 that passes signals on, and watched', () => {
    const runtime = stage('runtime');
    expect(stage('packages').join('\n')).toContain('npm ci --omit=dev');
    expect(runtime.join('\n')).toContain('COPY --from=packages /app/node_modules node_modules');
    expect(runtime).toContain('USER node');
    expect(runtime.indexOf('USER node')).toBeGreaterThan(runtime.findLastIndex((l) => l.startsWith('COPY ')));
    expect(runtime).toContain('ENTRYPOINT ["tini", "--"]');
    expect(runtime.some((l) => l.startsWith('HEALTHCHECK ') && l.includes('/readyz'))).toBe(true);
    expect(runtime.some((l) => l.startsWith('LABEL ') && l.includes('org.opencontainers.image.version'))).toBe(true);
    expect(runtime.some((l) => l.includes('WORKFLOW_BUNDLE=/app/dist/workflows.bundle.js'))).toBe(true);
  });

  it('refuses to run on development secrets unless told otherwise', () => {
    expect(stage('runtime').some((l) => l.startsWith('ENV ') && l.includes('NODE_ENV=production'))).toBe(true);
  });

  it('runs programs that the build makes of sources that exist', () => {
    const { build } = JSON.parse(read('package.json')).scripts as { build: string };
    expect(build).toContain('tsc -p tsconfig.build.json');
    expect(build).toContain('worker/bundle.ts dist/workflows.bundle.js');
    expect(build).toContain('gateway/http/docs/copyAssets.ts dist');
    // What is read beside the code, and not compiled, is copied to the same place, alone or with its folder.
    const folders = [...build.matchAll(/cp -r (\S+) dist\/(\S+)\//g)]
      .filter(([, from, to]) => dirname(from!) === to)
      .map(([, from]) => `${from}/`);
    expect(folders).toEqual(['gateway/door/app/']);
    for (const folder of ['activities', 'db', 'gateway', 'services', 'worker', 'workflows'])
      for (const file of readdirSync(join(ROOT, folder), { recursive: true }) as string[])
        if (/\.(?!ts$)\w+$/.test(file) && !folders.some((whole) => `${folder}/${file}`.startsWith(whole)))
          expect(build, file).toContain(`cp ${folder}/${file} dist/${dirname(`${folder}/${file}`)}/`);
    const programs = [dockerfile, read(BASE)].flatMap((text) => [...text.matchAll(/dist\/([\w/]+)\.js/g)].map((m) => m[1]!));
    expect(new Set(programs)).toEqual(new Set(['gateway/main', 'worker/main', 'deploy/migrate']));
    for (const program of [...programs, 'deploy/verify']) expect(existsSync(join(ROOT, `${program}.ts`)), program).toBe(true);
    for (const [, program] of read(LOCAL).matchAll(/tsx, (deploy[\w/.]+\.ts)/g))
      expect(existsSync(join(ROOT, program!)), program).toBe(true);
  });
});
