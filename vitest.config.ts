// Three kinds of test: alone (no servers), gateway (Postgres only), flows (the whole system, started once).
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 180_000,
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'parts', include: ['test/{local,standins,deploy,gateway,core}/**/*.test.ts'] } },
      {
        extends: true,
        test: { name: 'flows', include: ['test/{flows,workflows}/**/*.test.ts'], globalSetup: ['test/support/globalStack.ts'] },
      },
    ],
  },
});
