// Registrations on the real stack: who waits is confirmed by the waitlist's workflow, as a place comes back or the capacity is raised.
import { afterAll, expect, inject, test } from 'vitest';
import { make, SCOPES } from '../../services/accounts/apiKeys.ts';
import { call, until } from '../support/client.ts';
import { openDb } from '../support/db.ts';
import { hackathon } from '../support/hackathon.ts';
import { token } from '../support/token.ts';

const { gatewayUrl: url } = inject('stack');
const db = openDb();
afterAll(() => db.destroy());

test('a cancellation promotes the first, a larger capacity the next, each under the same id; a cancelled event ends them all', async () => {
  const event = await hackathon(db, { total: 2, types: { standard: 9, premium: 9 }, waitlist: true, deaf: true });
  const { token: key } = await make(db, event.organizer.id, { name: 'flow', scopes: [...SCOPES] });
  const ask = (method: string, path: string, body?: unknown) => call(url, method, `/api/billetter${path}`, { token: key, body });
  const register = async (participantId: string, ticketType = 'standard') =>
    (await ask('POST', '/registrations', { participantId, eventId: event.slug, ticketType })).body;
  const becomes = (id: string, status: string) =>
    until(
      `${id} is ${status}`,
      async () => (await ask('GET', `/registrations/${id}`)).body,
      (registration) => registration.status === status,
    );

  const made = [];
  for (const n of [1, 2, 3, 4]) made.push(await register(`p-${n}`, n === 3 ? 'premium' : 'standard'));
  expect(made.map((one) => one.status)).toEqual(['confirmed', 'confirmed', 'waitlisted', 'waitlisted']);

  expect((await ask('DELETE', `/registrations/${made[0].id}`)).body.status).toBe('cancelled');
  const promoted = await becomes(made[2].id, 'confirmed');
  expect(promoted).toMatchObject({ ticketType: 'premium', waitlistPosition: null, registrationDate: made[2].registrationDate });
  expect(promoted.qrCode).not.toBe(null);
  expect((await ask('GET', `/registrations/${made[3].id}`)).body).toMatchObject({ status: 'waitlisted', waitlistPosition: 1 });

  expect((await ask('PUT', `/events/${event.slug}/settings`, { maxCapacity: 3 })).status).toBe(200);
  await becomes(made[3].id, 'confirmed');
  expect((await ask('GET', `/events/${event.slug}/capacity`)).body).toMatchObject({
    maxCapacity: 3,
    currentRegistrations: 3,
    waitlistCount: 0,
  });

  const late = await register('p-5');
  expect(late.status).toBe('waitlisted');
  const cancelled = await call(url, 'PUT', `/api/v1/admin/events/${event.id}`, {
    token: await token({ accountId: event.organizer.id, role: 'organizer' }),
    body: { status: 'cancelled' },
  });
  expect(cancelled.status, JSON.stringify(cancelled.body)).toBe(200);
  for (const { id } of [made[1], made[2], made[3], late]) await becomes(id, 'cancelled');
});
