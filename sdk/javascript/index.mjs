// The same code as for require, so that an error of one is an error of the other.
export * from './dist/main.js';
export { BilletterAPI as default } from './dist/main.js';
