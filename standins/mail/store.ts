// Keeps caught messages: the newest ones in order, their raw text on disk when there is a folder, in memory otherwise.
import { randomUUID } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import PostalMime, { type Address, type Email } from 'postal-mime';

export type Message = {
  id: string;
  date: string;
  from: string;
  to: string[];
  subject: string;
  text: string;
  html: string;
  attachments: { filename: string; contentType: string; size: number }[];
};

/** Beyond either, the oldest go: the catcher may run for weeks under load tests. */
const MAX_MESSAGES = 2000;
const MAX_BYTES = 256 * 1024 * 1024;

/** What is known of a message before anybody reads it. */
type Head = Pick<Message, 'id' | 'date' | 'to'> & { from: string };
/** `raw`: where there is no folder. `read`: what was made of it, once somebody has asked. */
type Kept = { head: Head; bytes: number; raw: Buffer | undefined; read?: Promise<Message> };

export type Store = ReturnType<typeof openStore>;

/** Opens the store; with a folder, what an earlier run caught is there again. */
export function openStore(dir?: string, limit = MAX_MESSAGES) {
  const kept: Kept[] = [];
  let bytes = 0;
  let next = 0; // orders file names, as two messages can come in one millisecond
  const path = (id: string, ext: string) => join(dir!, `${id}.${ext}`);

  function forget(count: number) {
    for (const { head, bytes: size } of kept.splice(0, count)) {
      bytes -= size;
      if (dir) for (const ext of ['eml', 'json']) rmSync(path(head.id, ext), { force: true });
    }
  }

  function keep(one: Kept) {
    kept.push(one);
    bytes += one.bytes;
    let over = Math.max(0, kept.length - limit);
    for (let left = bytes - sum(kept.slice(0, over)); left > MAX_BYTES && over < kept.length - 1; over++) left -= kept[over]!.bytes;
    forget(over);
  }

  if (dir) {
    mkdirSync(dir, { recursive: true });
    const names = readdirSync(dir).filter((name) => name.endsWith('.json'));
    for (const name of names.sort()) {
      try {
        const head = JSON.parse(readFileSync(join(dir, name), 'utf8')) as Head;
        keep({ head, bytes: statSync(path(head.id, 'eml')).size, raw: undefined });
      } catch {} // half-written when the machine went down: not worth more than that
    }
  }

  const raw = (one: Kept) => one.raw ?? readFileSync(path(one.head.id, 'eml'));
  const find = (id: string) => kept.find((one) => one.head.id === id);

  /** Parsed once, when somebody first asks: under load nobody reads what is caught. */
  function read(one: Kept): Promise<Message> {
    one.read ??= PostalMime.parse(raw(one)).then(
      (mail) => messageOf(one.head, mail),
      (error) => messageOf(one.head, { subject: '(cannot be read)', text: String(error), attachments: [] }),
    );
    return one.read;
  }

  return {
    /** Keeps one delivery. The envelope decides who it is for: a Bcc stands nowhere else. */
    add(source: Buffer, { from, to }: { from: string; to: string[] }): void {
      // Sorts by time as text, so that a folder is read back in order.
      const id = `${Date.now().toString(36).padStart(9, '0')}${(next++ % 46_656).toString(36).padStart(3, '0')}-${randomUUID().slice(0, 8)}`;
      const head: Head = { id, date: new Date().toISOString(), from, to };
      if (dir) {
        writeFileSync(path(id, 'eml'), source);
        writeFileSync(path(id, 'json'), JSON.stringify(head));
      }
      keep({ head, bytes: source.length, raw: dir ? undefined : source });
    },
    /** Newest first; `to` is compared without regard to case. */
    list(to?: string): Promise<Message[]> {
      const wanted = to?.trim().toLowerCase();
      const found = kept.filter(({ head }) => !wanted || head.to.some((address) => address.toLowerCase() === wanted));
      return Promise.all(found.map(read).reverse());
    },
    async get(id: string): Promise<Message | undefined> {
      const one = find(id);
      return one && read(one);
    },
    /** The message as it came over the wire. */
    source(id: string): Buffer | undefined {
      const one = find(id);
      return one && raw(one);
    },
    async attachment(id: string, filename: string): Promise<{ contentType: string; content: Buffer } | undefined> {
      const one = find(id);
      return one && files(await PostalMime.parse(raw(one))).find((file) => file.filename === filename);
    },
    clear: () => forget(kept.length),
  };
}

/** What is read out of a parsed message. */
type Parsed = Pick<Email, 'from' | 'subject' | 'text' | 'html' | 'attachments'>;

const messageOf = ({ id, date, from, to }: Head, mail: Parsed): Message => ({
  ...{ id, date, to },
  from: mail.from ? show(mail.from) : from,
  subject: mail.subject ?? '',
  text: mail.text ?? '',
  html: mail.html ?? '',
  attachments: files(mail).map(({ filename, contentType, content }) => ({ filename, contentType, size: content.length })),
});

function sum(list: Kept[]): number {
  return list.reduce((total, one) => total + one.bytes, 0);
}

function show(address: Address): string {
  return address.name && address.address ? `${address.name} <${address.address}>` : (address.address ?? address.name ?? '');
}

/** Attachments with names that are unique within the message, since a name is how one is asked for. */
function files(mail: Pick<Parsed, 'attachments'>): { filename: string; contentType: string; content: Buffer }[] {
  const seen = new Set<string>();
  return mail.attachments.map((one, i) => {
    let filename = one.filename || `attachment-${i + 1}`;
    while (seen.has(filename)) filename = `${i + 1}-${filename}`;
    seen.add(filename);
    const content = typeof one.content === 'string' ? Buffer.from(one.content) : Buffer.from(one.content as ArrayBuffer);
    return { filename, contentType: one.mimeType || 'application/octet-stream', content };
  });
}
