// `npm run import -- users.csv`, in the container `node dist/deploy/import.js users.csv`: users, events, seats and an archive out of a file.
import { createWriteStream, existsSync, rmSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { from } from 'pg-copy-streams';
import { connectAlone } from '../db/connect.ts';
import { users } from '../services/accounts/importUsers.ts';
import { archive } from '../services/events/importArchive.ts';
import { events } from '../services/events/importEvents.ts';
import { seats } from '../services/events/importSeats.ts';
import { type Copy, type Imported, type Kind, type Progress, refusals, runImport } from '../services/shared/imports.ts';

const KINDS: Kind[] = [users, events, archive, seats];
const USAGE = `import: say which file, as
  users.csv     user_id,email,password_hash,first_name,surname,registered_at,is_active,last_logged_in (SHA-256 in hex)
  events.json   [{ id, title, description, type, datetime_start, datetime_end, external, provider }]
  archive.csv   id,title,description,type,datetime_start,city,venue
  seats.csv     event_id,row,number,price,zone
  CSV (its first line names the columns), a JSON array, or JSON lines. What it holds is told by its name, or by --as ${KINDS.map((kind) => kind.name).join('|')}.
  A run that was cut off goes on when it is started again. Refused lines are listed in <file>.refused.csv.`;

/** Said as it is. Exit code 64: the command was written wrong; 1: it cannot be done. */
class Refused extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode = 1) {
    super(message);
    this.exitCode = exitCode;
  }
}

const EVERY_MS = 1_000;

function kindOf(path: string, named: string | undefined): Kind {
  const said = named ?? KINDS.find((kind) => basename(path).toLowerCase().includes(kind.name))?.name;
  const kind = KINDS.find((one) => one.name === said);
  if (!kind) throw new Refused(`import: what is in ${basename(path)}? Say it with --as\n${USAGE}`, 64);
  return kind;
}

/** Shows how far a run is: on a terminal as one line that changes, else a line now and then. */
function progressBar(out: NodeJS.WriteStream): (progress: Progress) => void {
  let began = 0;
  let [from, phase, shown] = [0, '', 0];
  return ({ phase: now, bytes, size, taken, refused, records }) => {
    if (now !== phase) {
      [phase, began, from, shown] = [now, Date.now(), now === 'importing' ? taken + refused : 0, 0];
      if (now === 'finishing') out.write(`${out.isTTY ? '\n' : ''}import: indexes and statistics\n`);
    }
    const every = out.isTTY ? EVERY_MS / 4 : EVERY_MS * 5;
    if (now === 'finishing' || (Date.now() - shown < every && bytes < size)) return;
    shown = Date.now();
    const seconds = Math.max(0.001, (shown - began) / 1000);
    const done = now === 'importing' ? taken + refused : records;
    const rate = (done - from) / seconds;
    const left = now === 'importing' && rate ? `, ${Math.ceil((records - done) / rate)} s left` : '';
    const part = size ? bytes / size : 1;
    const bar = `[${'#'.repeat(Math.round(part * 30)).padEnd(30, '.')}]`;
    const line = `${now} ${bar} ${Math.floor(part * 100)}%  ${done} records, ${refused} refused, ${Math.round(rate)}/s${left}`;
    out.write(out.isTTY ? `\r${line.padEnd(100)}` : `${line}\n`);
  };
}

/** Writes the list of refused lines beside the file, or takes an old one away. Only places and reasons: the lines may hold passwords. */
async function report(db: Parameters<typeof refusals>[0], path: string, { id, refused }: Imported): Promise<string> {
  const file = `${path}.refused.csv`;
  if (!refused) {
    if (existsSync(file)) rmSync(file);
    return '';
  }
  async function* lines() {
    yield 'line,byte,reason\n';
    for await (const some of refusals(db, id))
      yield some.map(({ line, at, reason }) => `${line},${at},"${reason.replaceAll('"', '""')}"\n`).join('');
  }
  await pipeline(Readable.from(lines()), createWriteStream(file));
  return `; they are listed in ${file}`;
}

async function main(): Promise<number> {
  const url = process.env.DATABASE_URL;
  if (!url) {
    console.error('import: DATABASE_URL is missing');
    return 78;
  }
  let connection: Awaited<ReturnType<typeof connectAlone>> | undefined;
  try {
    const { positionals, values } = parseArgs({ args: process.argv.slice(2), allowPositionals: true, options: { as: { type: 'string' } } });
    const [given, ...more] = positionals;
    if (!given || more.length) throw new Refused(USAGE, 64);
    const path = resolve(process.env.INIT_CWD ?? '.', given); // npm runs in the project's folder, wherever it was called
    const kind = kindOf(path, values.as);
    if (!existsSync(path)) throw new Refused(`import: there is no file ${path}`);

    connection = await connectAlone({ url, name: 'billetter-import' });
    const { db, client } = connection;
    const copy: Copy = (table, columns, lines) =>
      pipeline(Readable.from([lines]), client.query(from(`copy ${table} (${columns.join(', ')}) from stdin`)));
    const began = Date.now();
    const done = await runImport({ db, copy }, kind, path, progressBar(process.stderr));
    const listed = await report(db, path, done);
    const seconds = Math.max(1, Math.round((Date.now() - began) / 1000));
    const how = done.already
      ? 'was imported before'
      : `imported in ${seconds} s${done.resumedAt ? `, going on at line ${done.resumedAt}` : ''}`;
    console.log(`import: ${path} ${how}: ${done.taken} ${kind.name} taken, ${done.refused} refused${listed}`);
    return 0;
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException;
    const known = code?.startsWith('ERR_PARSE_ARGS') ? new Refused(USAGE, 64) : error;
    console.error(known instanceof Refused ? known.message : `import: ${message || code}`);
    return known instanceof Refused ? known.exitCode : 1;
  } finally {
    await connection?.db.destroy();
  }
}

process.exitCode = await main();
