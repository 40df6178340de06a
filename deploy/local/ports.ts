// Which ports are taken, by whom, and which are free: so that a start fails early with one line for each, and private stacks never meet.
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

/** Ports promised to a process that has not bound them yet, one file each: stacks started at the same time must not get the same. */
const PROMISED = join(tmpdir(), `billetter-ports-${process.getuid?.() ?? 'all'}`); // each user's own: another's files cannot be written

/**
 * A free port for a private stack. Chosen below the range from which the kernel serves outgoing connections (32768 on Linux, 49152 on macOS):
 * a port from that range can be taken by any client between this call and the server's bind.
 */
export async function freePort(): Promise<number> {
  for (let i = 0; i < 200; i++) {
    const port = 15_000 + Math.floor(Math.random() * 17_000);
    if (!(await isTaken(port)) && (await promised(port))) return port;
  }
  throw new Error('no free port found between 15000 and 32000');
}

/** Promises the port to this process, unless it is promised to another that still lives. */
async function promised(port: number): Promise<boolean> {
  const file = join(PROMISED, String(port));
  try {
    await mkdir(PROMISED, { recursive: true });
    const owner = Number(await readFile(file, 'utf8').catch(() => 0));
    if (owner && owner !== process.pid && !isAlive(owner)) await rm(file, { force: true });
    await writeFile(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'EEXIST'; // where nothing can be written down, the port itself is still free
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** True when a server could not listen on this port: something answers on it, or binding fails. */
export async function isTaken(port: number, host = '0.0.0.0'): Promise<boolean> {
  // Both are asked: macOS lets 0.0.0.0 be bound beside a listener on 127.0.0.1, and a listener may be on ::1 alone.
  return (await answers(port, '127.0.0.1')) || (await answers(port, '::1')) || !(await canListen(port, host));
}

function answers(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host });
    const end = (taken: boolean) => {
      socket.destroy();
      resolve(taken);
    };
    socket.setTimeout(500, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const server = net.createServer();
    // Only a taken port is of interest here; what else may be wrong (no permission below 1024) the service itself says best.
    server.once('error', (error: NodeJS.ErrnoException) => resolve(error.code !== 'EADDRINUSE'));
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

export type Wanted = { port: number; what: string; variable: string };

/** One line for every wanted port that is taken or wanted twice; empty when all is well. */
export async function portFaults(wanted: Wanted[]): Promise<string[]> {
  const lines: string[] = [];
  const seen = new Map<number, Wanted>();
  for (const want of wanted) {
    const other = seen.get(want.port);
    if (other)
      lines.push(
        `port ${want.port} is wanted for both ${other.what} (${other.variable}) and ${want.what} (${want.variable}): move one of them`,
      );
    seen.set(want.port, want);
  }
  for (const want of seen.values()) {
    if (!(await isTaken(want.port))) continue;
    const who = await holder(want.port);
    const free = await freePort();
    lines.push(`port ${want.port} (${want.what}) is taken${who ? ` by ${who}` : ''}: stop that, or move it with ${want.variable}=${free}`);
  }
  return lines;
}

/** Who listens on a port, as "name (pid 123)"; undefined when that cannot be told cheaply. */
export async function holder(port: number): Promise<string | undefined> {
  try {
    return process.platform === 'linux' ? await holderFromProc(port) : await holderFromLsof(port);
  } catch {
    return undefined;
  }
}

async function holderFromProc(port: number): Promise<string | undefined> {
  const hex = port.toString(16).toUpperCase().padStart(4, '0');
  const sockets = new Set<string>();
  for (const table of ['tcp', 'tcp6']) {
    const text = await readFile(`/proc/net/${table}`, 'utf8').catch(() => '');
    for (const line of text.split('\n')) {
      const f = line.trim().split(/\s+/);
      if (f[1]?.endsWith(`:${hex}`) && f[3] === '0A') sockets.add(`socket:[${f[9]}]`);
    }
  }
  if (!sockets.size) return undefined;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const fds = await readdir(`/proc/${pid}/fd`).catch(() => []); // another user's process, or one that just ended
    for (const fd of fds) {
      if (!sockets.has(await readlink(`/proc/${pid}/fd/${fd}`).catch(() => ''))) continue;
      const command = (await readFile(`/proc/${pid}/cmdline`, 'utf8')).split('\0').join(' ').trim();
      return `${command.length > 120 ? `${command.slice(0, 120)}...` : command} (pid ${pid})`;
    }
  }
  return undefined;
}

async function holderFromLsof(port: number): Promise<string | undefined> {
  const { stdout } = await promisify(execFile)('lsof', ['-nP', `-iTCP:${port}`, '-sTCP:LISTEN', '-Fpc'], { timeout: 3000 });
  const pid = /^p(\d+)/m.exec(stdout)?.[1];
  return pid ? `${/^c(.+)/m.exec(stdout)?.[1] ?? 'a process'} (pid ${pid})` : undefined;
}
