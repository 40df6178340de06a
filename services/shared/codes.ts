// Codes for people, made from what identifies a thing. They are derived whenever they are shown, and never stored.

/** An order's code: the day it was made (UTC) and its number, 2024011500001. Who shows it to buyers puts a prefix before it. */
export function orderCode(order: { number: number; created_at: Date }): string {
  return `${order.created_at.toISOString().slice(0, 10).replaceAll('-', '')}${String(order.number).padStart(5, '0')}`;
}
