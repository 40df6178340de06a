// What a scrape asks of the database, and how often.
import { afterEach, expect, test, vi } from 'vitest';
import { createMetrics } from '../../gateway/http/operate/metrics.ts';

afterEach(() => vi.useRealTimers());

test('orders are counted once in ten seconds, and so seldom that it takes a hundredth of the time at most', async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  let took = 0;
  let counted = 0;
  const metrics = createMetrics({
    async ordersByStatus() {
      vi.setSystemTime(Date.now() + took);
      return [{ status: 'confirmed', count: ++counted }];
    },
    outboxLag: async () => ({ rows: 0, seconds: 0 }),
    failedRefunds: async () => 0,
    mails: async () => ({ refused: 0, waiting: 0 }),
  });
  const after = async (seconds: number) => {
    vi.setSystemTime(Date.now() + seconds * 1000);
    await metrics.render();
    return counted;
  };

  expect([await after(0), await after(9), await after(2)]).toEqual([1, 1, 2]);
  took = 1000;
  expect(await after(11)).toBe(3);
  expect([await after(60), await after(38), await after(2)]).toEqual([3, 3, 4]);
});
