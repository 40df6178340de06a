// What ticket types and all that is sold below them have in common on the wire: prices, quantities and windows of sale.

import { z } from 'zod';
import { managerOf } from '../../services/accounts/actor.ts';
import type { Caller } from '../../services/accounts/sessions.ts';
import type { BelowView, TypeView } from '../../services/events/ticketList.ts';
import type { AskedPrice } from '../../services/events/ticketTypes.ts';
import { invalidField } from '../../services/shared/errors.ts';
import { instant } from '../http/fields.ts';
import { Price, priceMinor, time, timeOrNull } from './shapes.ts';

/** Windows of sale in a body; null takes a bound away. */
export const windowBody = {
  sales_start: instant.nullable().optional(),
  sales_end: instant
    .nullable()
    .optional()
    .meta({ description: 'Left out, it sells until the event starts; of a day, until that day is over at the venue.' }),
};

export const quantityBody = z.int().min(1).max(1_000_000_000);
export const priceBody = Price;

export const stockShape = {
  quantity_sold: z.int(),
  available_quantity: z.int().meta({ description: 'What can be bought now.' }),
  is_sold_out: z.boolean(),
  is_on_sale: z.boolean(),
  is_active: z.boolean(),
  sales_start: instant.nullable(),
  sales_end: instant.nullable(),
  created_at: instant,
};

/** What was asked for of a window, as the core takes it: what is left out stays left out. */
export const asked = {
  time: (text: string | null | undefined): Date | null | undefined => (text ? new Date(text) : (text as null | undefined)),
  /** The price in minor units of the event's currency, which only the rows know. Throws invalid for one that is none of it. */
  price:
    (price: number | string): AskedPrice =>
    (currency) => {
      const minor = priceMinor(price, currency);
      if (minor === undefined) throw invalidField('price', `${price} is no amount of ${currency}.`);
      return minor;
    },
};

/** The figures of a stock. */
export const stock = (o: TypeView | BelowView) => ({
  quantity_sold: o.sold,
  available_quantity: o.left,
  is_sold_out: o.left === 0,
  is_on_sale: o.on_sale,
  is_active: o.is_active,
  sales_start: timeOrNull(o.sales_start),
  sales_end: timeOrNull(o.sales_end),
  created_at: time(o.created_at),
});

export const viewer = (caller: Caller | undefined) => caller && managerOf(caller);
