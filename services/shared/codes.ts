// Codes for people, made from what identifies a thing. They are derived whenever they are shown, and never stored.

/** The order's code for people: EVT, the day it was made (UTC) and its number. Derived, never stored. */
export function orderCode(order: { number: number; created_at: Date }): string {
  return `EVT${order.created_at.toISOString().slice(0, 10).replaceAll('-', '')}${String(order.number).padStart(5, '0')}`;
}
