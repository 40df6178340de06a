// Events sent as a form, with their pictures; and where the pictures are served.
import { z } from 'zod';
import { check, find, MAX_PICTURE_BYTES, type Picture, type PictureKind } from '../../services/events/pictures.ts';
import { DomainError } from '../../services/shared/errors.ts';
import type { Gateway } from '../deps.ts';
import { type Route, route } from '../http/route.ts';
import type { Files, Form } from '../http/steps/form.ts';
import { LIMITS } from './limits.ts';

const FLAGS = new Set(['is_free', 'is_featured']);
const NUMBERS = new Set(['total_capacity']);
const MAY_BE_NULL = new Set([
  'category',
  'base_price',
  'venue_latitude',
  'venue_longitude',
  'venue_time_zone',
  'banner',
  'thumbnail_image',
]);

/** A form's texts as JSON would have them. What is none of a field's values stays text, and is refused as such. */
export const EVENT_FORM: Form = {
  files: ['banner', 'thumbnail_image'],
  maxBytes: MAX_PICTURE_BYTES,
  read: (texts) =>
    Object.fromEntries(Object.entries(texts).map(([name, values]) => [name, name === 'tags' ? tags(values) : value(name, values.at(-1)!)])),
};

function value(name: string, text: string): unknown {
  if (text === '' && MAY_BE_NULL.has(name)) return null;
  if (FLAGS.has(name) && /^(true|false|on)$/i.test(text)) return !/^false$/i.test(text);
  return NUMBERS.has(name) && /^\d{1,15}$/.test(text) ? Number(text) : text;
}

/** Sent one by one, or as a JSON list. */
function tags(values: string[]): unknown {
  if (values.length === 1 && values[0]!.startsWith('[')) {
    try {
      return JSON.parse(values[0]!);
    } catch {
      return values;
    }
  }
  return values.filter((text) => text !== '');
}

/** The pictures of a call: those that were uploaded, and null for those to be taken away. Throws invalid for what is no picture. */
export function picturesOf(body: { banner?: null; thumbnail_image?: null }, files: Files): { [kind in PictureKind]?: Picture | null } {
  const one = (kind: PictureKind, name: 'banner' | 'thumbnail_image') => {
    const content = files[name];
    if (content) return { [kind]: check(kind, content) };
    return body[name] === null ? { [kind]: null } : {};
  };
  return { ...one('banner', 'banner'), ...one('thumbnail', 'thumbnail_image') };
}

const KINDS: Record<string, PictureKind> = { banners: 'banner', thumbnails: 'thumbnail' };

/** GET /media/events/banners/<id>.png and /media/events/thumbnails/<id>.png: a picture's address never shows another one. */
export const pictureRoute = ({ db }: Gateway): Route =>
  route({
    method: 'get',
    path: '/media/events/:kind/:name',
    access: 'public',
    limit: LIMITS.pictures,
    tag: 'Events',
    hidden: true,
    summary: 'A picture of an event',
    params: z.object({ kind: z.string(), name: z.string() }),
    responses: { 200: { description: 'The picture.', type: 'image/png' } },
    async handle({ params }) {
      const kind = KINDS[params.kind];
      const [, pictureId = ''] = /^([0-9a-f-]{36})\.\w{3,4}$/.exec(params.name) ?? [];
      const picture = kind && (await find(db, kind, pictureId));
      if (!picture) throw new DomainError('not_found', 'There is no such picture.', { what: 'picture' });
      const headers = {
        'Cache-Control': 'public, max-age=31536000, immutable',
        'X-Content-Type-Options': 'nosniff',
        'Content-Security-Policy': "default-src 'none'; sandbox",
        // Pages of shops on other sites show it.
        'Cross-Origin-Resource-Policy': 'cross-origin',
      };
      return { status: 200, type: picture.type, body: picture.content, headers };
    },
  });
