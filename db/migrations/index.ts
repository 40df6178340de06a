// Every migration in order. Forward only: a landed migration is never edited, a mistake is mended by the next one.
import type { Migration } from 'kysely';
import * as m0001 from './0001_core.ts';
import * as m0002 from './0002_rate_limits.ts';
import * as m0003 from './0003_place_changes.ts';
import * as m0004 from './0004_waitlist.ts';
import * as m0005 from './0005_live_reads.ts';
import * as m0006 from './0006_idempotency.ts';
import * as m0008 from './0008_event_notices.ts';
import * as m0009 from './0009_mail_tries.ts';
import * as m0010 from './0010_confirmed_at.ts';
import * as m0011 from './0011_last_tries.ts';
import * as m0012 from './0012_payment_attempts.ts';
import * as m0013 from './0013_frame.ts';
import * as m0014 from './0014_providers_and_refunds.ts';
import * as m0015 from './0015_attempt_method.ts';
import * as m0016 from './0016_claims.ts';
import * as m0017 from './0017_waiting.ts';

export const migrations: Record<string, Migration> = {
  '0001_core': m0001,
  '0002_rate_limits': m0002,
  '0003_place_changes': m0003,
  '0004_waitlist': m0004,
  '0005_live_reads': m0005,
  '0006_idempotency': m0006,
  '0008_event_notices': m0008,
  '0009_mail_tries': m0009,
  '0010_confirmed_at': m0010,
  '0011_last_tries': m0011,
  '0012_payment_attempts': m0012,
  '0013_frame': m0013,
  '0014_providers_and_refunds': m0014,
  '0015_attempt_method': m0015,
  '0016_claims': m0016,
  '0017_waiting': m0017,
};
