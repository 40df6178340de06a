// Times as people read them: the place's own clock and its zone's name, UTC where there is none; venues take real zones only.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as venues from '../../services/events/venues.ts';
import { isTimeZone, localTime } from '../../services/shared/time.ts';
import { freshDatabase } from '../support/database.ts';

const evening = '2026-12-12T18:30:00Z';

describe('an instant in a place', () => {
  it.each([
    ['Europe/Copenhagen', 'Sat 12 Dec 2026, 19:30 CET'],
    ['America/New_York', 'Sat 12 Dec 2026, 13:30 EST'],
    ['Asia/Kolkata', 'Sun 13 Dec 2026, 00:00 IST'],
    ['Asia/Almaty', 'Sat 12 Dec 2026, 23:30 GMT+5'],
    ['Australia/Sydney', 'Sun 13 Dec 2026, 05:30 AEDT'],
    ['UTC', 'Sat 12 Dec 2026, 18:30 UTC'],
  ])('%s: %s', (zone, said) => {
    expect(localTime(new Date(evening), zone)).toBe(said);
    expect(localTime(evening, zone)).toBe(said);
  });

  it('knows the summer', () => {
    expect(localTime('2026-07-12T18:30:00Z', 'Europe/Copenhagen')).toBe('Sun 12 Jul 2026, 20:30 CEST');
    expect(localTime('2026-07-12T18:30:00Z', 'America/New_York')).toBe('Sun 12 Jul 2026, 14:30 EDT');
  });

  it('is UTC, and says so, without a zone and with one that this machine does not know', () => {
    for (const zone of [null, undefined, '', 'Mars/Olympus']) expect(localTime(evening, zone)).toBe('Sat 12 Dec 2026, 18:30 UTC');
  });
});

describe('a venue', () => {
  let database: Awaited<ReturnType<typeof freshDatabase>>;
  beforeAll(async () => {
    database = await freshDatabase();
  });
  afterAll(() => database?.close());

  it('has the zone it was given, or none', async () => {
    const hall = await venues.create(database.db, { name: 'Hall', capacity: 10, time_zone: 'Europe/Copenhagen' });
    expect(await venues.find(database.db, hall.id)).toMatchObject({ time_zone: 'Europe/Copenhagen' });
    expect(await venues.create(database.db, { name: 'Field', capacity: 10 })).toMatchObject({ time_zone: null });
  });

  it.each(['Mars/Olympus', '+01:00', 'CEST', ' ', 'Europe/Copenhagen; drop'])('is refused with the zone "%s"', async (zone) => {
    expect(isTimeZone(zone)).toBe(false);
    const made = venues.create(database.db, { name: 'Hall', capacity: 10, time_zone: zone });
    await expect(made).rejects.toMatchObject({ code: 'invalid', details: { fields: { timeZone: expect.stringContaining('IANA') } } });
  });
});
