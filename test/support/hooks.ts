// Webhooks in tests: an organizer with an event, endpoints made by the service, and a receiver, which is a server with a state of its own.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Kysely } from 'kysely';
import { Webhook } from 'standardwebhooks';
import type { DB } from '../../db/tables.ts';
import * as endpoints from '../../services/delivery/webhookEndpoints.ts';
import { secretBox } from '../../services/delivery/webhookSecrets.ts';
import { type Announcement, announceTo, WEBHOOK_EVENTS, type WebhookEvent } from '../../services/outbox/announcements.ts';
import { person, show } from './made.ts';

/** How the tests' workers keep secrets, and where they may send to. */
export const keeping = { box: secretBox('a secret of the tests, 32 letters.'), reach: { local: true } };

/** A webhook as it came in. */
export type Hook = { id: string; at: Date; signature: string; body: string; headers: Record<string, string> };

type Answer = (response: ServerResponse, hook: Hook, request: IncomingMessage) => void;

export type Receiver = Awaited<ReturnType<typeof openReceiver>>;

/** A receiver on loopback that keeps what it got; `answer` may be changed at any time. */
export async function openReceiver(first: Answer = (response) => void response.writeHead(204).end()) {
  const state = { answer: first, got: [] as Hook[], open: 0, mostOpen: 0 };
  const server = createServer(async (request, response) => {
    state.open++;
    state.mostOpen = Math.max(state.mostOpen, state.open);
    response.on('close', () => state.open--);
    let body = '';
    for await (const part of request) body += part;
    const headers = request.headers as Record<string, string>;
    const hook = { id: headers['webhook-id']!, at: new Date(), signature: headers['webhook-signature']!, body, headers };
    state.got.push(hook);
    state.answer(response, hook, request);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return Object.assign(state, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook?key=x`,
    /** How often each webhook came. */
    counts() {
      const counts = new Map<string, number>();
      for (const { id } of state.got) counts.set(id, (counts.get(id) ?? 0) + 1);
      return counts;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  });
}

/** Whether the standard's own library takes the webhook with this secret. */
export function isSignedWith(secret: string, { body, headers }: Hook): boolean {
  try {
    new Webhook(secret).verify(body, headers);
    return true;
  } catch {
    return false;
  }
}

/** An organizer with an event. `box`: whose secrets the workers can open, where they are not the test's own. */
export async function organizer(db: Kysely<DB>, box = keeping.box) {
  const owner = await person(db, 'organizer');
  const event = await show(db);
  await db.updateTable('events').set({ organizer_id: owner.id }).where('id', '=', event.id).execute();

  return {
    owner,
    event: event.id,
    endpoint: (url: string, events: WebhookEvent[] = [...WEBHOOK_EVENTS]) =>
      endpoints.create(db, { ...keeping, box }, owner.id, `account/${owner.id}`, { url, events }),
    /** Announces so many registrations in one transaction. */
    announce: (n = 1, more: Partial<Announcement> = {}) =>
      db.transaction().execute((tx) =>
        announceTo(
          tx,
          event.id,
          Array.from({ length: n }, (_, i) => ({ ...registered(i + 1), ...more })),
        ),
      ),
  };
}

export const registered = (n: number): Announcement => ({
  event: 'registration.created',
  at: new Date('2026-11-26T10:30:00.123Z'),
  data: { registrationId: `reg-${n}`, participantId: `participant-${n}`, eventId: 'hackathon-2025', ticketType: 'standard' },
});

/** An endpoint's deliveries, oldest first. */
export const deliveriesOf = (db: Kysely<DB>, endpoint: string) =>
  db.selectFrom('webhook_deliveries').selectAll().where('endpoint_id', '=', endpoint).orderBy('created_at').orderBy('id').execute();
