// Carries out what the bank does on its own: late payments and late refunds, due times kept in the state file.
import { settleIntent } from './confirm.ts';
import { settleRefund } from './refunds.ts';
import type { Scene } from './scene.ts';

export interface Clock {
  wake(): void;
  close(): void;
}

export function startClock(scene: Scene, afterwards: () => void): Clock {
  const { store } = scene;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const wake = (): void => {
    clearTimeout(timer);
    if (closed || store.duties.size === 0) return;
    const now = Date.now();
    const due = [...store.duties.values()].filter((duty) => duty.at <= now);
    for (const duty of due) {
      if (duty.does === 'settle_intent') settleIntent(scene, store.intents.get(duty.id)!, duty.fails);
      else settleRefund(scene, store.refunds.get(duty.id)!, duty.fails);
    }
    if (due.length > 0) {
      store.commit();
      afterwards();
    }
    const next = Math.min(...[...store.duties.values()].map((duty) => duty.at));
    // A timer takes at most 24.8 days; a far-off duty is simply looked at again.
    if (Number.isFinite(next)) timer = setTimeout(wake, Math.min(Math.max(1, next - now), 2 ** 30));
  };
  return {
    wake,
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
