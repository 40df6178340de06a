// The letter to a buyer who paid twice: the second payment goes back.
import { type Letter, page } from './letter.ts';

export const paidTwice: Letter = {
  kind: 'paid-twice',
  of: 'order',
  write: ({ order, code }) =>
    page(`Order ${code}: you paid twice, and the second payment goes back to you`, `Hello ${order.buyer_name},`, [
      `a second payment for ${order.event.name} reached us. Your tickets stay as they are.`,
      'The whole of it is on its way back to you. You need not do anything.',
    ]),
};
