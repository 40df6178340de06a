// Which route an address belongs to: one trie of all APIs' stated paths, slash for slash, made once at start.
import type { Api } from './api.ts';
import type { Method, Route } from './route.ts';

type Node<T> = {
  named: Map<string, Node<T>>;
  /** Any segment that is not empty. */
  any?: Node<T>;
  /** The API of the routes that end here. */
  api?: Api;
  methods: Map<string, { names: string[]; run: T }>;
  /** Whose unknown addresses end here (`/api/x`), and whose lie below (`/api/x/`). */
  here?: Api;
  below?: Api;
};

export type Found<T> =
  | { api: Api; run: T; params: Record<string, string> }
  /** Only the method is wrong; these would do. */
  | { api: Api; allow: string[] }
  /** There is nothing; `api` is whose words say so. */
  | { api: Api };

export type Paths<T> = { find(method: string, path: string): Found<T> };

/**
 * Puts the routes of all APIs into one trie. A trailing slash is a segment of its own, so `/x` and `/x/` may have different owners.
 * @throws Error where one address would have two owners, or one route is stated twice
 */
export function createPaths<T>(apis: Api[], make: (api: Api, route: Route) => T): Paths<T> {
  const root = node<T>();
  for (const api of apis) {
    for (const prefix of [api.prefix].flat()) claim(root, api, prefix);
    for (const route of api.routes) add(root, api, route, make(api, route));
  }

  return {
    find(method, path) {
      const segments = path.split('/');
      // HEAD is answered as GET is; the server leaves the body away.
      const asked = method === 'HEAD' ? 'GET' : method;
      const ends = matches(root, segments, 1, []);
      for (const { end, values } of ends) {
        const route = end.methods.get(asked);
        if (route) return { api: end.api!, run: route.run, params: params(route.names, values) };
      }
      // /waitlist/join is an address of its own, although /waitlist/:id would fit it too.
      const [first] = ends;
      if (first) return { api: first.end.api!, allow: [...first.end.methods.keys()].flatMap((m) => (m === 'GET' ? ['HEAD', m] : [m])) };
      return { api: owner(root, segments) ?? apis.at(-1)! };
    },
  };
}

const node = <T>(): Node<T> => ({ named: new Map(), methods: new Map() });

function child<T>(at: Node<T>, segment: string): Node<T> {
  if (segment.startsWith(':')) {
    at.any ??= node();
    return at.any;
  }
  const next = at.named.get(segment) ?? node<T>();
  at.named.set(segment, next);
  return next;
}

function add<T>(root: Node<T>, api: Api, route: Route, run: T): void {
  const segments = route.path.split('/').slice(1);
  const end = segments.reduce(child<T>, root);
  const method = route.method.toUpperCase() as Uppercase<Method>;
  if (end.api && end.api !== api) throw new Error(`${route.path} belongs to ${end.api.name} and to ${api.name}`);
  if (end.methods.has(method)) throw new Error(`${method} ${route.path} is stated twice`);
  end.api = api;
  end.methods.set(method, { names: segments.filter((s) => s.startsWith(':')).map((s) => s.slice(1)), run });
}

/** Gives unknown addresses under the prefix to the API: `/x/` is all below it, `/x` is /x itself as well. */
function claim<T>(root: Node<T>, api: Api, prefix: string): void {
  const segments = prefix.split('/').slice(1);
  const below = segments.at(-1) === '';
  const at = (below ? segments.slice(0, -1) : segments).reduce(child<T>, root);
  const slot = below ? 'below' : 'here';
  if (at[slot] && at[slot] !== api) throw new Error(`What is unknown under ${prefix} belongs to ${at[slot].name} and to ${api.name}`);
  at[slot] = api;
}

/** The places where the address ends that some route has, those with more segments named first. */
function matches<T>(at: Node<T>, segments: string[], i: number, values: string[]): { end: Node<T>; values: string[] }[] {
  if (i === segments.length) return at.methods.size ? [{ end: at, values }] : [];
  const segment = segments[i]!;
  const named = at.named.get(segment);
  const exact = named ? matches(named, segments, i + 1, values) : [];
  return at.any && segment ? [...exact, ...matches(at.any, segments, i + 1, [...values, segment])] : exact;
}

/** Whose an unknown address is: the longest prefix that fits it. */
function owner<T>(root: Node<T>, segments: string[]): Api | undefined {
  let at: Node<T> | undefined = root;
  let found: Api | undefined;
  for (let i = 1; at; i++) {
    if (i === segments.length) return at.here ?? found;
    found = at.below ?? at.here ?? found;
    at = at.named.get(segments[i]!);
  }
  return found;
}

const params = (names: string[], values: string[]) => Object.fromEntries(names.map((name, i) => [name, decoded(values[i]!)]));

/** What is no proper escape names nothing, and is passed on as it came. */
function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
