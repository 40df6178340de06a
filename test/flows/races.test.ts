// 200 buyers, one seat: one wins. And the proof that this test can fail: with the guard taken out of the claim, more than one does.
import { beforeAll, describe, expect, inject, test } from 'vitest';
import { freePort } from '../../deploy/local/ports.ts';
import { baseEnv, startProcess } from '../../deploy/local/processes.ts';
import { type Answer, buyer, call, type Person, show } from '../support/client.ts';

const stack = inject('stack');
const url = stack.gatewayUrl;
let people: Person[];

beforeAll(async () => {
  people = [];
  for (let i = 0; i < 20; i++) people.push(await buyer(url));
});

/** 200 requests at once, ten for each of twenty people, all for the same seat. */
async function stampede(gateway: string): Promise<Answer[]> {
  const event = await show(url, { seats: 2 });
  return Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      call(gateway, 'POST', '/api/v1/bookings', {
        token: people[i % people.length]!.token,
        body: { event_id: event.id, seat_ids: [event.seats[0]] },
      }),
    ),
  );
}

describe('200 buyers for one seat', () => {
  test('one 201, 199 times 409 BOOKING_SEATS_UNAVAILABLE', async () => {
    const answers = await stampede(url);
    expect(answers.filter((a) => a.status === 201)).toHaveLength(1);
    expect(answers.filter((a) => a.status === 409 && a.body.error.code === 'BOOKING_SEATS_UNAVAILABLE')).toHaveLength(199);
  });

  test('the same seats asked for in both directions: never a deadlock, never a seat twice', async () => {
    const event = await show(url, { seats: 6 });
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        call(url, 'POST', '/api/v1/bookings', {
          token: people[i % people.length]!.token,
          body: { event_id: event.id, seat_ids: i % 2 ? event.seats : [...event.seats].reverse() },
        }),
      ),
    );
    expect(answers.filter((a) => a.status === 201)).toHaveLength(1);
    expect(answers.filter((a) => a.status === 409)).toHaveLength(99);
  });

  test('without the guard the same race sells the seat more than once: the test above can fail', async () => {
    const port = await freePort();
    const unguarded = await startProcess({
      name: 'gateway-unguarded',
      command: process.execPath,
      args: ['--import', 'tsx', 'gateway/main.ts'],
      env: { ...baseEnv(), ...stack.env, PORT: String(port), CLAIM_GUARD: 'off' },
      logFile: '/dev/null',
      ready: `http://127.0.0.1:${port}/readyz`,
      readyMs: 60_000,
    });
    try {
      const answers = await stampede(`http://127.0.0.1:${port}`);
      expect(answers.filter((a) => a.status === 201).length).toBeGreaterThan(1);
    } finally {
      await unguarded.stop();
    }
  });
});
