// The Ticket API's routes, who may call each and which limit counts it. Written a second time on purpose: whoever opens a route to more callers has to say so here too.
export const STATED: Record<string, string> = {
  'post /api/tickets/': 'user booking',
  'post /api/tickets/check-in/': 'organizer check-in',
  'get /api/tickets/blocked-users/': 'organizer blocks',
  'post /api/tickets/blocked-users/': 'organizer blocks',
  'delete /api/tickets/blocked-users/:user_id/': 'organizer blocks',
  'get /media/orders/qr/:name': 'public pictures',
};
