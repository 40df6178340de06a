// The load generator: a process of its own, so that its event loop neither slows what it measures nor is slowed by it. One job, then it ends.
import { readFileSync } from 'node:fs';
import { type Spread, spread } from './numbers.ts';
import { request, Wire } from './wire.ts';

/** What to do. Every loop ends at `seconds` or `maxRequests`, whichever comes first. */
export type Job = {
  kind: 'claims' | 'orders';
  /** Of the gateways; each client keeps to one of them. */
  ports: number[];
  clients: number;
  seconds: number;
  maxRequests: number;
  eventId: string;
  /** One buyer for each client. */
  tokens: string[];
  /** A JSON file with the seats' ids. */
  seats: string;
  /** The first seat to ask for; each request takes the next one. */
  from: number;
  /** Ask for this one seat every time instead. */
  hotSeat?: string;
};

export type JobResult = {
  /** Requests answered (claims), or orders followed to their end (orders). */
  done: number;
  seconds: number;
  /** By status, or by step and status: "201", "confirm 200", "no answer". */
  statuses: Record<string, number>;
  times: Record<string, Spread>;
  cpuSeconds: number;
  /** The next seat nobody has asked for. */
  next: number;
};

process.once('message', (job: Job) => {
  run(job).then(
    (result) => process.send!(result, undefined, {}, () => process.exit(0)),
    (error) => {
      process.stderr.write(`${(error as Error).stack}\n`);
      process.exit(1);
    },
  );
});
process.on('disconnect', () => process.exit(1));

async function run(job: Job): Promise<JobResult> {
  const seats = JSON.parse(readFileSync(job.seats, 'utf8')) as string[];
  const cpu = process.cpuUsage();
  const began = performance.now();
  const sheet: Sheet = { until: began + job.seconds * 1000, next: job.from, left: job.maxRequests, done: 0, statuses: {}, times: {} };
  const client = job.kind === 'claims' ? claims : orders;
  await Promise.all(
    Array.from({ length: job.clients }, (_, i) =>
      client(job, job.ports[i % job.ports.length]!, sheet, seats, job.tokens[i % job.tokens.length]!),
    ),
  );
  const seconds = (performance.now() - began) / 1000;
  const used = process.cpuUsage(cpu);
  return {
    done: sheet.done,
    seconds,
    statuses: sheet.statuses,
    times: Object.fromEntries(Object.entries(sheet.times).map(([name, times]) => [name, spread(times)])),
    cpuSeconds: (used.user + used.system) / 1e6,
    next: sheet.next,
  };
}

type Sheet = {
  until: number;
  next: number;
  left: number;
  done: number;
  statuses: Record<string, number>;
  times: Record<string, number[]>;
};

/** Whether one more may be begun; counts it. */
function more(sheet: Sheet): boolean {
  return performance.now() < sheet.until && sheet.left-- > 0;
}

function note(sheet: Sheet, name: string, status: number | undefined, ms: number): void {
  const key = status === undefined ? 'no answer' : name ? `${name} ${status}` : String(status);
  sheet.statuses[key] = (sheet.statuses[key] ?? 0) + 1;
  keep(sheet, name || 'all', ms);
}

function keep(sheet: Sheet, name: string, ms: number): void {
  const list = sheet.times[name];
  if (list) list.push(ms);
  else sheet.times[name] = [ms];
}

/** One client that claims seats, one request after the other. Callbacks and no promises: this is the hot loop. */
function claims(job: Job, port: number, sheet: Sheet, seats: string[], token: string): Promise<void> {
  const wire = new Wire(port);
  return new Promise((resolve) => {
    const next = () => {
      const seat = job.hotSeat ?? seats[sheet.next];
      if (!seat || !more(sheet)) {
        wire.close();
        resolve();
        return;
      }
      if (!job.hotSeat) sheet.next++;
      const sent = performance.now();
      wire.send(request('POST', '/api/v1/bookings', token, { event_id: job.eventId, seat_ids: [seat] }), (answer) => {
        note(sheet, '', answer?.status, performance.now() - sent);
        sheet.done++;
        next();
      });
    };
    next();
  });
}

/** One client that buys: book, pay, and has its ticket when the confirm is answered. */
async function orders(job: Job, port: number, sheet: Sheet, seats: string[], token: string): Promise<void> {
  const wire = new Wire(port);
  const step = async (name: string, text: string) => {
    const sent = performance.now();
    const answer = await wire.ask(text);
    note(sheet, name, answer?.status, performance.now() - sent);
    return answer;
  };
  while (seats[sheet.next] && more(sheet)) {
    const began = performance.now();
    const booked = await step(
      'book',
      request('POST', '/api/v1/bookings', token, { event_id: job.eventId, seat_ids: [seats[sheet.next++]] }),
    );
    if (booked?.status !== 201) continue;
    const { id } = JSON.parse(booked.body).data.booking;
    const paid = await step(
      'confirm',
      request('POST', `/api/v1/bookings/${id}/confirm`, token, { payment_method: 'credit_card', payment_details: { token: 'tok_visa' } }),
    );
    if (paid?.status !== 200) continue;
    sheet.done++;
    keep(sheet, 'order', performance.now() - began);
  }
  wire.close();
}
