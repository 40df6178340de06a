// `npm run import` on this machine: into the local stack's own database, where the environment names no other.
import { readSettings } from './settings.ts';

process.env.DATABASE_URL ??= `postgres://billetter@127.0.0.1:${readSettings(process.env).ports.postgres}/billetter`;
await import('../import.ts');
