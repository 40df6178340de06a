// Which event an id or slug in an address means, remembered until any event changes.
import { identify } from '../../services/events/events.ts';
import type { Db } from '../deps.ts';

export type Named = { id: string; currency: string };

const KEPT = 50_000;

/** Makes the memory. Only what was found is kept: what is not there may be made any moment, and nonsense is endless. */
export function createNames(db: Db): { find(idOrSlug: string): Promise<Named | undefined>; forget(): void } {
  const known = new Map<string, Named>();
  let edition = 0;
  return {
    async find(idOrSlug) {
      const found = known.get(idOrSlug);
      if (found) return found;
      const asked = edition;
      const event = await identify(db, idOrSlug);
      if (known.size > KEPT) known.clear();
      if (event && asked === edition) known.set(idOrSlug, event); // else it may have changed since it was read
      return event;
    },
    forget() {
      known.clear();
      edition++;
    },
  };
}
