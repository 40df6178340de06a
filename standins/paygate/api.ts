// The four calls a shop makes: init, check, confirm, cancel. Each proves itself by its token.
import type { Bank } from './bank.ts';
import { Fault, type Payment, type Status, shown, tokenOf } from './wire.ts';

export type Team = { slug: string; password: string };
type Fields = Record<string, unknown>;

/** What a call does and answers; `at` is the address of the buyer's page. */
type Call = (bank: Bank, team: Team, fields: Fields, at: string) => object;

/** The calls by their paths. */
export const CALLS: Record<string, Call> = {
  '/api/v1/PaymentInit/init': init,
  '/api/v1/PaymentCheck/check': check,
  '/api/v1/PaymentConfirm/confirm': confirm,
  '/api/v1/PaymentCancel/cancel': cancel,
};

function init(bank: Bank, team: Team, fields: Fields, at: string): object {
  const { amount } = fields;
  const [orderId, currency] = [text(fields, 'orderId'), text(fields, 'currency')];
  if (typeof amount !== 'number' || !Number.isSafeInteger(amount) || amount < 1)
    throw new Fault(400, '1004', 'amount must be a positive whole number');
  if (!/^[A-Z]{3}$/.test(currency)) throw new Fault(400, '1005', 'currency must be three capital letters');
  if (!orderId) throw new Fault(400, '1006', 'orderId is missing');
  prove(team, fields, amount, currency, orderId, team.password, team.slug);
  const [successURL, failURL, notificationURL] = [url(fields, 'successURL'), url(fields, 'failURL'), url(fields, 'notificationURL')];

  const description = text(fields, 'description');
  const payment = bank.open({ orderId, teamSlug: team.slug, amount, currency, description, successURL, failURL, notificationURL });
  return { success: true, ...shown(payment), paymentURL: `${at}/pay/${payment.id}` };
}

function check(bank: Bank, team: Team, fields: Fields): object {
  const payment = proven(bank, team, fields);
  return { success: true, payments: [shown(payment)], totalCount: 1, orderId: payment.orderId };
}

function confirm(bank: Bank, team: Team, fields: Fields): object {
  const payment = proven(bank, team, fields);
  if (payment.status === 'CONFIRMED') throw new Fault(409, '3003', 'The payment is confirmed already');
  if (payment.status !== 'AUTHORIZED') throw new Fault(409, '3001', `The payment is ${payment.status}, not authorized`);
  if (fields.amount !== undefined && fields.amount !== payment.amount)
    throw new Fault(400, '3002', 'Only the whole amount can be confirmed');
  return { success: true, ...shown(bank.move(payment.id, 'CONFIRMED')), confirmedAmount: payment.amount, remainingAmount: 0 };
}

const KINDS: Partial<Record<Status, { to: Status; type: string }>> = {
  NEW: { to: 'CANCELLED', type: 'CANCELLATION' },
  FORM_SHOWED: { to: 'CANCELLED', type: 'CANCELLATION' },
  AUTHORIZED: { to: 'CANCELLED', type: 'REVERSAL' },
  CONFIRMED: { to: 'REFUNDED', type: 'REFUND' },
};

/** Cancels, lets go or returns, by what the payment is: always the whole of it. */
function cancel(bank: Bank, team: Team, fields: Fields): object {
  const payment = proven(bank, team, fields);
  const kind = KINDS[payment.status];
  if (!kind) throw new Fault(409, '4001', `A payment that is ${payment.status} cannot be cancelled`);
  if (fields.amount !== undefined && fields.amount !== payment.amount) throw new Fault(400, '1004', 'A payment is returned only whole');
  return { success: true, ...shown(bank.move(payment.id, kind.to)), cancellationType: kind.type, cancelledAmount: payment.amount };
}

/** The payment of a call that names it. */
function proven(bank: Bank, team: Team, fields: Fields): Payment {
  const id = text(fields, 'paymentId');
  prove(team, fields, id, team.password, team.slug);
  return bank.find(id);
}

function prove(team: Team, fields: Fields, ...values: (string | number)[]): void {
  if (fields.teamSlug !== team.slug) throw new Fault(401, '1002', 'Unknown team');
  if (fields.token !== tokenOf(...values)) throw new Fault(401, '1001', 'The token does not fit');
}

const text = (fields: Fields, name: string): string => (typeof fields[name] === 'string' ? (fields[name] as string) : '');

function url(fields: Fields, name: string): string {
  const given = text(fields, name);
  if (!URL.canParse(given)) throw new Fault(400, '2001', `${name} is no address`);
  return given;
}
