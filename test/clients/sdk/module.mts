// A program that imports the client, with its types: what it may be told, and what it may not.
import BilletterAPI, { CapacityExceeded, NotFound, type Registration } from 'billetter-api';

const client = new BilletterAPI({ apiKey: process.env.BILLETTER_API_KEY, environment: 'local' });
const [eventId = ''] = process.argv.slice(2);

// @ts-expect-error: a registration needs to say of what type.
const wrong = client.registrations.create({ participantId: 'p-0', eventId }).catch((error) => error.code);

const one: Registration = await client.registrations.create({ participantId: 'p-1', eventId, ticketType: 'standard' });
const status: 'confirmed' | 'waitlisted' | 'cancelled' = one.status;
const full = await client.registrations
  .create({ participantId: 'p-2', eventId, ticketType: 'standard', joinWaitlist: false })
  .catch((error) => (error instanceof CapacityExceeded ? error.details.maxCapacity : error));
const nobody = await client.registrations.get('reg-0').catch((error) => error instanceof NotFound && error.code);
const all: string[] = [];
for await (const { participantId } of client.registrations.list({ eventId, status: 'confirmed' })) all.push(participantId);

console.log(JSON.stringify({ wrong: await wrong, status, full, nobody, all }));
