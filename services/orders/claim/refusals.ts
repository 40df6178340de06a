// Why a claim was refused, read from what its own statement saw.
import { refusedTo } from '../../accounts/blocks.ts';
import { DomainError, isRefusal, type PlaceNamed } from '../../shared/errors.ts';
import { decimal } from '../../shared/money.ts';
import type { Wanted } from './request.ts';
import type { Saw } from './saw.ts';
import type { ClaimRow } from './statement.ts';

/** The first reason that holds: what is not there, what may not be, and only then who was faster. */
export function refusal(w: Wanted, row: ClaimRow): DomainError {
  const { eventId } = w;
  if (!row.event_id || row.event_status === 'draft') return new DomainError('event_not_found', 'There is no such event.', { eventId });
  if (row.event_status === 'cancelled') return new DomainError('event_cancelled', 'This event is cancelled.', { eventId });
  if (row.over) return new DomainError('event_over', 'This event is over.', { eventId });
  if (row.blocked) return refusedTo(eventId);
  const saw = row.saw!;
  return (
    ofTarget(w, saw) ?? ofRepeated(w, saw) ?? ofParticipant(w, saw) ?? ofWant(w, row, saw) ?? ofLimits(w, saw) ?? ofRivals(w, row, saw)
  );
}

/** One live order of an event is all that a participant has. */
export const alreadyRegistered = (participant: string) =>
  new DomainError('already_registered', `"${participant}" is registered for this event already.`, { participant });

/** The order that was to grow. */
function ofTarget(w: Wanted, { target }: Saw): DomainError | undefined {
  if (!w.into) return undefined;
  if (!target) return new DomainError('order_not_found', 'There is no such order.', { orderId: w.into });
  if (target.owner !== w.accountId) return new DomainError('forbidden', 'This order belongs to somebody else.');
  if (target.status === 'expired' || (target.status === 'pending' && target.over))
    return new DomainError('order_expired', 'The hold of this order has ended.');
  if (w.terms.forWaiter && target.status === 'waiting') return undefined;
  if (target.status !== 'pending') return new DomainError('order_not_payable', `This order is ${target.status}: it takes no more places.`);
  if (target.paying) return new DomainError('order_not_payable', 'This order is being paid: it takes no more places.');
  return undefined;
}

/** What it has already: the answer to an earlier call may have been lost. */
const ofRepeated = (w: Wanted, { target }: Saw): DomainError | undefined =>
  target && w.places.length && target.has === w.count
    ? new DomainError('places_unavailable', 'This order has these places already.', { wanted: w.count, already: true })
    : undefined;

/** Whom the new order was to be for. */
const ofParticipant = ({ terms }: Wanted, { registered }: Saw): DomainError | undefined =>
  registered ? alreadyRegistered(terms.participant!.ref) : undefined;

/** What was named. */
function ofWant(w: Wanted, row: ClaimRow, saw: Saw): DomainError | undefined {
  if (saw.known < (w.places.length || w.offers.length))
    return new DomainError('invalid', 'Some of these places do not belong to this event.', {
      fields: { [w.places.length ? 'places' : 'offers']: 'Some of these do not belong to this event.' },
      wanted: w.count,
      known: saw.known,
    });
  if (saw.offers_open !== false) return undefined;
  // What sells longer than until the start says so itself.
  if (row.begun) return new DomainError('event_over', 'This event has begun: nothing is sold any more.', { eventId: w.eventId });
  return new DomainError('event_not_on_sale', 'These places are not on sale now.', { eventId: w.eventId });
}

function ofLimits(w: Wanted, saw: Saw): DomainError | undefined {
  const { maxPlaces, maxPerAccount, maxOpen } = w.terms;
  if (!saw.limits_kept) return new DomainError('limit_exceeded', 'The offer has a minimum or a maximum per order.', { wanted: w.count });
  if (saw.dear) {
    const said = `${decimal(saw.dear.most, saw.dear.currency)} ${saw.dear.currency}`;
    return new DomainError('limit_exceeded', `Together these cost more than can be paid at once: at most ${said}.`, { wanted: w.count });
  }
  if (saw.target && saw.target.items + w.count > maxPlaces)
    return new DomainError('limit_exceeded', `At most ${maxPlaces} places fit into one order.`, { max: maxPlaces, wanted: w.count });
  if (maxPerAccount !== undefined && saw.had! + w.count > maxPerAccount)
    return new DomainError('limit_exceeded', `At most ${maxPerAccount} places of one event may be had.`, {
      max: maxPerAccount,
      wanted: w.count,
    });
  if (maxOpen !== undefined && saw.open! >= maxOpen)
    return new DomainError('limit_exceeded', `At most ${maxOpen} unpaid orders may be open at once: pay for one, or cancel it.`, {
      max: maxOpen,
    });
  return undefined;
}

/** What others have, or wait for. */
function ofRivals(w: Wanted, row: ClaimRow, saw: Saw): DomainError {
  if (!saw.unsold) return new DomainError('sold_out', 'This event is sold out.', { eventId: w.eventId });
  if (row.waited)
    return new DomainError('places_unavailable', 'What is free here is being offered to the waitlist: join it to be next.', {
      wanted: w.count,
      waitlist: true,
    });
  return taken({ wanted: w.count, ...(saw.short && { offers: saw.short }), ...(saw.gone && { places: saw.gone }) });
}

/** Others were faster. */
export const taken = (details: { wanted: number; offers?: Saw['short'] & {}; places?: PlaceNamed[] }): DomainError =>
  new DomainError('places_unavailable', 'Some of these places are no longer available.', details);

/** Whether it was refused because of what others have: whoever asks the same (request.asksFor) at that moment is refused for it. */
export const isForAll = (error: unknown): error is DomainError<'places_unavailable' | 'sold_out'> =>
  isRefusal(error, 'places_unavailable', 'sold_out');
