// Instants as people read them. Wire formats are the presenters' own.

/** "2026-11-21 17:30 UTC". `instant`: a Date, or a time in ISO 8601 as JSON has it (UTC). */
export const toTheMinute = (instant: Date | string): string =>
  `${(typeof instant === 'string' ? instant : instant.toISOString()).slice(0, 16).replace('T', ' ')} UTC`;
