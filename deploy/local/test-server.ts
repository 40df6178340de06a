// Finds Temporal's time-skipping test server: given, cached, run by the machine's Java from Maven's artifacts, or downloaded as a program.
import { execFile, spawn } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDir, downloadAndUnpack, exists, fillOnce } from './cache.ts';
import { freePort, isTaken } from './ports.ts';
import { type Say, say as sayAloud, until } from './say.ts';
import { onPath } from './temporal-cli.ts';

const VERSION = '1.31.0';
const run = promisify(execFile);

export type TestServer = { path: string } | { reason: string };

/**
 * Finds (or installs) the server as one executable file, for
 * `TestWorkflowEnvironment.createTimeSkipping({ server: { executable: { type: 'existing-path', path } } })`.
 * Where it cannot be had the answer says why, and tests use short timers on the development server instead.
 * BILLETTER_TEST_SERVER names one, or is "none".
 */
export async function findTestServer(options: { env?: NodeJS.ProcessEnv; say?: Say } = {}): Promise<TestServer> {
  const { env = process.env, say = sayAloud } = options;
  const given = env.BILLETTER_TEST_SERVER;
  if (given === 'none') return { reason: 'BILLETTER_TEST_SERVER=none' };
  if (given) return (await exists(given)) ? { path: given } : { reason: `BILLETTER_TEST_SERVER=${given} does not exist` };

  const java = await findJava(env);
  const byJava = 'path' in java ? await withJava(java.path, env, say) : java;
  if ('path' in byJava) return byJava;
  const downloaded = await download(env, say);
  return 'path' in downloaded ? downloaded : { reason: `${byJava.reason}; ${downloaded.reason}` };
}

async function findJava(env: NodeJS.ProcessEnv): Promise<TestServer> {
  const candidates = [...(env.JAVA_HOME ? [join(env.JAVA_HOME, 'bin', 'java')] : []), ...onPath('java', env)];
  let reason = 'there is no Java';
  for (const path of candidates) {
    try {
      const { stderr } = await run(path, ['-version'], { timeout: 10_000 }); // fails for macOS' placeholder, which is no Java
      const major = Number(/version "(?:1\.)?(\d+)/.exec(stderr)?.[1]);
      if (major >= 11) return { path };
      reason = `${path} is Java ${major || 'of an unknown version'}, 11 or later is needed`;
    } catch {}
  }
  return { reason };
}

async function withJava(java: string, env: NodeJS.ProcessEnv, say: Say): Promise<TestServer> {
  const dir = join(cacheDir(env), `temporal-test-server-${VERSION}-java`);
  const lib = join(dir, 'lib');
  try {
    if (!(await exists(dir))) await fillOnce(dir, say, (temporary) => fetchJars(join(temporary, 'lib'), env, say));
    const jars = (await readdir(lib)).filter((name) => name.endsWith('.jar')).sort();
    const classpath = jars.map((name) => join(lib, name)).join(delimiter);
    const archive = await classArchive(java, classpath, dir);
    return { path: await wrapper(dir, java, classpath, archive) };
  } catch (error) {
    return { reason: (error as Error).message.split('\n')[0]! };
  }
}

async function fetchJars(lib: string, env: NodeJS.ProcessEnv, say: Say): Promise<void> {
  const mvn = onPath('mvn', env)[0];
  if (!mvn) throw new Error('there is Java but no mvn to fetch the test server with');
  say('fetching the Temporal test server with Maven');
  await mkdir(lib, { recursive: true });
  const dependency = `<dependency><groupId>io.temporal</groupId><artifactId>temporal-test-server</artifactId><version>${VERSION}</version></dependency>`;
  const pom = join(lib, '..', 'pom.xml');
  await writeFile(
    pom,
    `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>server</artifactId><version>1</version><dependencies>${dependency}</dependencies></project>`,
  );
  const goal = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies';
  await run(mvn, ['-q', '-B', '-f', pom, goal, '-DincludeScope=runtime', `-DoutputDirectory=${lib}`], { env, timeout: 300_000 }).catch(
    (error) => {
      const line = `${error.stdout}${error.stderr}`.split('\n').find((l) => l.includes('[ERROR]')) ?? error.message;
      throw new Error(`Maven could not fetch the test server: ${line.replace(/^.*\[ERROR\]\s*/, '').slice(0, 200)}`);
    },
  );
}

const FLAGS = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-Xshare:auto', '-Xlog:disable', '-Xlog:all=error:stderr'];

/**
 * An archive of the loaded classes, which brings the start from 1.0 s to 0.3 s (measured). It holds for one Java and one set of paths; Java
 * ignores one that does not fit. Only worth having: any failure means going without. Made from a real run that is asked to end.
 */
async function classArchive(java: string, classpath: string, dir: string): Promise<string | undefined> {
  const archive = join(dir, 'classes.jsa');
  if (await exists(archive)) return archive;
  const temporary = `${archive}.${process.pid}`;
  try {
    const port = await freePort();
    const args = [...FLAGS, `-XX:ArchiveClassesAtExit=${temporary}`, '-cp', classpath, 'io.temporal.testserver.TestServer', String(port)];
    const child = spawn(java, args, { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('close', resolve).once('error', resolve));
    await until(() => isTaken(port, '127.0.0.1'), 20_000);
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), 20_000).unref();
    await ended;
    await rename(temporary, archive);
    return archive;
  } catch {
    await rm(temporary, { force: true });
    return undefined;
  }
}

async function wrapper(dir: string, java: string, classpath: string, archive: string | undefined): Promise<string> {
  const path = join(dir, 'temporal-test-server');
  const flags = [...FLAGS, ...(archive ? [`-XX:SharedArchiveFile=${archive}`] : [])].map(quote).join(' ');
  // exec: the SDK signals the process it started, which must be Java itself.
  const script = `#!/bin/sh\nexec ${quote(java)} ${flags} -cp ${quote(classpath)} io.temporal.testserver.TestServer "$@"\n`;
  if ((await readFile(path, 'utf8').catch(() => '')) === script) return path;
  const temporary = `${path}.${process.pid}`;
  await writeFile(temporary, script);
  await chmod(temporary, 0o755);
  await rename(temporary, path);
  return path;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

async function download(env: NodeJS.ProcessEnv, say: Say): Promise<TestServer> {
  const os = { linux: 'linux', darwin: 'macOS' }[process.platform as string];
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch as string];
  if (!os || !arch) return { reason: `there is no download for ${process.platform} ${process.arch}` };
  const dir = join(cacheDir(env), `temporal-test-server-${VERSION}-${process.platform}-${process.arch}`);
  const path = join(dir, 'temporal-test-server');
  const name = `temporal-test-server_${VERSION}_${os}_${arch}`;
  try {
    if (await exists(path)) return { path };
    await fillOnce(dir, say, async (temporary) => {
      say('downloading the Temporal test server');
      await downloadAndUnpack(`https://github.com/temporalio/sdk-java/releases/download/v${VERSION}/${name}.tar.gz`, temporary, say);
      const inner = join(temporary, name, 'temporal-test-server');
      if (await exists(inner)) await rename(inner, join(temporary, 'temporal-test-server'));
      await chmod(join(temporary, 'temporal-test-server'), 0o755);
    });
    return { path };
  } catch (error) {
    return { reason: `its download failed (${(error as Error).message})` };
  }
}
