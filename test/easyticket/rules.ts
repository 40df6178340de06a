// What the examples of EasyTicket mean: which texts are states, codes or free, and what may be null.
import type { Rules } from '../support/contract/compare.ts';

export const RULES: Rules = {
  same: ['message', 'success', 'received'],
  mayLack: ['next'],
  forms: [
    ['order number', /^OE-\d{8}-\d{4,}$/],
    ['ticket number', /^TKT-\d{8}-\d{4,}$/],
  ],
};
