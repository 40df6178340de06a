// The net: compares what must hold of a running system with its rows, its provider's ledger and its workflows. It changes nothing.
import type { Kysely } from 'kysely';
import type { DB } from '../../db/tables.ts';
import type { EventProvider } from '../external/provider.ts';
import type { Providers } from '../payments/provider.ts';
import { askedPayments } from './verify/asked.ts';
import type { Check, Finding, Seen } from './verify/check.ts';
import { deliveries } from './verify/deliveries.ts';
import { external } from './verify/external.ts';
import { ledgerPayments } from './verify/ledger.ts';
import { ledgerRefunds } from './verify/ledgerRefunds.ts';
import { moneyChecks } from './verify/money.ts';
import { orders } from './verify/orders.ts';
import { places } from './verify/places.ts';
import { slots } from './verify/slots.ts';
import { waitlist } from './verify/waitlist.ts';
import { forsaken, idle, type Workflows } from './verify/workflows.ts';

export type { Finding } from './verify/check.ts';
export type { Workflows } from './verify/workflows.ts';

/** What is looked at. Without providers or workflows their checks are left out. */
export type Parts = { db: Kysely<DB>; providers?: Providers; workflows?: Workflows; eventProvider?: EventProvider };

/** A known oddity: nothing is reported that is about this id, by any check or by those whose names begin with one of `checks`. */
export type Oddity = { id: string; checks?: string[] };

export type Options = {
  /** Seconds within which what has just changed may still be under way (60). */
  grace?: number;
  /** What a check finds is looked for once more after so many seconds, and reported if it is still there (0: reported at once). */
  againAfter?: number;
  /** At most so many findings of one check are told (100). */
  limit?: number;
  /** At most so long may one check take (300). */
  seconds?: number;
  /** Only checks whose names begin with one of these. */
  only?: string[];
  leaveOut?: Oddity[];
  /** Told from time to time how many rows a long check has looked at. */
  progress?(check: string, looked: number): void;
};

/** What one check came to. `failed`: why it could not look; there are no findings then, and nothing is proven. */
export type Outcome = { check: string; ms: number; failed?: string } & Seen;

/**
 * Runs the checks one after the other and tells the outcome of each. Reads only, in short snapshots; memory is that of one page.
 * Never throws for what a check meets: a part that does not answer is an outcome with `failed`.
 */
export async function* verify(parts: Parts, options: Options = {}): AsyncGenerator<Outcome> {
  const wanted = ({ name }: Check) => !options.only || startsWithOne(name, options.only);
  for (const check of checksOf(parts).filter(wanted)) {
    const began = performance.now();
    const outcome = await look(check, parts, options).catch((error: Error) => ({
      looked: 0,
      found: 0,
      findings: [],
      failed: error.message,
    }));
    yield { check: check.name, ms: Math.round(performance.now() - began), ...outcome };
  }
}

function checksOf({ providers, workflows, eventProvider }: Parts): Check[] {
  return [
    ...places,
    ...slots,
    ...orders,
    ...moneyChecks,
    ...waitlist,
    ...deliveries,
    ...external(eventProvider),
    ...Object.values(providers ?? {}).flatMap((provider) => {
      const { name, ledger } = provider;
      return ledger ? [ledgerPayments(name, ledger), ledgerRefunds(name, ledger)] : [askedPayments(provider)];
    }),
    ...(workflows ? [forsaken(workflows), idle(workflows)] : []),
  ];
}

async function look(check: Check, { db }: Parts, options: Options): Promise<Seen> {
  const { grace = 60, limit = 100, seconds = 300, againAfter = 0 } = options;
  const leaveOut = (options.leaveOut ?? []).filter(({ checks }) => !checks || startsWithOne(check.name, checks)).map(({ id }) => id);
  const tell = (looked: number) => options.progress?.(check.name, looked);
  const once = () => check.run({ db, grace, limit, seconds, leaveOut, tell });

  const first = await once();
  if (!first.found || !againAfter) return first;
  await new Promise((resolve) => setTimeout(resolve, againAfter * 1000));
  const second = await once();
  const stays = new Set(first.findings.map(key));
  // With more findings than are kept, the two lists need not name the same ones.
  if (second.found > limit) return second;
  const findings = second.findings.filter((one) => stays.has(key(one)));
  return { ...second, found: findings.length, findings };
}

/** What makes two findings the same one. */
export const key = ({ check, subject }: Finding): string => `${check} ${subject}`;

const startsWithOne = (name: string, starts: string[]) => starts.some((start) => name.startsWith(start));
