// Part of the build: puts the files of packages that the pages of docs need into OUT/node_modules, where the built gateway finds them
// before the installed ones. So production installs neither Swagger UI nor Redoc, whose own packages no process here runs.
import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PACKAGE_FILES } from './assets.ts';

const LICENCES = /^(LICENSE|NOTICE)/;

/** Copies them, with the licences that must stand beside them. */
export function copyAssets(out: string): void {
  const { resolve } = createRequire(import.meta.url);
  const copy = (from: string, to: string) => cpSync(from, to, { recursive: false });
  for (const file of PACKAGE_FILES) {
    const [name] = file.split('/') as [string];
    const root = dirname(resolve(`${name}/package.json`));
    const target = join(out, 'node_modules', file);
    mkdirSync(dirname(target), { recursive: true });
    copy(resolve(file), target);
    for (const one of ['package.json', ...readdirSync(root).filter((entry) => LICENCES.test(entry))])
      copy(join(root, one), join(out, 'node_modules', name, one));
    for (const one of readdirSync(dirname(resolve(file))).filter((entry) => entry === `${basename(file)}.LICENSE.txt`))
      copy(join(dirname(resolve(file)), one), join(dirname(target), one));
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const out = process.argv[2];
  if (!out) throw new Error('usage: copyAssets.ts OUT');
  copyAssets(out);
}
