// First step of `npm start`, `test`, `demo`, `verify`, `promote`, `keys`, `import`, `bench` and `fuzz` on a fresh clone: checks Node, installs npm packages when they are missing or old, hands over.
// Plain JavaScript without imports from npm: it runs before anything is installed.
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { directLoopback, forgetOthers, outliveReaders } from './surroundings.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const commands = {
  start: 'deploy/local/start.ts',
  demo: 'deploy/local/demo.ts',
  test: 'deploy/local/test.ts',
  bench: 'bench/main.ts',
  fuzz: 'test/fuzz/main.ts',
  verify: 'deploy/local/verify.ts',
  promote: 'deploy/local/promote.ts',
  keys: 'deploy/local/keys.ts',
  import: 'deploy/local/import.ts',
};

function fail(line) {
  process.stderr.write(`billetter: ${line}\n`);
  process.exit(1);
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || major > 24 || (major === 20 && minor < 3))
    fail(`Node ${process.versions.node} is not supported: install Node 20.3 to 24 (https://nodejs.org), then run this again`);
  if (process.platform === 'win32') fail('the local stack runs on Linux and macOS: on Windows use WSL, or docker compose up');
}

/** The lock file's hash is stamped into node_modules after each install; only a different lock file installs again. */
function wanted() {
  const lock = readFileSync(join(root, 'package-lock.json'));
  return createHash('sha256').update(lock).update(`${process.platform}-${process.arch}-${process.versions.modules}`).digest('hex');
}

async function install() {
  const stamp = join(root, 'node_modules', '.billetter-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted()) return;
  if (upToDate()) {
    try {
      writeFileSync(stamp, wanted());
    } catch {} // another user's checkout: looked at again next time
    return;
  }
  process.stderr.write('billetter: installing npm packages (npm ci), about a minute the first time\n');
  const started = Date.now();
  const tick = setInterval(() => process.stderr.write(`billetter: npm ci ... ${Math.round((Date.now() - started) / 1000)} s\n`), 10_000);
  const code = await run('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--include=dev']);
  clearInterval(tick);
  if (code !== 0)
    fail(`npm ci failed (exit ${code}): its lines above say why; if the registry was not reached, check the network and run this again`);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, wanted());
  process.stderr.write(`billetter: npm packages installed (${Math.round((Date.now() - started) / 1000)} s)\n`);
}

/** Someone ran npm ci or npm install by hand: npm's own record of what it installed says the same as the lock file, so there is nothing to do. */
function upToDate() {
  try {
    const read = (path) => JSON.parse(readFileSync(join(root, path), 'utf8')).packages;
    const [lock, installed] = [read('package-lock.json'), read('node_modules/.package-lock.json')];
    return Object.entries(lock).every(
      ([path, entry]) => path === '' || entry.link || entry.optional || entry.peer || installed[path]?.version === entry.version,
    );
  } catch {
    return false;
  }
}

function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
    child.on('error', (error) => fail(`cannot run ${command}: ${error.message}`));
    child.on('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 143)));
    // The terminal sends Ctrl-C to this process and to the child alike; this one only has to outlive it. The child ignores what comes twice.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
    const npm = npmAbove();
    const watch = setInterval(() => {
      if (!npm || isAlive(npm)) return;
      clearInterval(watch);
      child.kill('SIGTERM');
    }, 1000);
    watch.unref();
  });
}

/** The npm that runs this, if one does: killed with -9 it forwards nothing, so that has to be looked for. Between the two there may be a shell. */
function npmAbove() {
  if (!process.env.npm_lifecycle_event) return undefined;
  let pid = process.ppid;
  for (let i = 0; i < 2 && pid > 1; i++) {
    try {
      const { parent, command } = describe(pid);
      if (/\bnpm\b/.test(command)) return pid;
      pid = parent;
    } catch {
      return undefined;
    }
  }
  return undefined;
}

/** By /proc, because slim images have no ps; by ps where there is no /proc. Throws where neither can tell. */
function describe(pid) {
  if (existsSync('/proc/self/stat')) {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8'); // "12 (a name) S 7 ...", and a name may have brackets
    const [, parent] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { parent: Number(parent), command: readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ') };
  }
  const [, parent, command] = /^\s*(\d+)\s+(.*)/.exec(
    execFileSync('ps', ['-ww', '-o', 'ppid=,command=', '-p', String(pid)], { encoding: 'utf8' }),
  );
  return { parent: Number(parent), command };
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

const [command, ...args] = process.argv.slice(2);
if (!command || !(command in commands)) fail(`usage: node deploy/local/bootstrap.mjs ${Object.keys(commands).join('|')}`);
outliveReaders();
checkNode();
directLoopback(process.env);
forgetOthers(process.env);
await install();
// The IPC channel is how the child notices that this process is gone, however it died.
const stdio = ['inherit', 'inherit', 'inherit', 'ipc'];
process.exitCode = await run(process.execPath, ['--import', 'tsx', commands[command], ...args], { stdio });
process.exit();
