// Every workflow a worker knows.
export { mail } from './mail.ts';
export { order } from './order.ts';
