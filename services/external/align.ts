// Brings the provider's order in step with ours: one step after the other, each noted before and after, each safe to repeat.
//
// A call that got no answer may have taken effect, or still will. Nothing is believed then: the failure goes up, whoever called tries again, and
// the next try reads back what the provider has. What a place was asked for stands in its row before the call, so that a crash hides nothing.
// A place that a late call brings in unseen shows in the provider's count before an order is submitted: then the order is begun anew.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Kysely } from 'kysely';
import type { DB } from '../../db/tables.ts';
import { comeBack } from '../inventory/elsewhere.ts';
import { DomainError } from '../shared/errors.ts';
import type { EventProvider, ProviderStatus } from './provider.ts';
import { type Had, leave, mark, note, rivalOf, type Saga, type State, take } from './rows.ts';
import { nextStep, type Step, type Wanted } from './steps.ts';

export type { Wanted } from './steps.ts';

/** `refused`: our places that the provider does not give. `rival`: another order of ours, for which it may still have one of them. */
export type Aligned = { refused: string[]; rival?: string };

type Work = { db: Kysely<DB>; provider: EventProvider; saga: Saga };

/** More steps than an order can need, so that a provider without sense is not asked for ever. */
const MOST_STEPS = 500;
/** Between the looks at what is read late, in milliseconds. */
const LOOKS = [0, 40, 80, 160, 320, 500];

const STATES: Record<ProviderStatus, State> = {
  STARTED: 'started',
  SUBMITTED: 'submitted',
  CONFIRMED: 'confirmed',
  CANCELLED: 'cancelled',
};

/**
 * Does what is missing until the provider's order is as wanted, or a place is refused, or a rival has to go first.
 * @throws DomainError unavailable: tried again, it goes on where it was
 */
export async function align(db: Kysely<DB>, provider: EventProvider, orderId: string, wanted: Wanted): Promise<Aligned> {
  const work: Work = { db, provider, saga: await take(db, orderId) };
  try {
    for (let i = 0; i < MOST_STEPS; i++) {
      const step = nextStep(work.saga, wanted);
      if (step.do === 'done') return { refused: [...work.saga.had.values()].filter((one) => one.state === 'refused').map((one) => one.id) };
      const rival = step.do === 'select' && !step.again ? await rivalOf(db, orderId, step.place.id) : undefined;
      if (rival) return { refused: [], rival };
      await perform(work, step);
    }
    throw new DomainError('unavailable', 'The event provider takes every step and gets nowhere.');
  } finally {
    await leave(db, work.saga);
  }
}

function perform(work: Work, step: Exclude<Step, { do: 'done' }>): Promise<void> {
  if (step.do === 'start') return start(work);
  if (step.do === 'select') return select(work, step.place, step.again);
  if (step.do === 'release') return release(work, step.place);
  if (step.do === 'return') return giveBack(work, step.place);
  if (step.do === 'submit') return submit(work);
  if (step.do === 'confirm') return confirm(work);
  if (step.do === 'cancel') return cancel(work);
  return note(work.db, work.saga, { state: 'cancelled' });
}

/** Without its answer an order of the provider is left behind that nobody knows; it has no places, so it keeps nothing from anybody. */
async function start({ db, provider, saga }: Work): Promise<void> {
  await note(db, saga, { state: 'started', ref: await provider.start() });
}

async function select(work: Work, place: Pick<Had, 'id' | 'externalId'>, again: boolean): Promise<void> {
  const { db, provider, saga } = work;
  const known = countSelected(saga);
  const came = again && (await counts(work, (n) => n > known)) === 'yes';
  if (saga.state !== 'started') return;
  if (came) return mark(db, saga, [place], 'selected');

  await mark(db, saga, [place], 'asked');
  const told = await provider.select(saga.ref!, place.externalId);
  if (told === 'done') return mark(db, saga, [place], 'selected');

  // It may be ours since the call that got no answer; or the provider has ended the whole order.
  const grown = await counts(work, (n) => n > known, { patient: again });
  if (saga.state !== 'started') return;
  return mark(db, saga, [place], again && grown === 'yes' ? 'selected' : 'refused');
}

async function release(work: Work, place: Pick<Had, 'id' | 'externalId'>): Promise<void> {
  const { db, provider, saga } = work;
  const told = await provider.release(saga.ref!, place.externalId);
  if (told !== 'refused') return mark(db, saga, [place], 'released');

  // Free already, by a call that got no answer; or the order is not what we take it for.
  if (await becomesFree(work, place)) return mark(db, saga, [place], 'released');
  await adopt(work, await look(work, (status) => status !== 'STARTED'));
  if (saga.state === 'started') await cancel(work);
}

/** A place of a confirmed order. Where the provider keeps it, it stays sold, to nobody of ours. */
async function giveBack(work: Work, place: Pick<Had, 'id' | 'externalId'>): Promise<void> {
  const { db, provider, saga } = work;
  const told = await provider.release(saga.ref!, place.externalId);
  const free = told === 'done' || (await becomesFree(work, place));
  await mark(db, saga, [place], free ? 'released' : 'kept');
  if (free) await comeBack(db, [place.id]);
  else await note(db, saga, { state: saga.state, refusal: 'The provider does not take back places of a confirmed order.' });
}

async function submit(work: Work): Promise<void> {
  const { provider, saga } = work;
  const known = countSelected(saga);
  if ((await counts(work, (n) => n === known)) === 'no') return cancel(work);
  if (saga.state !== 'started') return;

  const told = await provider.move(saga.ref!, 'submit');
  if (told === 'done') return note(work.db, saga, { state: 'submitted' });
  await adopt(work, await look(work, (status) => status !== 'STARTED'));
  if (saga.state === 'started') throw new DomainError('unavailable', 'The event provider does not submit the order yet.');
}

/** What is refused twice is refused for good: the provider's order is ended, and the money goes back. */
async function confirm(work: Work): Promise<void> {
  const { db, provider, saga } = work;
  for (const _ of ['once', 'again']) {
    if ((await provider.move(saga.ref!, 'confirm')) === 'done') return note(db, saga, { state: 'confirmed' });
    await adopt(work, await look(work, (status) => status === 'CONFIRMED' || status === 'CANCELLED'));
    if (saga.state !== 'submitted') return;
  }
  await note(db, saga, { state: 'submitted', refusal: 'The provider does not confirm the order.' });
  await cancel(work);
}

async function cancel(work: Work): Promise<void> {
  const { saga } = work;
  if ((await work.provider.move(saga.ref!, 'cancel')) !== 'refused') return ended(work);
  const status = await look(work, (told) => told === 'CONFIRMED' || told === 'CANCELLED');
  if (!status || status === 'CANCELLED') return ended(work);
  await adopt(work, status);
  if (saga.state !== 'confirmed') throw new DomainError('unavailable', 'The event provider does not cancel the order yet.');
}

/** The provider's order is over, and with it what it had. */
async function ended({ db, saga }: Work, refusal?: string): Promise<void> {
  const had = [...saga.had.values()].filter((one) => one.state === 'selected' || one.state === 'asked');
  await note(db, saga, { state: 'cancelled', refusal });
  await mark(db, saga, had, 'released');
}

/** Takes what the provider says for the truth. Undefined: it knows no such order any more. */
async function adopt(work: Work, status: ProviderStatus | undefined): Promise<void> {
  const state = status ? STATES[status] : 'cancelled';
  if (state === 'cancelled') return ended(work, 'The provider has ended the order by itself.');
  if (state !== work.saga.state) await note(work.db, work.saga, { state });
}

/** The status of the provider's order once it fits, or as it stays. */
async function look({ provider, saga }: Work, fits: (status: ProviderStatus) => boolean): Promise<ProviderStatus | undefined> {
  let status: ProviderStatus | undefined;
  for (const pause of LOOKS) {
    await sleep(pause);
    status = (await provider.order(saga.ref!))?.status;
    if (status && fits(status)) break;
  }
  return status;
}

/**
 * Whether the count of the provider's order comes to fit. It takes in, on the way, that the order is no longer started.
 * Without patience one answer is enough.
 */
async function counts(work: Work, fits: (places: number) => boolean, { patient = true } = {}): Promise<'yes' | 'no'> {
  let known = false;
  for (const pause of LOOKS) {
    await sleep(pause);
    const order = await work.provider.order(work.saga.ref!);
    if (!order) continue; // not there yet
    known = true;
    if (order.status !== 'STARTED') {
      await adopt(work, order.status);
      return 'yes';
    }
    if (fits(order.places)) return 'yes';
    if (!patient) return 'no';
  }
  if (!known) await adopt(work, undefined);
  return known ? 'no' : 'yes';
}

async function becomesFree({ provider }: Work, place: Pick<Had, 'externalId'>): Promise<boolean> {
  for (const pause of LOOKS) {
    await sleep(pause);
    if (await provider.isFree(place.externalId)) return true;
  }
  return false;
}

const countSelected = ({ had }: Saga): number => [...had.values()].filter((one) => one.state === 'selected').length;
