// Evently's envelopes: success, page and error, each with its timestamp.
import type { Reply } from '../http/route.ts';

/** Evently writes times to the second: 2024-01-15T10:30:00Z. Cut, not rounded: a deadline is never shown later than it is. */
export const time = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;

export const timeOrNull = (date: Date | null): string | null => date && time(date);

/** A success. `message` only where the seed gives one. */
export function ok(data: unknown, message?: string, status = 200): Reply {
  return { status, body: { success: true, data, ...(message !== undefined && { message }), timestamp: time(new Date()) } };
}

/** One page of a list. */
export function page(data: unknown[], of: { page: number; perPage: number; total: number }): Reply {
  const totalPages = Math.ceil(of.total / of.perPage);
  const pagination = {
    page: of.page,
    per_page: of.perPage,
    total: of.total,
    total_pages: totalPages,
    has_next: of.page < totalPages,
    has_prev: of.page > 1,
  };
  return { status: 200, body: { success: true, data, pagination, timestamp: time(new Date()) } };
}

/** The body of a refusal. */
export function failure(code: string, message: string, details: Record<string, unknown>) {
  return { success: false, error: { code, message, details }, timestamp: time(new Date()) };
}
