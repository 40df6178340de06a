// Saved workflow histories: what running orders look like to a new version of the code. replay.test.ts replays them all.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporal } from '@temporalio/proto';

// Protobuf as the server sends it: the SDK's own JSON conversion fails on the protobufjs this tree resolves to.
const { History } = temporal.api.history.v1;
const FOLDER = join(import.meta.dirname, '../histories');

/** Keeps one history under a file name made from its branch. */
export function saveHistory(name: string, history: temporal.api.history.v1.IHistory): void {
  mkdirSync(FOLDER, { recursive: true });
  const file = `${name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 80)}.pb`;
  writeFileSync(join(FOLDER, file), History.encode(history).finish());
}

/** Every saved history by name. */
export function savedHistories(): { name: string; history: temporal.api.history.v1.History }[] {
  return readdirSync(FOLDER)
    .filter((f) => f.endsWith('.pb'))
    .map((f) => ({ name: f.replace(/\.pb$/, ''), history: History.decode(readFileSync(join(FOLDER, f))) }));
}
