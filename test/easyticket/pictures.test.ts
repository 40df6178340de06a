// Pictures of events: uploaded with a form, judged by their bytes, served for ever under their address.
import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as pictures from '../../services/events/pictures.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person, show } from '../support/made.ts';

let world: World;
let organizer: { id: string; token: string };
beforeAll(async () => {
  world = await startWorld();
  organizer = await person(world.db, 'organizer');
});
afterAll(() => world?.stop());

/** A PNG of one colour whose head says these sides. */
function png(width: number, height: number, rows = Math.min(height, 20)): Buffer {
  const crc = (bytes: Buffer) => {
    let c = ~0;
    for (const byte of bytes) {
      c ^= byte;
      for (let k = 0; k < 8; k++) c = c & 1 ? (c >>> 1) ^ 0xedb88320 : c >>> 1;
    }
    return ~c >>> 0;
  };
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc(body));
    return Buffer.concat([length, body, sum]);
  };
  const head = Buffer.alloc(13);
  head.writeUInt32BE(width, 0);
  head.writeUInt32BE(height, 4);
  head.set([8, 0, 0, 0, 0], 8);
  const pixels = deflateSync(Buffer.alloc((width + 1) * rows));
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', head),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
const GIF = Buffer.concat([Buffer.from('GIF89a'), Buffer.from([32, 0, 32, 0, 0, 0, 0]), Buffer.from(';')]);

const later = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
const FIELDS = {
  title: 'Gala',
  description: 'A night',
  venue_name: 'Hall',
  start_date: later(5),
  end_date: later(6),
  total_capacity: '100',
  is_free: 'false',
};

async function send(
  method: string,
  path: string,
  fields: Record<string, string | string[]>,
  files: Record<string, Buffer> = {},
  headers: Record<string, string> = {},
) {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) for (const one of [value].flat()) form.append(name, one);
  for (const [name, content] of Object.entries(files))
    form.append(name, new Blob([new Uint8Array(content)], { type: 'image/png' }), `${name}.png`);
  const response = await fetch(`${world.url}/api/events/${path}`, {
    method,
    headers: { authorization: `Bearer ${organizer.token}`, ...headers },
    body: form,
  });
  return { status: response.status, body: (await response.json()) as any };
}

describe('a form', () => {
  it('makes an event with its pictures, which are served as what they are, to anybody, for ever', async () => {
    const banner = png(1200, 600);
    const made = await send('POST', '', { ...FIELDS, tags: ['music', 'night'], base_price: '10.50' }, { banner, thumbnail_image: GIF });
    expect([made.status, made.body.total_capacity, made.body.tags, made.body.base_price]).toEqual([201, 100, ['music', 'night'], '10.50']);
    for (const [url, type, bytes] of [
      [made.body.banner, 'image/png', banner],
      [made.body.thumbnail_image, 'image/gif', GIF],
    ] as const) {
      const picture = await fetch(world.url + new URL(url).pathname);
      expect([picture.status, picture.headers.get('content-type'), picture.headers.get('x-content-type-options')]).toEqual([
        200,
        type,
        'nosniff',
      ]);
      expect(picture.headers.get('cache-control')).toContain('immutable');
      expect(Buffer.from(await picture.arrayBuffer())).toEqual(bytes);
    }
  });

  it('replaces a picture under a new address; null takes it away; the old ones are gone', async () => {
    const made = await send('POST', '', FIELDS, { banner: png(100, 100) });
    const changed = await send('PATCH', `${made.body.slug}/`, {}, { banner: png(200, 100) });
    expect(changed.body.banner).not.toBe(made.body.banner);
    expect((await world.call('GET', new URL(made.body.banner).pathname)).status).toBe(404);
    const bare = await world.call('PATCH', `/api/events/${made.body.slug}/`, { token: organizer.token, body: { banner: null } });
    expect(bare.body.banner).toBeNull();
    expect((await world.call('GET', new URL(changed.body.banner).pathname)).status).toBe(404);
  });

  it.each([
    ['a page that calls itself a picture', Buffer.from('<html><script>alert(1)</script></html>')],
    ['a drawing that can run', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100"><script/></svg>')],
    ['a head without a body', Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')],
    ['a small file of enormous sides', png(60_000, 60_000, 1)],
    ['a dot', png(1, 1)],
  ])('refuses %s, by its field, and makes no event', async (_, banner) => {
    const before = await world.db
      .selectFrom('events')
      .select(({ fn }) => fn.countAll().as('n'))
      .executeTakeFirstOrThrow();
    const answer = await send('POST', '', FIELDS, { banner });
    expect([answer.status, Object.keys(answer.body.field_errors)]).toEqual([400, ['banner']]);
    const after = await world.db
      .selectFrom('events')
      .select(({ fn }) => fn.countAll().as('n'))
      .executeTakeFirstOrThrow();
    expect(after.n).toBe(before.n);
  });

  it('refuses what is too large with 413, a file where none is taken and a form that is broken with 400', async () => {
    expect((await send('POST', '', FIELDS, { banner: Buffer.alloc(6 * 1024 * 1024) })).status).toBe(413);
    expect((await send('POST', '', FIELDS, { title: GIF })).status).toBe(400);
    expect((await send('POST', '', { ...FIELDS, title: 'a\0b' })).status).toBe(400);
    expect((await send('POST', '', { ...FIELDS, total_capacity: 'many' })).body.field_errors.total_capacity).toBeDefined();
    for (const raw of ['--x\r\nContent-Disposition: form-data; name="title"\r\n\r\nhalf', 'nothing', '']) {
      const headers = { 'content-type': 'multipart/form-data; boundary=x' };
      expect((await world.call('POST', '/api/events/', { token: organizer.token, raw, headers })).status).toBe(400);
    }
    const none = { 'content-type': 'multipart/form-data;' };
    expect((await world.call('POST', '/api/events/', { token: organizer.token, raw: 'x', headers: none })).status).toBe(400);
  });

  it.each([
    ['a text without a name', 'Content-Disposition: form-data\r\n\r\nhello', 'body'],
    ['a file without a name', 'Content-Disposition: form-data; filename="a.png"\r\n\r\nhello', 'body'],
    ['NUL in a part without a name', 'Content-Disposition: form-data\r\n\r\na\0b', 'body'],
    ['a form that ends within a file', 'Content-Disposition: form-data; name="banner"; filename="a.png"\r\n\r\nhal', 'body', ''],
    ['NUL as an escape in a list', 'Content-Disposition: form-data; name="tags"\r\n\r\n["a\\u0000"]', 'body'],
    ['half a surrogate pair likewise', 'Content-Disposition: form-data; name="tags"\r\n\r\n["a\\ud800"]', 'body'],
  ])('refuses %s, and lives on', async (_, part, field, end = '\r\n--x--\r\n') => {
    const raw = `--x\r\n${part}${end}`;
    const headers = { 'content-type': 'multipart/form-data; boundary=x' };
    const answer = await world.call('POST', '/api/events/', { token: organizer.token, raw, headers });
    expect([answer.status, Object.keys(answer.body.field_errors)]).toEqual([400, [field]]);
  });

  it('changes nothing of a cancelled event', async () => {
    const { body: event } = await send('POST', '', FIELDS, { banner: GIF });
    const act = (path: string) => world.call('POST', `/api/events/${event.slug}/${path}/`, { token: organizer.token, body: {} });
    for (const path of ['publish', 'cancel']) expect((await act(path)).status).toBe(200);
    const answer = await send('PATCH', `${event.slug}/`, {}, { banner: png(100, 100) });
    expect([answer.status, answer.body.code]).toEqual([400, 'not_changeable']);
    expect((await world.call('GET', new URL(event.banner).pathname)).status).toBe(200);
  });

  it('signed by cookie alone is refused: another site could have sent it', async () => {
    const form = new FormData();
    for (const [name, value] of Object.entries(FIELDS)) form.append(name, value);
    const cookie = { cookie: `access_token=${organizer.token}` };
    for (const origin of ['https://evil.example', world.gateway.config.http.publicUrl]) {
      const answer = await fetch(`${world.url}/api/events/`, { method: 'POST', headers: { ...cookie, origin }, body: form });
      expect([400, 403]).toContain(answer.status);
    }
  });

  it('at the same instant as another one neither fails, and for an event that was deleted meanwhile there is none', async () => {
    const banner = pictures.check('banner', png(32, 32));
    const { id } = await show(world.db);
    await Promise.all(Array.from({ length: 12 }, () => pictures.put(world.db, id, { banner })));
    const kept = await world.db.selectFrom('event_pictures').select('id').where('event_id', '=', id).execute();
    expect(kept).toHaveLength(1);
    const gone = pictures.put(world.db, '00000000-0000-4000-8000-000000000000', { banner });
    await expect(gone).rejects.toMatchObject({ code: 'event_not_found' });
  });

  it('is taken by no other route', async () => {
    const form = new FormData();
    form.append('name', 'X');
    const admin = await person(world.db, 'admin');
    const answer = await fetch(`${world.url}/api/events/categories/`, {
      method: 'POST',
      headers: { authorization: `Bearer ${admin.token}` },
      body: form,
    });
    expect(answer.status).toBe(400);
  });
});
