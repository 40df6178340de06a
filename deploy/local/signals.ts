// Ctrl-C, kill and the end of the parent, told apart from their echoes.

/**
 * Calls `first` at the first wish to stop and `second` at a later one. One Ctrl-C arrives up to three times (from the terminal, from npm, from
 * bootstrap.mjs), all within moments: those are one wish. The end of bootstrap.mjs, seen at the IPC channel, is a wish to stop too.
 */
export function onStop(first: (signal: string) => void, second: () => void): void {
  let since = 0;
  const wish = (signal: string) => {
    if (!since) {
      since = Date.now();
      first(signal);
    } else if (Date.now() - since > 700) second();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => wish(signal));
  process.on('disconnect', () => wish('parent gone'));
  process.channel?.unref(); // the channel alone must not keep this process alive
}
