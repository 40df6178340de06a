// Every workflow a worker knows.
export { eventNotice } from './eventNotice.ts';
export { order } from './order.ts';
export { sms } from './sms.ts';
export { waitlist } from './waitlist.ts';
