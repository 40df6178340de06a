// What Postgres' error codes (SQLSTATE) mean for us, said once: https://www.postgresql.org/docs/current/errcodes-appendix.html

/**
 * `conflict`: two transactions got in each other's way; begin this one again, at once.
 * `unavailable`: the database cannot do it now (restarting, read-only after a failover, disk full, too many sessions, a lock or an answer
 * that took too long); the same call works later.
 */
export type Meaning = 'conflict' | 'unavailable';

const CONFLICT = /^(40001|40P01)$/;
const READ_ONLY = '25006';
/** 08: the connection; 53: disk, memory or sessions used up; 57P0x: shutting down; 55P03: lock not had; 57014: cancelled; 58: the system beneath. */
const UNAVAILABLE = /^(08...|25006|53...|55P03|57014|57P0.|58...)$/;
/** Node's own codes, where the server was not even reached. */
const SOCKET = /^(ECONNREFUSED|ECONNRESET|EPIPE|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT)$/;
/** What pg says without any code. */
const PG_WORDS = /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error)/;
/** Its session is over, or keeps a setting of a time that is over. */
const SPENT = /^(08...|25006|57P0.)$/;

const codeOf = (error: unknown): string => String((error as { code?: unknown } | null | undefined)?.code ?? '');
const isLost = (error: unknown): boolean => SOCKET.test(codeOf(error)) || (error instanceof Error && PG_WORDS.test(error.message));

/** What an error means; undefined: nothing that passes by itself. */
export function meaning(error: unknown): Meaning | undefined {
  const code = codeOf(error);
  if (CONFLICT.test(code)) return 'conflict';
  return UNAVAILABLE.test(code) || isLost(error) ? 'unavailable' : undefined;
}

/** Whether the connection that met this error is not worth keeping: it is broken, or it stays read-only although its server is not any more. */
export const spends = (error: unknown): boolean => SPENT.test(codeOf(error)) || isLost(error);

/** Whether every other connection of the same age has the same fault: sessions keep the read-only setting they were opened with. */
export const spendsAll = (error: unknown): boolean => codeOf(error) === READ_ONLY;
