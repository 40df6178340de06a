// The letter that says a refund is on its way: the provider has made it.
import { amount, type Letter, page } from './letter.ts';

export const refunded: Letter = {
  kind: 'refunded',
  of: 'order',
  write({ order, code }, data: { amountMinor: number; currency: string }) {
    const sum = amount(Number(data.amountMinor), String(data.currency));
    return page(`Refund for order ${code}: ${sum}`, `Hello ${order.buyer_name},`, [
      `we have sent ${sum} back to the card you paid with. Banks take a few days to show it.`,
    ]);
  },
};
