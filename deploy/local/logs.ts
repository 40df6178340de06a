// The log files of child processes: opened for appending, read from the end.
import { mkdirSync, openSync, renameSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Opens a log for appending; one that has grown past 20 MB is put aside first, so that a stack kept for months does not fill the disk. */
export function openLog(file: string): { fd: number; size: number } {
  mkdirSync(dirname(file), { recursive: true });
  if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > 20_000_000) renameSync(file, `${file}.old`);
  return { fd: openSync(file, 'a'), size: statSync(file).size };
}

/** The last lines a process wrote, at most `max`, from byte `from` of its log on. */
export async function tail(file: string, from = 0, max = 15): Promise<string> {
  const handle = await open(file).catch(() => undefined);
  if (!handle) return '  (no log)';
  try {
    const { size } = await handle.stat();
    const start = Math.max(Math.min(from, size), size - 16_384);
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - start), 0, size - start, start);
    const lines = buffer.subarray(0, bytesRead).toString().trimEnd().split('\n').slice(-max);
    return lines.map((line) => `  ${line}`).join('\n');
  } finally {
    await handle.close();
  }
}
