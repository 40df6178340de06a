// What schemathesis is told: whose token, which checks, and values that mean something here, so that more than 400s and 404s is reached.
import { whole } from '../support/document.ts';
import type { Caller, Known } from './world.ts';

const HEAD = `
continue-on-failure = true
request-timeout = 30

[generation]
mode = "all"
allow-x00 = true
database = "none"

[output.truncation]
max-lines = 30

# Every check is on but these two.
[checks]
# 400 is also the answer to what no schema can say: an end before its start, an address that is taken, a venue that is not there.
positive_data_acceptance.enabled = false
# A cancelled booking can still be shown: it is a record, and cancelling it twice gives the same answer.
use_after_free.enabled = false
# As preset, and 413, 419 (Hackload's conflict) and 422 (an Idempotency-Key used again for something else), which are refusals too.
negative_data_rejection.expected-statuses = ["400", "401", "402", "403", "404", "405", "409", "410", "413", "419", "422"]
`;

/** Where a generated value is replaced by a known one, and how often. */
const BINDINGS: { at: string; known: keyof Known; often: number; path?: RegExp }[] = [
  // Hackload's, before those of the same name elsewhere: its ids are numbers.
  { at: 'body.event_id', known: 'eventNumbers', often: 0.9, path: /\/api\/bookings$/ },
  { at: 'query.event_id', known: 'eventNumbers', often: 0.9, path: /\/api\/seats$/ },
  { at: 'query.id', known: 'eventNumbers', often: 0.9, path: /\/api\/analytics$/ },
  { at: 'body.booking_id', known: 'bookingNumbers', often: 0.9 },
  { at: 'body.seat_id', known: 'seatNumbers', often: 0.9 },
  { at: 'query.orderId', known: 'bookingNumbers', often: 0.8 },
  { at: 'path.id', known: 'events', often: 0.8, path: /v1\/events\// },
  { at: 'path.id', known: 'changing', often: 0.8, path: /admin\/events\// },
  { at: 'path.id', known: 'bookings', often: 0.8, path: /\/(bookings|payments)\// },
  { at: 'path.id', known: 'keys', often: 0.8, path: /billetter\/keys\// },
  { at: 'path.id', known: 'orders', often: 0.8, path: /api\/orders\// },
  { at: 'path.ticketId', known: 'tickets', often: 0.8 },
  { at: 'path.waitlistId', known: 'waitlist', often: 0.6 },
  { at: 'query.venue_id', known: 'venues', often: 0.5 },
  { at: 'query.currency', known: 'currencies', often: 0.5 },
  { at: 'query.start_date', known: 'starts', often: 0.5 },
  { at: 'query.end_date', known: 'ends', often: 0.5 },
  { at: 'body.event_id', known: 'events', often: 0.9 },
  { at: 'body.event', known: 'byType', often: 0.9 },
  { at: 'query.event', known: 'byType', often: 0.8 },
  { at: 'body.items[*].ticket_type_id', known: 'types', often: 0.9 },
  { at: 'body.items[*].quantity', known: 'counts', often: 0.8 },
  { at: 'body.payment_id', known: 'cards', often: 0.8 },
  { at: 'body.seat_ids[*]', known: 'seats', often: 0.9 },
  { at: 'body.venue_id', known: 'venues', often: 0.9 },
  { at: 'body.start_time', known: 'starts', often: 0.8 },
  { at: 'body.end_time', known: 'ends', often: 0.8 },
  { at: 'body.currency', known: 'currencies', often: 0.8 },
  { at: 'body.capacity', known: 'capacities', often: 0.8 },
  { at: 'body.seat_configuration.sections[*].seats_per_row', known: 'counts', often: 0.8 },
  { at: 'body.seat_configuration.sections[*].price', known: 'counts', often: 0.8 },
  { at: 'body.payment_details.token', known: 'cards', often: 0.8 },
];

/** The configuration of one caller's run, as TOML. */
export function configuration({ token, key, basic, known }: Caller): string {
  const text = (value: unknown) => JSON.stringify(value); // JSON's strings and lists are TOML's too
  const bind = ({ at, known: dictionary, often }: (typeof BINDINGS)[number]) =>
    `${text(at)} = { dictionary = "${dictionary}", probability = ${often} }`;
  return [
    HEAD,
    ...(token ? [`[auth.openapi.bearer]\nbearer = ${text(token)}`] : []),
    ...(basic ? [`[auth.openapi.basic]\nusername = ${text(basic.email)}\npassword = ${text(basic.password)}`] : []),
    ...(key ? [`[auth.openapi.apiKey]\nbearer = ${text(key)}`] : []),
    ...Object.entries(known).map(([name, values]) => `[dictionaries.${name}]\nvalues = ${text(values)}`),
    '[parameters]',
    ...BINDINGS.filter((b) => !b.path).map(bind),
    ...BINDINGS.filter((b) => b.path).map(
      (b) => `[[operations]]\ninclude-path-regex = ${text(b.path!.source.replaceAll('\\/', '/'))}\n[operations.parameters]\n${bind(b)}`,
    ),
    '',
  ].join('\n');
}

/** The document with examples of what there is: the phases that begin with examples then come past the first look-up. */
export function exemplify(document: any, known: Known): any {
  const exampleOf = (at: string, path: string) => {
    const binding = BINDINGS.find((b) => b.at === at && (!b.path || b.path.test(path)));
    return binding && known[binding.known][0];
  };
  const walk = (schema: any, at: string, path: string) => {
    const example = exampleOf(at, path);
    if (example !== undefined) schema.example = example;
    for (const [name, child] of Object.entries(schema.properties ?? {})) walk(child, `${at}.${name}`, path);
    if (schema.items) walk(schema.items, `${at}[*]`, path);
  };
  for (const [path, item] of Object.entries<any>(document.paths))
    for (const operation of Object.values<any>(item)) {
      // What a parameter or a body is an example of depends on the path: each operation gets its own copy.
      operation.parameters = whole(document, operation.parameters ?? []);
      if (operation.requestBody) operation.requestBody = whole(document, operation.requestBody);
      for (const p of operation.parameters) walk(p.schema, `${p.in}.${p.name}`, path);
      const body = operation.requestBody?.content['application/json'].schema;
      if (body) walk(body, 'body', path);
    }
  return document;
}
