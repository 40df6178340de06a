// One purchase by a TypeScript client made from the document (openapi-typescript, openapi-fetch). Arguments: the gateway, an event's id.
import createClient from 'openapi-fetch';
import type { paths } from './evently.js';

const [baseUrl, eventId] = process.argv.slice(2) as [string, string];
const client = createClient<paths>({ baseUrl });

const email = `typescript-${Date.now()}@example.test`;
const registered = await client.POST('/api/v1/auth/register', { body: { email, password: 'SecurePass123!', full_name: 'Ты Скрипт' } });
if (!registered.data) throw new Error(`register: ${registered.error.error.code}`);
const token: string = registered.data.data.access_token;
client.use({
  onRequest({ request }) {
    request.headers.set('Authorization', `Bearer ${token}`);
    return request;
  },
});

const map = await client.GET('/api/v1/events/{id}/seats', { params: { path: { id: eventId } } });
if (!map.data) throw new Error('seats');
const seat = map.data.data.sections[0]?.rows[0]?.seats[0];
if (!seat) throw new Error('no seat is free');

const wanted = { event_id: eventId, seat_ids: [seat.id] };
const key = { header: { 'Idempotency-Key': `ts-${Date.now()}` } };
const created = await client.POST('/api/v1/bookings', { body: wanted, params: key });
if (!created.data) throw new Error(`booking: ${created.error.error.code}`);
const { booking } = created.data.data;

// The refusal of the same seats: its code decides what its details are.
const lost = await client.POST('/api/v1/bookings', { body: wanted });
const refusal = lost.error?.error;
if (refusal?.code !== 'BOOKING_SEATS_UNAVAILABLE') throw new Error(`lost seats: ${refusal?.code}`);
const lostOf: number | undefined = refusal.details.wanted;
// @ts-expect-error: no refusal of a booking has this code.
const impossible = refusal.code === 'WAITLIST_SEATS_AVAILABLE';

const paid = await client.POST('/api/v1/bookings/{id}/confirm', {
  params: { path: { id: booking.id } },
  body: { payment_method: 'credit_card', payment_details: { token: 'tok_visa' } },
});
if (!paid.data) throw new Error(`confirm: ${paid.error.error.code}`);

const shown = await client.GET('/api/v1/bookings/{id}', { params: { path: { id: booking.id } } });
// @ts-expect-error: the document knows no such address.
await client.GET('/api/v1/bookings/{id}/nothing', {}).catch(() => undefined);
const final = shown.data?.data.booking;
console.log(
  JSON.stringify({
    status: final?.status,
    code: final?.booking_code,
    tickets: final?.tickets.length,
    refused: refusal.code,
    lostOf,
    impossible,
  }),
);
