// What the gateway remembers: in memory, and in one journal file of a line for each change, so that a crash keeps all of it.
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Payment, Status } from './wire.ts';

/** A notification on its way. `status` is the payment's when it was written, whatever it says over the wire. */
export type Notice = {
  id: string;
  paymentId: string;
  status: Status;
  /** What it says, which a fault switch may have made wrong. */
  says: string;
  at: string;
  state: 'pending' | 'delivered' | 'lost';
  attempts: number;
  lastAnswer: string | null;
};

export type Store = {
  payments: ReadonlyMap<string, Payment>;
  notices: ReadonlyMap<string, Notice>;
  keep(row: { payment: Payment } | { notice: Notice }): void;
  close(): void;
};

type Row = { payment?: Payment; notice?: Notice };

/** Opens it; without a file it lives in memory only. */
export function openStore(file: string | undefined): Store {
  const payments = new Map<string, Payment>();
  const notices = new Map<string, Notice>();
  const apply = ({ payment, notice }: Row): void => {
    if (payment) payments.set(payment.id, payment);
    if (notice) notices.set(notice.id, notice);
  };

  let journal: number | undefined;
  if (file !== undefined) {
    mkdirSync(dirname(file), { recursive: true });
    if (existsSync(file)) for (const row of readJournal(file)) apply(row);
    const live = [...[...payments.values()].map((payment) => ({ payment })), ...[...notices.values()].map((notice) => ({ notice }))];
    writeFileSync(`${file}.new`, live.map((row) => `${JSON.stringify(row)}\n`).join(''), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    journal = openSync(file, 'a', 0o600);
  }

  return {
    payments,
    notices,
    keep(row) {
      apply(row);
      if (journal !== undefined) writeSync(journal, `${JSON.stringify(row)}\n`);
    },
    close() {
      if (journal !== undefined) closeSync(journal);
      journal = undefined;
    },
  };
}

/** Only the last line may be torn, by a crash while it was written. */
function readJournal(file: string): Row[] {
  const lines = readFileSync(file, 'utf8').split('\n').filter(Boolean);
  return lines.flatMap((line, index) => {
    try {
      return [JSON.parse(line) as Row];
    } catch (error) {
      if (index < lines.length - 1) throw new Error(`${file}: line ${index + 1} is not readable`, { cause: error });
      return [];
    }
  });
}
