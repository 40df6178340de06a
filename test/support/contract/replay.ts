// Replays a seed's examples against a gateway that runs: sends what the example sends, and compares what comes back.
import type { Answer } from '../gateway.ts';
import { differences, type Rules } from './compare.ts';
import type { Endpoint } from './endpoints.ts';

type Sent = { token?: string; body?: unknown; headers?: Record<string, string> };

export type Replay = Sent & {
  /** In place of the names in braces. */
  params?: Record<string, string>;
  query?: Record<string, string>;
  /** Fields of the example's request that have to be others here: ids of what this test made. */
  with?: Record<string, unknown>;
  /** Which of the documented answers is meant; the first unless said. */
  status?: number;
};

/** A seed's contract, to be replayed by `send`, a call of the gateway. `body` of a replay is sent in place of the example's. */
export function contract(
  endpoints: Endpoint[],
  rules: Rules,
  send: (method: string, path: string, o: Sent) => Promise<Answer>,
): {
  /** Replays one endpoint, by its name "METHOD /path". Throws an Error that lists every difference. */
  replay(name: string, o?: Replay): Promise<Answer>;
  /** The endpoints with answers that were not replayed so far. */
  unplayed(): string[];
} {
  const byName = new Map(endpoints.map((one) => [`${one.method} ${one.path}`, one]));
  const played = new Set<string>();

  return {
    async replay(name, { params = {}, query = {}, with: others, status, ...o } = {}) {
      const endpoint = byName.get(name);
      if (!endpoint) throw new Error(`the seed has no example of ${name}`);
      const expected = endpoint.answers.find((one) => status === undefined || one.status === status);
      if (!expected) throw new Error(`the seed shows no answer ${status ?? ''} of ${name}`);

      const body = o.body ?? (others ? { ...(endpoint.request as object), ...others } : endpoint.request);
      const got = await send(endpoint.method, address(endpoint, params, query), { ...o, body });
      const found =
        got.status === expected.status
          ? differences(expected, got.body, rules)
          : [`the status is ${got.status}, in the example ${expected.status}: ${got.text}`];

      if (found.length) throw new Error(`${name} does not answer as the seed says:\n- ${found.join('\n- ')}`);
      played.add(name);
      return got;
    },
    unplayed: () => [...byName].filter(([name, { answers }]) => answers.length && !played.has(name)).map(([name]) => name),
  };
}

function address({ method, path, query: known }: Endpoint, params: Record<string, string>, query: Record<string, string>): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = params[name];
    if (value === undefined) throw new Error(`${method} ${path} is to be replayed with a value of {${name}}`);
    return encodeURIComponent(value);
  });
  const unknown = Object.keys(query).find((name) => !known.includes(name));
  if (unknown) throw new Error(`the seed has no query parameter ${unknown} of ${method} ${path}`);
  const asked = new URLSearchParams(query).toString();
  return asked ? `${filled}?${asked}` : filled;
}
