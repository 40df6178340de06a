// What comes next between our order and the provider's, told from the rows. Pure.
import type { Had, Saga, State } from './rows.ts';

/**
 * Where the provider's order is to be: `selected`: it has exactly these places; `submitted`, `confirmed`: and is so far; `nothing`: it is over,
 * and its places free as far as the provider allows.
 */
export type Wanted = { aim: 'selected' | 'submitted' | 'confirmed' | 'nothing'; places: Pick<Had, 'id' | 'externalId'>[] };

type Place = Pick<Had, 'id' | 'externalId'>;
export type Step =
  /** Start an order at the provider. */
  | { do: 'start' }
  /** Ask for a place; `again`: an earlier call got no answer. */
  | { do: 'select'; place: Place; again: boolean }
  | { do: 'release'; place: Place }
  | { do: 'submit' }
  | { do: 'confirm' }
  /** End the provider's order: nothing of it is wanted, or not what it has. */
  | { do: 'cancel' }
  /** Give back a place of a confirmed order, if the provider takes it. */
  | { do: 'return'; place: Place }
  /** There is money and nothing to confirm: it goes back. */
  | { do: 'give up' }
  | { do: 'done' };

/** The next step. With a refused place it stops: what becomes of our order then is not decided here. */
export function nextStep({ state, had }: { state: State; had: Saga['had'] }, { aim, places }: Wanted): Step {
  const all = [...had.values()];
  const live = state === 'started' || state === 'submitted';
  if (aim === 'nothing') {
    if (live) return { do: 'cancel' };
    const place = state === 'confirmed' && all.find((one) => one.state === 'selected');
    return place ? { do: 'return', place } : { do: 'done' };
  }
  if (state === 'confirmed' || all.some((one) => one.state === 'refused')) return { do: 'done' };
  if (aim === 'confirmed' && !live) return state === 'cancelled' ? { do: 'done' } : { do: 'give up' };

  const wanted = new Set(places.map((one) => one.id));
  const missing = places.filter((one) => had.get(one.id)?.state !== 'selected');
  const extra = all.filter((one) => one.state === 'selected' && !wanted.has(one.id));
  const asked = all.filter((one) => one.state === 'asked');
  if (!live) return missing.length ? { do: 'start' } : { do: 'done' };

  // A submitted order takes nothing in and lets nothing go: it is begun anew.
  const differs = missing.length + extra.length + asked.length > 0;
  if (state === 'submitted' && differs) return { do: 'cancel' };
  if (state === 'submitted') return aim === 'confirmed' ? { do: 'confirm' } : { do: 'done' };

  // What was asked for and got no answer is asked for once more, wanted or not: until it has an answer the first call may still come in.
  if (asked[0]) return { do: 'select', place: asked[0], again: true };
  if (extra[0]) return { do: 'release', place: extra[0] };
  if (missing[0]) return { do: 'select', place: missing[0], again: false };
  return aim !== 'selected' && places.length ? { do: 'submit' } : { do: 'done' };
}
