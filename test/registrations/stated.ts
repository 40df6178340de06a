// The Registrations API's routes, who may call each (a key: with which scope) and which limit counts it. Written a second time on purpose: whoever opens a route to more callers has to say so here too.
export const STATED: Record<string, string> = {
  'get /api/billetter/keys': 'organizer keys',
  'post /api/billetter/keys': 'organizer keys',
  'post /api/billetter/keys/:id/rotate': 'organizer keys',
  'delete /api/billetter/keys/:id': 'organizer keys',
};
