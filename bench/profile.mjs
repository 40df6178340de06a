// Loaded into gateway and worker by `--profile` (node refuses --cpu-prof in NODE_OPTIONS): SIGUSR2 begins a CPU profile, and ends it again.
import { writeFileSync } from 'node:fs';
import { Session } from 'node:inspector';
import { basename, join } from 'node:path';
import { isMainThread, threadId } from 'node:worker_threads';

const session = new Session();
session.connect();
session.post('Profiler.enable');
session.post('Profiler.setSamplingInterval', { interval: 500 });
let on = false;
let round = 0;

function begin() {
  session.post('Profiler.start');
  on = true;
}

function end() {
  on = false;
  session.post('Profiler.stop', (error, result) => {
    if (error) return;
    const who = `${basename(process.argv[1] ?? 'node', '.ts')}-${basename(join(process.argv[1] ?? '', '..'))}`;
    const name = `${who}${isMainThread ? '' : `-thread${threadId}`}-${++round}.cpuprofile`;
    writeFileSync(join(process.env.BENCH_PROFILE, name), JSON.stringify(result.profile));
  });
}

// A thread hears no signals: the main thread tells it.
const toThreads = new BroadcastChannel('bench-profile');
const toggle = () => (on ? end() : begin());
if (isMainThread)
  process.on('SIGUSR2', () => {
    toggle();
    toThreads.postMessage('toggle');
  });
else toThreads.onmessage = toggle;
toThreads.unref();
