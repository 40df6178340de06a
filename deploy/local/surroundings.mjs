// What the shell that starts us may have set up, and must not hurt us. Plain JavaScript: bootstrap.mjs runs before anything is installed.

const LOOPBACK = ['localhost', '127.0.0.1', '::1'];

/**
 * Loopback never goes through a proxy: gRPC's client asks one for 127.0.0.1 too, and so does fetch with NODE_USE_ENV_PROXY. Calls to the world
 * go through it as the shell says. Both spellings are written, because each reader knows another one.
 */
export function directLoopback(env) {
  const proxied = ['http_proxy', 'https_proxy', 'grpc_proxy', 'all_proxy'].some((name) => env[name] || env[name.toUpperCase()]);
  if (!proxied) return;
  const given = [env.no_proxy, env.NO_PROXY, env.no_grpc_proxy]
    .filter(Boolean)
    .join(',')
    .split(',')
    .map((host) => host.trim());
  const all = [...new Set([...given.filter(Boolean), ...LOOPBACK])].join(',');
  Object.assign(env, { no_proxy: all, NO_PROXY: all });
  if (env.no_grpc_proxy) env.no_grpc_proxy = all;
}

/**
 * libpq's variables (PGSSLMODE, PGOPTIONS, PGPASSWORD) are read by our client too. They go with a server of the user's own, named by a URL;
 * the embedded one knows no TLS, and would be asked for it.
 */
export function forgetOthers(env) {
  if (env.DATABASE_URL || env.TEST_DATABASE_URL) return;
  for (const name of Object.keys(env)) if (/^PG[A-Z]/.test(name)) delete env[name];
}

/** Whoever reads our lines may go away (`| head`, a closed terminal), or have no room (`> /dev/full`): lines are lost then, and nothing else. */
export function outliveReaders() {
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
}
