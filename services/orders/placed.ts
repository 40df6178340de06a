// An order as it is placed: what a claim gives and what every later look at an order begins with, so that an API has one presenter.
import { sql } from 'kysely';
import type { OrderStatus } from '../../db/tables.ts';
import { isolated } from '../shared/text.ts';

/** A placed order has, or had, places and a deadline. One that only waits, or waited in vain, is nobody's booking. */
export type PlacedStatus = Exclude<OrderStatus, 'waiting'>;

/** An order (alias `o`) that was placed. */
export const isPlaced = sql<boolean>`o.expires_at is not null`;

/** An order (alias `o`) that its account made for itself, and not for a participant: what buyers see of their own. */
export const isBuyers = sql<boolean>`o.participant_ref is null`;

export type PlacedOrder = {
  id: string;
  number: number;
  /** With the clock applied: a pending order past its hold reads expired, whether or not its workflow has said so yet. */
  status: PlacedStatus;
  total_minor: number;
  currency: string;
  /** See codes.ts buyersCode. */
  code_prefix: string | null;
  created_at: Date;
  expires_at: Date | null;
  /** `external`: its places are the Event Provider's. */
  event: { id: string; number: number; slug: string; name: string; starts_at: Date; external: boolean };
  places: PlacedPlace[];
};

export type PlacedPlace = {
  id: string;
  offer_id: string;
  offer_name: string;
  section: string | null;
  row_label: string | null;
  seat_label: string | null;
  price_minor: number;
};

/** "VIP, row A, seat 1"; for a place without a number, its offer's name. `shown`: what is done to each name, left as it is for programs. */
export const placeName = (p: PlacedPlace, shown = (name: string): string => name): string =>
  p.seat_label === null ? shown(p.offer_name) : `${shown(p.section ?? '')}, row ${shown(p.row_label ?? '')}, seat ${shown(p.seat_label)}`;

/** The same, for a sentence or a list that people read. */
export const placeInText = (p: PlacedPlace): string => placeName(p, isolated);
