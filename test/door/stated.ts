// The door's routes, who may call each and which limit counts it. Written a second time on purpose: whoever opens a route to more callers has to say so here too.
export const STATED: Record<string, string> = {
  'get /door/': 'public public',
  'get /door/:name': 'public public',
  'post /door/api/session': 'public sign-in',
  'post /door/api/session/renew': 'public public',
  'delete /door/api/session': 'user reading',
  'get /door/api/keys': 'public public',
  'get /door/api/events': 'organizer reading',
  'get /door/api/events/:id/changes': 'organizer reading',
  'post /door/api/events/:id/scans': 'organizer scans',
  'get /door/api/events/:id/scans': 'organizer reading',
  'get /door/api/events/:id/conflicts': 'organizer reading',
};
