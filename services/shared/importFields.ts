// What stands in a field of an imported record, whoever wrote the file.
import { GREATEST } from './imports.ts';

export type Fields = Record<string, unknown>;

/** The text of the first of these fields that has one; '' where none has. */
export function text(fields: Fields, ...names: string[]): string {
  for (const name of names) {
    const value = fields[name];
    if (value === undefined || value === null || value === '') continue;
    if (typeof value !== 'object') return String(value).normalize('NFC').trim();
  }
  return '';
}

/** A whole number from 1; undefined where the field says none, null where what it says is none. */
export function whole(fields: Fields, ...names: string[]): number | undefined | null {
  const said = text(fields, ...names);
  if (!said) return undefined;
  const number = /^\d{1,13}$/.test(said) ? Number(said) : 0;
  return number >= 1 && number <= GREATEST ? number : null;
}

/**
 * A moment as ISO 8601 text for the database; undefined where the field says none, null where what it says is none. As programs write it: a
 * blank for the T, no zone (UTC), or a day alone. The years 1900 to 2200: an archive is walked by its months.
 */
export function moment(fields: Fields, ...names: string[]): string | undefined | null {
  const said = text(fields, ...names);
  if (!said) return undefined;
  const match = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?)?$/i.exec(said);
  if (!match) return null;
  const [, year, month, day, clock = '00:00', zone = 'Z'] = match;
  const offset = /^[+-]/.test(zone) ? `${zone.slice(0, 3)}:${zone.slice(3).replace(':', '') || '00'}` : 'Z';
  const date = new Date(`${year}-${month}-${day}T${clock}${offset}`);
  const isDay = new Date(`${year}-${month}-${day}T00:00Z`).getUTCDate() === Number(day);
  return !Number.isNaN(date.getTime()) && isDay && Number(year) >= 1900 && Number(year) <= 2200 ? date.toISOString() : null;
}

/** Yes or no; undefined where the field says neither. */
export function flag(fields: Fields, ...names: string[]): boolean | undefined {
  const said = text(fields, ...names).toLowerCase();
  if (['true', 't', '1', 'yes', 'y'].includes(said)) return true;
  return ['false', 'f', '0', 'no', 'n'].includes(said) ? false : undefined;
}
