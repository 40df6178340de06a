// Hackload's routes, who may call each and which limit counts it. Written a second time on purpose: whoever opens a route to more callers has to say so here too.
export const STATED: Record<string, string> = {
  'post /api/bookings': 'user attempts',
  'get /api/bookings': 'user reading',
  'patch /api/bookings/cancel': 'user attempts',
  'get /api/events': 'public lists',
  'post /api/events': 'organizer making',
  'patch /api/bookings/initiatePayment': 'user attempts',
  'get /api/payments/success': 'public returns',
  'get /api/payments/fail': 'public returns',
  'post /api/payments/notifications': 'public notifications',
  'get /api/seats': 'public lists',
  'patch /api/seats/select': 'user attempts',
  'patch /api/seats/release': 'user attempts',
  'post /api/reset': 'public public',
  'get /api/analytics': 'user reading',
};
