// Every workflow a worker knows.
export { mail, sms } from './deliveries.ts';
export { eventNotice } from './eventNotice.ts';
export { externalSync } from './externalSync.ts';
export { order } from './order.ts';
export { ticketJob } from './ticketJob.ts';
export { waitlist } from './waitlist.ts';
export { webhook } from './webhook.ts';
