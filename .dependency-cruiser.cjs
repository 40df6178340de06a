// The import arrows of docs/architecture.md, as a rule that CI enforces. Everything not allowed here is refused.
const only = (from, to, comment, more = {}) => ({
  name: `${from}-imports`,
  severity: 'error',
  comment,
  from: { path: `^${from}/` },
  to: {
    path: '^((gateway|workflows|activities|services|db|worker|deploy|standins|test|bench)/|config\\.ts)',
    pathNot: [`^${from}/`, ...to],
    ...more,
  },
});

module.exports = {
  forbidden: [
    only(
      'gateway',
      ['^services/', '^workflows/messages\\.ts$', '^db/tables\\.ts$', '^config\\.ts$', '^db/connect\\.ts$'],
      'The gateway speaks; it knows services and the names of workflows. Only its composition opens the database (see gateway-opens-db).',
    ),
    {
      name: 'gateway-opens-db',
      severity: 'error',
      from: { path: '^gateway/', pathNot: '^gateway/(main|compose)\\.ts$' },
      to: { path: '^(db/connect|config)\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    only('workflows', [], 'Workflow code is deterministic and alone; what it needs of others is types.', {
      dependencyTypesNot: ['type-only'],
    }),
    only('activities', ['^services/', '^db/tables\\.ts$'], 'Activities are thin adapters to services.'),
    only('services', ['^db/tables\\.ts$'], 'Services know the tables and nothing above them.'),
    only('db', [], 'The database layer knows nobody.'),
    only(
      'worker',
      ['^activities/', '^services/', '^workflows/messages\\.ts$', '^db/', '^config\\.ts$'],
      'Workflows are loaded by path, never imported.',
    ),
    { name: 'no-circles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    {
      name: 'pure-workflows',
      severity: 'error',
      comment: 'The sandbox has no I/O and no clock of its own: only the SDK may be imported by value.',
      from: { path: '^workflows/' },
      to: { pathNot: ['^workflows/', '@temporalio/(workflow|common)'], dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: 'specify',
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.mjs', '.js'] },
  },
};
