// 200 buyers, one seat: one wins. That this can fail is shown in test/services/claimRace.test.ts, where the claim's own text loses its guard.
import { beforeAll, describe, expect, inject, test } from 'vitest';
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
});
