// How the Registrations API writes times.

/** 2025-01-15T10:30:00Z, to the second. */
export const time = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

/** The same; null where there is none. */
export const timeOrNull = (date: Date | null): string | null => date && time(date);
