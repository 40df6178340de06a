export * from './dist/main.js';
export { BilletterAPI as default } from './dist/main.js';
