// Direct looks into the stack's database, for what no API shows.
import { inject } from 'vitest';
import { connect } from '../../db/connect.ts';

/** A small pool on the stack's database. The test file that opens it destroys it. */
export const openDb = () => connect({ url: inject('stack').databaseUrl, max: 4, name: 'billetter-test' });
