// Every migration in order. Forward only: a landed migration is never edited, a mistake is mended by the next one.
import type { Migration } from 'kysely';
import * as m0001 from './0001_core.ts';
import * as m0002 from './0002_venue_time_zones.ts';
import * as m0003 from './0003_search.ts';
import * as m0005 from './0005_refused_mails.ts';
import * as m0007 from './0007_ended_sessions.ts';
import * as m0008 from './0008_waitlist_account.ts';
import * as m0009 from './0009_line_changes.ts';
import * as m0010 from './0010_easyticket.ts';
import * as m0011 from './0011_accounts.ts';
import * as m0012 from './0012_check_ins.ts';
import * as m0013 from './0013_event_search.ts';
import * as m0016 from './0016_code_prefix.ts';
import * as m0017 from './0017_pictures.ts';
import * as m0018 from './0018_group_codes.ts';
import * as m0019 from './0019_door.ts';
import * as m0020 from './0020_blocks.ts';
import * as m0021 from './0021_webhooks.ts';
import * as m0021b from './0021b_webhook_hands.ts';
import * as m0022 from './0022_api_keys.ts';
import * as m0023 from './0023_participants.ts';
import * as m0024 from './0024_ticket_jobs.ts';
import * as m0025 from './0025_credentials.ts';
import * as m0027 from './0027_external.ts';
import * as m0028 from './0028_search.ts';
import * as m0029 from './0029_counted_claims.ts';
import * as m0031 from './0031_bounded_sweep.ts';

export const migrations: Record<string, Migration> = {
  '0001_core': m0001,
  '0002_venue_time_zones': m0002,
  '0003_search': m0003,
  '0005_refused_mails': m0005,
  '0007_ended_sessions': m0007,
  '0008_waitlist_account': m0008,
  '0009_line_changes': m0009,
  '0010_easyticket': m0010,
  '0011_accounts': m0011,
  '0012_check_ins': m0012,
  '0013_event_search': m0013,
  '0016_code_prefix': m0016,
  '0017_pictures': m0017,
  '0018_group_codes': m0018,
  '0019_door': m0019,
  '0020_blocks': m0020,
  '0021_webhooks': m0021,
  '0021b_webhook_hands': m0021b,
  '0022_api_keys': m0022,
  '0023_participants': m0023,
  '0024_ticket_jobs': m0024,
  '0025_credentials': m0025,
  '0027_external': m0027,
  '0028_search': m0028,
  '0029_counted_claims': m0029,
  '0031_bounded_sweep': m0031,
};
