// A scanner of its own process: admits the codes it is sent, one after the other, and sends back what came of each. Started by processes.test.ts.
import { connect } from '../../db/connect.ts';
import { admit } from '../../services/tickets/checkIns.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';

export type Errand = { url: string; accountId: string; gate: string; codes: string[] };

process.once('message', async ({ url, accountId, gate, codes }: Errand) => {
  const db = connect({ url, max: 4 });
  const outcomes = [];
  for (const code of codes) outcomes.push((await admit(db, TICKET_KEYS, { accountId, admin: false }, { code }, { gate })).outcome);
  await db.destroy();
  process.send!(outcomes, undefined, {}, () => process.exit(0));
});
