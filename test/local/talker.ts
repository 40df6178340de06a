// For surroundings.test.ts: says lines for a while, then writes a file to show that it lived to the end, and ends as gateways do.
import { writeFileSync } from 'node:fs';
import { say, sleep } from '../../deploy/local/say.ts';
import { outliveReaders } from '../../deploy/local/surroundings.mjs';
import { createLog } from '../../log.ts';

const [file, guarded] = process.argv.slice(2);
if (guarded === 'guarded') outliveReaders();
const log = createLog('info', 'talker');
for (let i = 0; i < 20; i++) {
  console.log(`line ${i}`);
  say(`line ${i}`);
  log.info(`line ${i}`);
  await sleep(20);
}
writeFileSync(file!, 'lived');
process.exit();
