// What tests of the clients share: an organizer's key on a real gateway, and a small server that answers as it is told.
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { promisify } from 'node:util';
import { make, SCOPES, type Scope } from '../../services/accounts/apiKeys.ts';
import type { World } from './gateway.ts';
import { type HackathonOf, hackathon } from './hackathon.ts';

const execute = promisify(execFile);

/** Runs a command and gives what it printed; a failure has all of it. */
export async function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  const { stdout } = await execute(command, args, { timeout: 120_000, env: { ...process.env, ...env } }).catch((error) => {
    throw new Error(`${command} ${args.join(' ')}\n${error.stdout}\n${error.stderr || error.message}`);
  });
  return stdout;
}

/** The block of code that a README has under this heading. */
export async function example(readme: string, heading: string): Promise<string> {
  const text = (await readFile(readme, 'utf8')).split(`## ${heading}\n`)[1]!;
  return text.match(/```\w+\n([\s\S]*?)```/)![1]!;
}

/** An event and the key of its organizer. */
export async function organized(
  world: World,
  { scopes = [...SCOPES], slug, ...o }: HackathonOf & { scopes?: Scope[]; slug?: string } = {},
) {
  const event = await hackathon(world.db, o);
  if (slug) await world.db.updateTable('events').set({ slug }).where('id', '=', event.id).execute();
  const { token } = await make(world.db, event.organizer.id, { name: 'sdk', scopes });
  return {
    event,
    token,
    slug: slug ?? event.slug,
    key: (name: string, of: Scope[]) => make(world.db, event.organizer.id, { name, scopes: of }),
  };
}

/** An answer; 'drop' ends the connection without one, 'hang' never answers. */
export type Scripted = { status: number; body?: unknown; headers?: Record<string, string> } | 'drop' | 'hang';

/** A server that gives these answers in turn, the last one ever after, and keeps what it was asked. */
export async function scripted(answers: Scripted[]) {
  const asked: { method: string; path: string; headers: IncomingHttpHeaders }[] = [];
  const server = createServer((request, response) => {
    asked.push({ method: request.method!, path: request.url!, headers: request.headers });
    request.resume();
    const answer = answers[Math.min(asked.length, answers.length) - 1]!;
    if (answer === 'hang') return;
    if (answer === 'drop') return void request.socket.destroy();
    const { status, body, headers } = answer;
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(typeof body === 'string' ? body : body === undefined ? '' : JSON.stringify(body));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    keys: () => asked.map(({ headers }) => headers['idempotency-key']),
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** A refusal as the API writes it. */
export const refusal = (status: number, code: string, headers: Record<string, string> = {}): Scripted => ({
  ...{ status, headers: { 'x-request-id': 'req-1', ...headers } },
  body: { error: { code, message: 'No.', details: {} } },
});
