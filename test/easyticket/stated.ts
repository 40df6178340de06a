// EasyTicket's routes, who may call each and which limit counts it. Written a second time on purpose: whoever opens a route to more callers has to say so here too.
export const STATED: Record<string, string> = {
  'get /api/schema/easyticket/': 'public anonymous',
  'get /api/orders/': 'user authenticated',
  'post /api/orders/': 'user authenticated',
  'get /api/orders/pending/': 'user authenticated',
  'get /api/orders/confirmed/': 'user authenticated',
  'get /api/orders/stats/': 'user authenticated',
  'get /api/orders/my_tickets/': 'user authenticated',
  'post /api/orders/cleanup_expired/': 'admin authenticated',
  'get /api/orders/:id/': 'user authenticated',
  'post /api/orders/:id/cancel/': 'user authenticated',
  'post /api/orders/:id/confirm_payment/': 'user authenticated',
  'post /api/orders/:id/create-payment-intent/': 'user payment',
  'get /api/orders/:id/payment-status/': 'user authenticated',
  'post /api/orders/:id/refund/': 'user payment',
};
