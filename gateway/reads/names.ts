// Which event an id, a slug or a number in an address means, cached until any event changes.
import { type EventName, identify } from '../../services/events/events.ts';
import type { Db } from '../deps.ts';

export type Named = { id: string; currency: string };

const MAX_CACHED = 50_000;

/** Makes the cache. Names that were not found are not cached: such an event may be made any moment, and there is no end of wrong names. */
export function createNames(db: Db): { find(name: EventName): Promise<Named | undefined>; forget(): void } {
  const known = new Map<EventName, Named>();
  let edition = 0;
  return {
    async find(name) {
      const found = known.get(name);
      if (found) return found;
      const asked = edition;
      const event = await identify(db, name);
      if (known.size > MAX_CACHED) known.clear();
      if (event && asked === edition) known.set(name, event); // unless an event changed while this one was read
      return event;
    },
    forget() {
      known.clear();
      edition++;
    },
  };
}
