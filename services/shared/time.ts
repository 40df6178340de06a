// Instants as people read them, in a place's own time. Wire formats are the presenters' own.

/** Where no place says its time. */
const UTC = 'UTC';

/** Each names other zones in letters: British English says CET, American EST, Indian IST. */
const ENGLISH = ['en-GB', 'en-US', 'en-CA', 'en-AU', 'en-NZ', 'en-IN', 'en-ZA', 'en-SG'];

/** Whether that is a time zone's name in the IANA database ("Europe/Copenhagen"). Offsets like +01:00 are none: they know no summer. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

/**
 * "Sat 12 Dec 2026, 19:30 CET". `instant`: a Date, or a time in ISO 8601. `timeZone`: the venue's; without one, or with one that
 * this machine does not know, the time is UTC and says so.
 */
export function localTime(instant: Date | string, timeZone: string | null | undefined): string {
  const at = new Date(instant);
  const zone = timeZone && isTimeZone(timeZone) ? timeZone : UTC;
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(at);
  const the = (type: Intl.DateTimeFormatPartTypes) => parts.find((part) => part.type === type)!.value;
  return `${the('weekday')} ${the('day')} ${the('month')} ${the('year')}, ${the('hour')}:${the('minute')} ${zoneName(at, zone)}`;
}

/** "CET", "EDT"; "GMT+5" for a zone that has no letters in any English. */
function zoneName(at: Date, timeZone: string): string {
  const names = ENGLISH.map((locale) => {
    const parts = new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: 'short' }).formatToParts(at);
    return parts.find((part) => part.type === 'timeZoneName')!.value;
  });
  return names.find((name) => !/^(GMT|UTC)[+-]/.test(name)) ?? names[0]!;
}
