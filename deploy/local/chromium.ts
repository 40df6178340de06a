// Finds a Chromium for the tests that open pages: given, installed, cached, or the one that npm has for Linux on x64.
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompress } from 'node:zlib';
import { cacheDir, exists, fillOnce } from './cache.ts';
import { ClearError, type Say, say as sayAloud } from './say.ts';
import { onPath } from './temporal-cli.ts';

/** Chromium's headless shell and the few libraries it needs, packed. From npm, because that is reached wherever this repository installs. */
const PACKAGE = '@sparticuz/chromium@153.0.0';
const SHA512 = 'jiGWqSvPMdu4+P9TilYqAR7yEGPEHINx+lCvE/NqNO/EHYzF/x1hUiI5T6ioVIt7dEy7n88byyT0vk+dnsgQwA==';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'];
const ON_MACOS = ['Google Chrome', 'Chromium'].map((name) => `/Applications/${name}.app/Contents/MacOS/${name}`);

const HELP = 'install Chromium or Chrome (Debian: apt-get install chromium), or name one in BILLETTER_CHROMIUM';
const run = promisify(execFile);

export type Chromium = { path: string; how: 'BILLETTER_CHROMIUM' | 'installed' | 'cache' | 'npm' };

/** Finds a Chromium that runs, or puts one into the cache. Throws a ClearError of one line when nothing works. */
export async function findChromium(options: { env?: NodeJS.ProcessEnv; say?: Say } = {}): Promise<Chromium> {
  const { env = process.env, say = sayAloud } = options;
  const given = env.BILLETTER_CHROMIUM;
  if (given) {
    const fault = await faultOf(given);
    if (fault) throw new ClearError(`BILLETTER_CHROMIUM=${given} cannot be used: ${fault}`);
    return { path: given, how: 'BILLETTER_CHROMIUM' };
  }

  for (const path of [...NAMES.flatMap((name) => onPath(name, env)), ...(process.platform === 'darwin' ? ON_MACOS : [])])
    if (!(await faultOf(path))) return { path, how: 'installed' };

  if (process.platform !== 'linux' || process.arch !== 'x64')
    throw new ClearError(`no Chromium is found, and npm has none for ${process.platform} ${process.arch}: ${HELP}`);
  return fromNpm(env, say);
}

async function fromNpm(env: NodeJS.ProcessEnv, say: Say): Promise<Chromium> {
  const dir = join(cacheDir(env), PACKAGE.replace(/^.*\//, '').replace('@', '-'));
  const path = join(dir, 'chromium');
  let how: Chromium['how'] = 'cache';
  if (!(await exists(dir)))
    await fillOnce(dir, say, async (temporary) => {
      how = 'npm';
      say(`fetching Chromium from npm into ${dir} (once; 67 MB)`);
      await unpack(temporary, env);
    });
  const fault = await faultOf(path);
  if (fault) throw new ClearError(`the Chromium in ${dir} cannot be used (${fault}): ${HELP}`);
  return { path, how };
}

/** Fills the folder: the program, its libraries, and `chromium`, a script that starts it with them. */
async function unpack(temporary: string, env: NodeJS.ProcessEnv): Promise<void> {
  const archive = join(temporary, 'package.tgz');
  const fetched = await run('npm', ['pack', PACKAGE, '--json', '--pack-destination', temporary], { env, cwd: temporary }).catch((error) => {
    throw new ClearError(`no Chromium is found, and npm did not give one (${lastLine(error)}): ${HELP}`);
  });
  await rename(join(temporary, JSON.parse(fetched.stdout)[0].filename), archive);
  const hash = createHash('sha512')
    .update(await readFile(archive))
    .digest('base64');
  if (hash !== SHA512) throw new ClearError(`${PACKAGE} from npm is not the one that is known here (sha512 ${hash}): ${HELP}`);

  await run('tar', ['-xzf', archive, '-C', temporary]);
  const packed = (name: string) => readFile(join(temporary, 'package', 'bin', name)).then((bytes) => promisify(brotliDecompress)(bytes));
  await writeFile(join(temporary, 'headless-shell'), await packed('chromium.br'));
  await chmod(join(temporary, 'headless-shell'), 0o755);
  await mkdir(join(temporary, 'libraries'));
  await writeFile(join(temporary, 'libraries.tar'), await packed('al2023.tar.br'));
  await run('tar', ['-xf', join(temporary, 'libraries.tar'), '-C', join(temporary, 'libraries')]);

  // The machine's own libraries, if it has them: they fit its libc.
  const libraries = (await faultOf(join(temporary, 'headless-shell'))) ? 'LD_LIBRARY_PATH="$here/libraries/lib" ' : '';
  await writeFile(join(temporary, 'chromium'), `#!/bin/sh\nhere=$(dirname "$0")\n${libraries}exec "$here/headless-shell" "$@"\n`);
  await chmod(join(temporary, 'chromium'), 0o755);
  for (const left of ['package.tgz', 'package', 'libraries.tar']) await rm(join(temporary, left), { recursive: true });
}

/** Why it does not run; undefined when it does. */
async function faultOf(path: string): Promise<string | undefined> {
  try {
    // Chrome's own profile is left alone: --version opens none.
    const { stdout } = await run(path, ['--version'], { timeout: 30_000 });
    return /chrom|edge/i.test(stdout) ? undefined : 'it is no Chromium';
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === 'ENOENT' ? 'there is no such file' : lastLine(error);
  }
}

function lastLine(error: any): string {
  const lines = `${error.stderr ?? ''}`.split('\n').filter((line) => line.trim());
  return lines.at(-1)?.trim() ?? error.message;
}
