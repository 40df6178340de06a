// What the package gives: the client, its errors, verifyWebhook, and their types.
export { BilletterAPI, type Environment, type Options } from './client';
export * from './errors';
export type * from './types';
export { verifyWebhook, type WebhookHeaders } from './verify';
