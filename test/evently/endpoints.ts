// Evently's endpoints with the examples of the seed, as the contract harness reads them, and what the examples mean.
import type { Rules } from '../support/contract/compare.ts';
import { type Examples, fromExamples } from '../support/contract/endpoints.ts';
import { EXAMPLES as E } from './examples.ts';

/** The sections on the endpoints leave the timestamp away, "Response Format" has it. */
const answer = (status: number, body: object) => ({ status, body: { ...body, timestamp: E.error.timestamp } });

const { status: _, ...listed } = E.booked.data.booking;

const ENDPOINTS: Examples = {
  'POST /api/v1/auth/register': { request: E.registerBody, responses: [answer(201, E.registered)] },
  'POST /api/v1/auth/login': {
    request: { email: E.registerBody.email, password: E.registerBody.password },
    responses: [answer(200, E.loggedIn), answer(401, E.error)],
  },
  // The seed shows no answer of refresh: a pair as login gives it.
  'POST /api/v1/auth/refresh': { request: { refresh_token: '' }, responses: [answer(200, E.loggedIn)] },
  'GET /api/v1/events': {
    query: { page: '', per_page: '', status: '', venue_id: '', start_date: '', end_date: '', search: '' },
    responses: [answer(200, { ...E.events, pagination: E.page.pagination })],
  },
  'GET /api/v1/events/{event_id}': { responses: [answer(200, E.event)] },
  'GET /api/v1/events/{event_id}/seats': { query: { section: '', price_tier: '', status: '' }, responses: [answer(200, E.seats)] },
  'POST /api/v1/bookings': { request: {}, responses: [answer(201, E.booked)] },
  // The seed shows no answer of confirm: the booking as create shows it. (payment_url is null then: there is nothing left to pay.)
  'POST /api/v1/bookings/{booking_id}/confirm': {
    request: E.confirmBody,
    responses: [answer(200, { success: true, data: { booking: E.booked.data.booking } })],
  },
  'DELETE /api/v1/bookings/{booking_id}': { responses: [answer(200, E.cancelled)] },
  // The seed shows no answer of the list: pages of bookings as create shows them.
  'GET /api/v1/users/bookings': {
    query: { status: '', page: '', per_page: '' },
    responses: [answer(200, { success: true, data: [listed], pagination: E.page.pagination })],
  },
  'GET /api/v1/users/profile': { responses: [answer(200, E.profile)] },
  // The seed shows no answer of the update: the profile.
  'PUT /api/v1/users/profile': { request: E.profileBody, responses: [answer(200, E.profile)] },
  'POST /api/v1/admin/events': { request: E.eventBody, responses: [answer(201, E.event)] },
  'GET /api/v1/admin/analytics/dashboard': { query: { start_date: '', end_date: '' }, responses: [answer(200, E.dashboard)] },
  'POST /api/v1/waitlist/join': { request: E.waitlistBody, responses: [answer(201, E.waiting)] },
};

export const EVENTLY = fromExamples(ENDPOINTS);

export const RULES: Rules = {
  same: ['success', 'message'],
  words: {
    'data.token_type': ['bearer'],
    'data.role': ['user'],
    'data.user.role': ['user'],
    'data.status': ['upcoming', 'cancelled'],
    'data.refund_status': ['processing'],
    'data.booking.status': ['pending', 'confirmed'],
  },
  maps: ['data.summary.by_tier', 'data.revenue_by_category'],
  forms: [
    ['booking code', /^EVT\d{13,}$/],
    ['path', /^\/api\/v1\//],
  ],
};
