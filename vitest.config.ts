// Two kinds of test: parts (no servers, or PostgreSQL alone), flows (the whole system, started once).
import { defineConfig } from 'vitest/config';

/** Of the workflows' tests those that need no engine. */
const PURE = 'test/workflows/{duties,errands}.test.ts';

export default defineConfig({
  // The door's page imports this under a name of its own (gateway/door/files.ts).
  resolve: { alias: [{ find: './noble-ed25519.js', replacement: '@noble/ed25519' }] },
  test: {
    // Deadlines are for what is dead, not for what is slow: three times the slowest run, on a busy machine.
    testTimeout: 240_000,
    hookTimeout: 600_000,
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'parts',
          include: [
            'test/{http,evently,easyticket,ticket-api,hackload,registrations,door,sdk,services,reads,standins,local,deploy,support}/**/*.test.ts',
            PURE,
          ],
        },
      },
      {
        extends: true,
        test: {
          name: 'flows',
          include: ['test/{flows,workflows}/**/*.test.ts'],
          exclude: [PURE],
          globalSetup: ['test/support/globalStack.ts'],
          setupFiles: ['test/support/netAfter.ts'],
        },
      },
    ],
  },
});
