// Instants as people read them, in a place's own time. Wire formats are the presenters' own.

/** Where no place says its time. */
const UTC = 'UTC';

/** Each names other zones in letters: British English says CET, American EST, Indian IST. */
const ENGLISH = ['en-GB', 'en-US', 'en-CA', 'en-AU', 'en-NZ', 'en-IN', 'en-ZA', 'en-SG'];

/** What a time is written in. */
const ENGLISH_OF_TIMES = 'en-US';

/** Whether that is a time zone's name in the IANA database ("Europe/Copenhagen"). Offsets like +01:00 are none: they know no summer. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    formatter(ENGLISH_OF_TIMES, name, 'time');
    return true;
  } catch {
    return false;
  }
}

/** Formatters by locale, zone and what they show: making one costs more than a tenth of a millisecond, and there are a few hundred zones. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(locale: string, timeZone: string, shows: 'time' | 'zone'): Intl.DateTimeFormat {
  const key = `${locale} ${timeZone} ${shows}`;
  const known = formatters.get(key) ?? new Intl.DateTimeFormat(locale, { timeZone, ...SHOWN[shows] });
  formatters.set(key, known);
  return known;
}

const SHOWN = {
  time: { weekday: 'short', day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' },
  zone: { timeZoneName: 'short' },
} satisfies Record<string, Intl.DateTimeFormatOptions>;

/**
 * "Sat 12 Dec 2026, 19:30 CET". `instant`: a Date, or a time in ISO 8601. `timeZone`: the venue's; without one, or with one that
 * this machine does not know, the time is UTC and says so.
 */
export function localTime(instant: Date | string, timeZone: string | null | undefined): string {
  const at = new Date(instant);
  const zone = timeZone && isTimeZone(timeZone) ? timeZone : UTC;
  const parts = formatter(ENGLISH_OF_TIMES, zone, 'time').formatToParts(at);
  const the = (type: Intl.DateTimeFormatPartTypes) => parts.find((part) => part.type === type)!.value;
  return `${the('weekday')} ${the('day')} ${the('month')} ${the('year')}, ${the('hour')}:${the('minute')} ${zoneName(at, zone)}`;
}

/** "CET", "EDT"; "GMT+5" for a zone that has no letters in any English. */
function zoneName(at: Date, timeZone: string): string {
  let first: string | undefined;
  for (const locale of ENGLISH) {
    const parts = formatter(locale, timeZone, 'zone').formatToParts(at);
    const name = parts.find((part) => part.type === 'timeZoneName')!.value;
    if (!/^(GMT|UTC)[+-]/.test(name)) return name;
    first ??= name;
  }
  return first!;
}
