// The contest's buyers in a process of their own. Each lists free seats, takes the first, selects it, and looks for it among its bookings.
import { type Spread, spread } from './numbers.ts';
import { request, Wire } from './wire.ts';

export type ContestJob = {
  /**
   * `booking`: the contest's own scenario, a new buyer each time. `select`: seats into bookings, nothing else is timed. `sellout`: each buyer
   * takes `seats` seats and pays.
   */
  kind: 'booking' | 'select' | 'sellout';
  port: number;
  clients: number;
  seconds: number;
  /** At most so many rounds in all. */
  most: number;
  event: number;
  /** Buyers from this one on: buyer<n>@contest.test. */
  from: number;
  /** How many seats one buyer of a sell-out wants, and where the payment gateway's stand-in is. */
  seats: number;
  paygate: string;
  /** A pause between two rounds of one client, in ms. */
  pauseMs: number;
};

export type ContestResult = {
  /** Rounds that went as they should, that met another buyer (419), and that failed otherwise. */
  good: number;
  conflicts: number;
  failed: Record<string, number>;
  seconds: number;
  times: Record<string, Spread>;
  cpuSeconds: number;
  /** The next buyer nobody has been. */
  next: number;
};

export const PASSWORD = 'contest password';
const buyerAddress = (n: number): string => `buyer${n}@contest.test`;

/** How the n-th buyer proves who it is. */
export const basic = (n: number): string => `Basic ${Buffer.from(`${buyerAddress(n)}:${PASSWORD}`).toString('base64')}`;

process.once('disconnect', () => process.exit(1));
process.once('message', (job: ContestJob) => {
  run(job).then((result) => process.send!(result, undefined, {}, () => process.exit(0)));
});

type Sheet = { job: ContestJob; until: number; left: number; next: number; result: ContestResult; times: Record<string, number[]> };

async function run(job: ContestJob): Promise<ContestResult> {
  const began = performance.now();
  const result: ContestResult = { good: 0, conflicts: 0, failed: {}, seconds: 0, times: {}, cpuSeconds: 0, next: 0 };
  const sheet: Sheet = { job, until: began + job.seconds * 1000, left: job.most, next: job.from, result, times: {} };
  process.once('message', () => {
    sheet.until = 0; // told to stop
  });
  const clients = { booking: books, select: selects, sellout: sellsOut };
  await Promise.all(Array.from({ length: job.clients }, () => clients[job.kind](sheet)));
  result.seconds = (performance.now() - began) / 1000;
  for (const [name, times] of Object.entries(sheet.times)) result.times[name] = spread(times);
  const used = process.cpuUsage();
  result.cpuSeconds = (used.user + used.system) / 1e6;
  result.next = sheet.next;
  return result;
}

const more = (sheet: Sheet): boolean => performance.now() < sheet.until && sheet.left-- > 0;

/** One call, timed under its name. Throws what went wrong, in words. */
async function call(sheet: Sheet, wire: Wire, name: string, text: string, wanted: number): Promise<any> {
  const sent = performance.now();
  const answer = await wire.ask(text);
  sheet.times[name] ??= [];
  sheet.times[name].push(performance.now() - sent);
  if (answer?.status === 419) throw new Met();
  if (answer?.status !== wanted) throw new Error(`${name} ${answer?.status ?? 'no answer'}`);
  return answer.body ? JSON.parse(answer.body) : undefined;
}

function fail({ result: { failed } }: Sheet, error: unknown): void {
  const { message } = error as Error;
  failed[message] = (failed[message] ?? 0) + 1;
}

/** Another buyer was faster. */
class Met extends Error {}

const firstFree = async (sheet: Sheet, wire: Wire, who: string): Promise<number> => {
  const { event } = sheet.job;
  const seats = await call(sheet, wire, 'list', request('GET', `/api/seats?event_id=${event}&status=FREE&pageSize=5`, who), 200);
  if (!seats[0]) throw new Error('nothing free');
  return seats[0].id;
};

const book = async (sheet: Sheet, wire: Wire, who: string): Promise<number> =>
  (await call(sheet, wire, 'book', request('POST', '/api/bookings', who, { event_id: sheet.job.event }), 201)).id;

const select = (sheet: Sheet, wire: Wire, who: string, booking: number, seat: number) =>
  call(sheet, wire, 'select', request('PATCH', '/api/seats/select', who, { booking_id: booking, seat_id: seat }), 200);

async function books(sheet: Sheet): Promise<void> {
  const { job, result } = sheet;
  const wire = new Wire(job.port);
  while (more(sheet)) {
    const who = basic(sheet.next++);
    const began = performance.now();
    try {
      const booking = await book(sheet, wire, who);
      const seat = await firstFree(sheet, wire, who);
      await select(sheet, wire, who, booking, seat);
      const mine: { id: number; seats: { id: number }[] }[] = await call(sheet, wire, 'look', request('GET', '/api/bookings', who), 200);
      if (!mine.some(({ id, seats }) => id === booking && seats.some((one) => one.id === seat))) throw new Error('not among the bookings');
      result.good++;
      sheet.times.round ??= [];
      sheet.times.round.push(performance.now() - began);
    } catch (error) {
      if (error instanceof Met) result.conflicts++;
      else fail(sheet, error);
    }
    if (job.pauseMs) await new Promise((resolve) => setTimeout(resolve, job.pauseMs));
  }
  wire.close();
}

/** Seats of one booking after the other, twenty at most of one buyer. The list is read in pages, so that the selecting is what is measured. */
async function selects(sheet: Sheet): Promise<void> {
  const { job, result } = sheet;
  const wire = new Wire(job.port);
  while (performance.now() < sheet.until && sheet.left > 0) {
    const who = basic(sheet.next++);
    try {
      const booking = await book(sheet, wire, who);
      const free = `/api/seats?event_id=${job.event}&status=FREE&pageSize=20`;
      const seats: { id: number }[] = await call(sheet, wire, 'list', request('GET', free, who), 200);
      for (const { id } of seats) {
        if (!more(sheet)) break;
        await select(sheet, wire, who, booking, id).then(
          () => result.good++,
          (error) => {
            if (!(error instanceof Met)) throw error;
            result.conflicts++;
          },
        );
      }
    } catch (error) {
      fail(sheet, error);
    }
  }
  wire.close();
}

/** One buyer after the other: a booking, its seats, and its payment on the gateway's page, which the stand-in's own button plays. */
async function sellsOut(sheet: Sheet): Promise<void> {
  const { job, result } = sheet;
  const wire = new Wire(job.port);
  while (more(sheet)) {
    const who = basic(sheet.next++);
    try {
      const booking = await book(sheet, wire, who);
      await fill(sheet, wire, who, booking);
      const text = request('PATCH', '/api/bookings/initiatePayment', who, { booking_id: booking });
      const answer = await wire.ask(text);
      const paymentId = answer?.location?.split('/').pop();
      if (answer?.status !== 302 || !paymentId) throw new Error(`initiatePayment ${answer?.status ?? 'no answer'}`);
      const body = JSON.stringify({ paymentId });
      const paid = await fetch(`${job.paygate}/_standin/pay`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      if (!paid.ok) throw new Error(`pay ${paid.status}`);
      result.good++;
    } catch (error) {
      fail(sheet, error);
    }
  }
  wire.close();
}

/** Takes the first free seats until there are enough. Who meets another buyer looks again. */
async function fill(sheet: Sheet, wire: Wire, who: string, booking: number): Promise<void> {
  const { event, seats: wanted } = sheet.job;
  for (let had = 0; had < wanted; ) {
    const path = `/api/seats?event_id=${event}&status=FREE&pageSize=${Math.min(20, wanted)}`;
    const free: { id: number }[] = await call(sheet, wire, 'list', request('GET', path, who), 200);
    if (!free.length) throw new Error('nothing free');
    for (const { id } of free.slice(0, wanted - had)) {
      try {
        await select(sheet, wire, who, booking, id);
        had++;
      } catch (error) {
        if (!(error instanceof Met)) throw error;
        sheet.result.conflicts++;
      }
    }
  }
}
