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

/** services/ is a ladder: a folder imports itself and those above it in this list. */
const LADDER = [
  'shared',
  'outbox',
  'accounts',
  'inventory',
  'external',
  'payments',
  'tickets',
  'orders',
  'waitlist',
  'events',
  'delivery',
  'reports',
];
const rung = (folder, at) => ({
  name: `services-ladder-${folder}`,
  severity: 'error',
  comment: `services/${folder} may import only ${LADDER.slice(0, at + 1).join(', ')}.`,
  from: { path: `^services/${folder}/` },
  to: { path: '^services/', pathNot: `^services/(${LADDER.slice(0, at + 1).join('|')})/` },
});

module.exports = {
  forbidden: [
    ...LADDER.map(rung),
    {
      name: 'services-have-a-rung',
      severity: 'error',
      comment: 'Every file of services/ stands in a folder of the ladder.',
      from: {},
      to: { path: '^services/', pathNot: `^services/(${LADDER.join('|')})/` },
    },
    {
      name: 'gateway-rooms-know-no-api',
      severity: 'error',
      comment: 'The frame, the reads, the engine and the pages serve every API, so they know none. Only compose.ts knows all of them.',
      from: { path: '^gateway/(http|reads|temporal|live|callbacks|pages)/' },
      to: { path: '^gateway/', pathNot: '^gateway/(http|reads|temporal|live|callbacks|pages)/|^gateway/deps\\.ts$' },
    },
    {
      name: 'apis-know-not-each-other',
      severity: 'error',
      comment: 'An API translates for itself; what two need belongs to the core or to the frame.',
      from: { path: '^gateway/(evently|easyticket|hackload|registrations|ticket-api|door)/' },
      to: { path: '^gateway/(evently|easyticket|hackload|registrations|ticket-api|door)/', pathNot: '^gateway/$1/' },
    },
    {
      name: 'who-imports-standins',
      severity: 'error',
      comment: 'Stand-ins play the world outside: only what runs a local stack, tests and benches may import them.',
      from: { pathNot: '^(standins|deploy/local|test|bench)/' },
      to: { path: '^standins/' },
    },
    {
      name: 'standins-are-alone',
      severity: 'error',
      comment: 'Stand-ins are servers of their own and know nothing of Billetter.',
      from: { path: '^standins/' },
      to: { path: '^([a-z]+/|[a-z]+\\.ts$)', pathNot: '^(standins|node_modules)/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'sdk-is-alone',
      severity: 'error',
      comment: 'Clients are for others: they have nothing of ours in them, and nothing of ours needs them.',
      from: { path: '^sdk/' },
      to: { path: '^([a-z]+/|[a-z]+\\.ts$)', pathNot: '^(sdk|node_modules)/', dependencyTypesNot: ['core'] },
    },
    {
      name: 'who-imports-sdk',
      severity: 'error',
      from: { pathNot: '^(sdk|test)/' },
      to: { path: '^sdk/' },
    },
    {
      name: 'gateway-talks-to-the-engine-in-one-room',
      severity: 'error',
      from: { path: '^gateway/', pathNot: '^gateway/temporal/' },
      to: { path: '@temporalio/' },
    },
    only(
      'deploy',
      ['^standins/', '^services/', '^db/', '^config\\.ts$', '^workflows/messages\\.ts$'],
      'What runs the system starts its processes by path; only the seed of the demo writes through services, and `npm run verify` reads.',
    ),
    {
      name: 'deploy-names-workflows-in-one-file',
      severity: 'error',
      comment: 'The net asks the engine which order workflows run, so it must know their names. Nothing else here does.',
      from: { path: '^deploy/', pathNot: '^deploy/orderWorkflows\\.ts$' },
      to: { path: '^workflows/' },
    },
    only(
      'gateway',
      ['^services/', '^workflows/messages\\.ts$', '^db/(tables|sqlstate)\\.ts$', '^config\\.ts$', '^db/(connect|letters)\\.ts$'],
      'The gateway speaks; it knows services and the names of workflows. Only its composition opens the database (see gateway-opens-db).',
    ),
    {
      name: 'gateway-opens-db',
      severity: 'error',
      from: { path: '^gateway/', pathNot: '^gateway/(main|compose)\\.ts$' },
      to: { path: '^(db/(connect|letters)|config)\\.ts$', dependencyTypesNot: ['type-only'] },
    },
    only('workflows', [], 'Workflow code is deterministic and alone; what it needs of others is types.', {
      dependencyTypesNot: ['type-only'],
    }),
    only('activities', ['^services/', '^db/tables\\.ts$'], 'Activities are thin adapters to services.'),
    only(
      'services',
      ['^db/(tables|sqlstate|prepared)\\.ts$'],
      'Services know the tables, how a statement is prepared, what database errors mean, and nothing above them.',
    ),
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
