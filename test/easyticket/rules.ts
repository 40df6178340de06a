// What the examples of EasyTicket mean: which texts are states, codes or free, and what may be null.
import type { Rules } from '../support/contract/compare.ts';

export const RULES: Rules = {
  same: ['message', 'success', 'received'],
  mayLack: [
    'next',
    'results.sales_start',
    'results.sales_end',
    'day_tier_prices.sales_start',
    'day_tier_prices.sales_end',
    'sales_start',
    'sales_end',
  ],
  forms: [
    ['order number', /^OE-\d{8}-\d{4,}$/],
    ['ticket number', /^TKT-\d{8}-\d{4,}$/],
  ],
};
