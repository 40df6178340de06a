// A Python with pinned packages of PyPI, kept in the cache of tools: made once, then found.
import { execFile, spawn } from 'node:child_process';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestContext } from 'vitest';
import { cacheDir, exists, fillOnce } from '../../deploy/local/cache.ts';
import { ClearError, type Say, since } from '../../deploy/local/say.ts';

const run = promisify(execFile);

/** What to install, and the modules that must be there for it to be whole. */
export type Wanted = { packages: string[]; modules: string[] };

/** What tests of Python clients need. One list, so that it is installed once. */
export const CLIENTS: Wanted = {
  packages: ['openapi-python-client==0.29.1', 'mypy==1.18.2'],
  modules: ['openapi_python_client', 'mypy', 'httpx', 'attrs'],
};

/** The Python of these tests. CI has one; elsewhere the test is skipped, and the reason is shown with it. */
export async function pythonOrSkip(context: TestContext): Promise<string> {
  try {
    return await pythonWith(CLIENTS, console.log);
  } catch (error) {
    if (process.env.CI || !(error instanceof ClearError)) throw error;
    console.warn(`skipped, the Python client: ${error.message}`);
    return context.skip(error.message);
  }
}

/** The Python that has the packages. Throws a ClearError of one line when Python 3.10 or newer, venv, pip or PyPI is missing. */
export async function pythonWith({ packages, modules }: Wanted, say: Say): Promise<string> {
  const python = (
    await run('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])'], { timeout: 15_000 }).catch(() => undefined)
  )?.stdout.trim();
  if (!python) throw new ClearError('this needs Python 3.10 or newer: there is no python3 on PATH');
  const [major, minor] = python.split('.').map(Number);
  if (major !== 3 || minor! < 10) throw new ClearError(`this needs Python 3.10 or newer: python3 is ${python}`);

  const name = packages.map((one) => one.replace('==', '-')).join('-');
  const dir = join(cacheDir(), `${name}-py${python}-${process.platform}-${process.arch}`);
  const command = join(dir, 'bin', 'python');
  if (!(await works(command, modules))) {
    if (await exists(dir)) await rename(dir, `${dir}.bad.${Date.now()}`); // made for a Python that is gone
    await fillOnce(dir, say, (temporary) => install(temporary, dir, packages, say));
  }
  return command;
}

const works = (python: string, modules: string[]) =>
  run(python, ['-c', `import ${modules.join(', ')}`], { timeout: 60_000 }).then(
    () => true,
    () => false,
  );

async function install(into: string, dir: string, packages: string[], say: Say): Promise<void> {
  const began = Date.now();
  const what = packages.join(' and ');
  say(`installing ${what} from PyPI into ${dir} (once; about 20 MB)`);
  await run('python3', ['-m', 'venv', into], { timeout: 120_000 }).catch((error) => {
    throw new ClearError(`python3 -m venv does not work (${lastLine(error)}): install venv and pip (Debian: apt-get install python3-venv)`);
  });
  const fault = await pip(join(into, 'bin', 'python'), ['install', '--quiet', '--disable-pip-version-check', ...packages]);
  if (fault) throw new ClearError(`pip could not install ${what} (${fault}): is PyPI reached from here?`);
  say(`${what} installed (${since(began)})`);
}

/** Runs pip; resolves to what went wrong, if anything did. */
function pip(python: string, args: string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(python, ['-m', 'pip', ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
    });
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code) => resolve(code === 0 ? undefined : lastLine({ stderr: said }) || `exit code ${code}`));
  });
}

function lastLine(error: { stderr?: string; stdout?: string; message?: string }): string {
  const lines = `${error.stdout ?? ''}\n${error.stderr ?? ''}`.split('\n').filter((line) => line.trim());
  return lines.at(-1)?.trim() ?? error.message ?? '';
}
