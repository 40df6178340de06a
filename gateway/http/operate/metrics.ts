// What Prometheus scrapes: HTTP by route, claims by outcome, and what only the database knows, asked at scrape time.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export type HttpMetrics = { observe(method: string, route: string, status: number, ms: number): void };

export type Metrics = HttpMetrics & {
  /** Counts one claim: claimed, or the code it was refused with. */
  claim(outcome: string): void;
  render(): Promise<string>;
  contentType: string;
};

export type Sources = {
  ordersByStatus(): Promise<{ status: string; count: number }[]>;
  outboxLag(): Promise<{ rows: number; seconds: number }>;
  failedRefunds(): Promise<number>;
  mails(): Promise<{ refused: number; waiting: number }>;
  webhooks?: () => Promise<{ waiting: number; failing: number }>;
  live?: () => { sockets: number; dropped: number };
  pool?: () => { total: number; idle: number; waiting: number };
};

/** Counting a big table takes a moment: scrapes closer together than this share one answer. */
const KEEP_MS = 10_000;

/** Of the event loop's lag. The default of 10 ms wakes an idle gateway a hundred times a second. */
const LOOP_PRECISION_MS = 100;

/** Counting orders takes the longer the more there are: it is done so seldom that it takes a hundredth of the time at most. */
const COUNT_TIMES = 100;

/** An answer is kept so long, and `times` as long as it took to get it. */
function remembered<T>(ask: () => Promise<T>, keepMs: number, times = 0): () => Promise<T> {
  let last: { until: number; value: Promise<T> } | undefined;
  return () => {
    const began = Date.now();
    if (last && last.until > began) return last.value;
    const value = ask();
    const asked = { until: began + keepMs, value };
    last = asked;
    value.then(
      () => {
        asked.until = Math.max(asked.until, began + times * (Date.now() - began));
      },
      () => {},
    );
    return value;
  };
}

/** Makes this process' metrics. A source that fails leaves its lines out; the scrape itself goes on. */
export function createMetrics(sources: Sources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LOOP_PRECISION_MS });
  const registers = [registry];
  const http = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from request to answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 10, 30],
    registers,
  });
  const claims = new Counter({ name: 'billetter_claims_total', help: 'Claims by outcome.', labelNames: ['outcome'], registers });
  const orders = remembered(sources.ordersByStatus, KEEP_MS, COUNT_TIMES);
  new Gauge({
    name: 'billetter_orders',
    help: 'Orders by stored state.',
    labelNames: ['status'],
    registers,
    async collect() {
      for (const { status, count } of await orders().catch(() => [])) this.set({ status }, count);
    },
  });
  askedGauges(sources, registry);
  if (sources.live) liveGauges(sources.live, registry);
  if (sources.pool) poolGauge(sources.pool, registry);

  return {
    observe: (method, route, status, ms) => http.observe({ method, route, status }, ms / 1000),
    claim: (outcome) => claims.inc({ outcome }),
    render: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

/** Gauges that show a part of an answer each. */
function askedGauges(sources: Sources, registry: Registry): void {
  const gauge = <T>(name: string, help: string, ask: () => Promise<T>, pick: (now: T) => number) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      async collect() {
        const now = await ask().then(pick, () => undefined);
        if (now !== undefined) this.set(now);
      },
    });

  const lag = remembered(sources.outboxLag, 100); // both gauges of one scrape read one answer
  gauge('billetter_outbox_lag_seconds', 'Age of the oldest waiting outbox row.', lag, (now) => now.seconds);
  gauge('billetter_outbox_rows', 'Outbox rows not yet handed on.', lag, (now) => now.rows);

  const failed = remembered(sources.failedRefunds, KEEP_MS);
  gauge('billetter_refunds_failed', 'Refunds the bank has refused and whose money is still with us.', failed, (now) => now);

  const mails = remembered(sources.mails, KEEP_MS);
  const refused = 'Mails of the last day that will never arrive: refused for good, or not taken for three days.';
  const waiting = 'Mails that no server has taken for five minutes: it is down, or refuses us and not them.';
  gauge('billetter_mails_refused', refused, mails, (now) => now.refused);
  gauge('billetter_mails_waiting', waiting, mails, (now) => now.waiting);

  if (!sources.webhooks) return;
  const webhooks = remembered(sources.webhooks, KEEP_MS);
  const endpoints = 'Webhooks of which no try succeeds at the moment, or that were disabled for it.';
  gauge('billetter_webhook_deliveries_waiting', 'Deliveries to webhooks that wait for a try.', webhooks, (now) => now.waiting);
  gauge('billetter_webhooks_failing', endpoints, webhooks, (now) => now.failing);
}

function liveGauges(live: NonNullable<Sources['live']>, registry: Registry): void {
  const registers = [registry];
  new Gauge({
    name: 'billetter_live_sockets',
    help: 'Open live-seats connections of this process.',
    registers,
    collect() {
      this.set(live().sockets);
    },
  });
  new Counter({
    name: 'billetter_live_dropped_total',
    help: 'Live-seats connections closed because they read too slowly.',
    registers,
    collect() {
      this.reset();
      this.inc(live().dropped);
    },
  });
}

function poolGauge(pool: NonNullable<Sources['pool']>, registry: Registry): void {
  new Gauge({
    name: 'billetter_db_pool_connections',
    help: 'Database connections of this process; waiting counts requests without one.',
    labelNames: ['state'],
    registers: [registry],
    collect() {
      for (const [state, count] of Object.entries(pool())) this.set({ state }, count);
    },
  });
}
