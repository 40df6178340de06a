// Bodies that come as multipart/form-data, where a route takes files.
import { Busboy, type BusboyInstance } from '@fastify/busboy';
import type { Context } from 'koa';
import { BodyTooLarge, isStorable } from './body.ts';
import { Malformed } from './validate.ts';

/** A form as a route states it: which files it takes, each of at most so many bytes, and how its texts become what the body's schema has. */
export type Form = {
  files: string[];
  maxBytes: number;
  /** Texts by name; of a name that comes several times all of them. */
  read(texts: Record<string, string[]>): Record<string, unknown>;
};

/** Files by their names in the form. */
export type Files = Record<string, Buffer>;

const MAX_FIELDS = 100;
const MAX_TEXT = 64 * 1024;

/** Whether the body came as such a form. */
export const isForm = (ctx: Context): boolean => /^multipart\/form-data *;/i.test(ctx.get('Content-Type'));

/**
 * Reads a form whole; what is too large is read and dropped, so that the sender hears the answer.
 * @throws Malformed | BodyTooLarge
 */
export async function readForm(ctx: Context, form: Form): Promise<{ body: Record<string, unknown>; files: Files }> {
  const { texts, files } = await readParts(ctx, form);
  const body = form.read(texts);
  // The same two things that JSON may not contain. Asked of what was read: a list in JSON has them as escapes.
  if (!isStorable(body))
    throw new Malformed('The form contains a character that cannot be kept: NUL, or half of a surrogate pair.', {
      fields: { body: 'NUL or half a surrogate pair' },
    });
  return { body, files };
}

/** The form's parts. An error thrown in a listener would end the process, so faults are kept until the form was read. */
function readParts(ctx: Context, form: Form): Promise<{ texts: Record<string, string[]>; files: Files }> {
  const texts: Record<string, string[]> = Object.create(null);
  const files: Files = Object.create(null);
  let fault: Error | undefined;
  const broken = () => new Malformed('The form is not whole.', { fields: { body: 'broken multipart/form-data' } });
  const nameless = () => new Malformed('A part of the form has no name.', { fields: { body: 'a part without a name' } });

  return new Promise((resolve, reject) => {
    let parser: BusboyInstance;
    try {
      parser = new Busboy({
        headers: ctx.req.headers as never,
        limits: {
          fields: MAX_FIELDS,
          fieldSize: MAX_TEXT,
          files: form.files.length,
          fileSize: form.maxBytes,
          parts: MAX_FIELDS + form.files.length,
        },
      });
    } catch {
      reject(broken());
      return;
    }
    // The parser says `string`, but hands on what the part says: a part may have no name.
    parser.on('field', (name: string | undefined, value, _, tooLong) => {
      if (tooLong) fault ??= new BodyTooLarge();
      if (name === undefined) fault ??= nameless();
      else texts[name] = [...(texts[name] ?? []), value];
    });
    parser.on('file', (name: string | undefined, stream) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      // The form ends within this file. Nobody listening, it would end the process.
      stream.on('error', () => reject(fault ?? broken()));
      stream.on('limit', () => {
        fault ??= new BodyTooLarge();
        chunks.length = 0;
      });
      stream.on('end', () => {
        const content = Buffer.concat(chunks);
        if (name === undefined) fault ??= nameless();
        else if (!form.files.includes(name))
          fault ??= new Malformed(`${name.slice(0, 100)} takes no file.`, { fields: { [name.slice(0, 100)]: 'takes no file' } });
        // A file input that was left empty.
        else if (content.length) files[name] = content;
      });
    });
    for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const) parser.on(limit, () => (fault ??= new BodyTooLarge()));
    parser.on('error', () => reject(fault ?? broken()));
    parser.on('finish', () => (fault ? reject(fault) : resolve({ texts, files })));
    ctx.req.on('aborted', () => reject(broken()));
    ctx.req.pipe(parser);
  });
}
