// The AsyncAPI 3 document of live seats, made from the schemas that the gateway speaks.
import { z } from 'zod';
import type { Config } from '../../config.ts';
import { pascal } from '../http/docs/names.ts';
import { publisher } from '../http/docs/publisher.ts';
import { MAX_MESSAGE_BYTES } from './messages.ts';
import { PING_MS } from './server.ts';
import { CLOSE, CLOSE_MEANS, FROM_CLIENT, FROM_GATEWAY } from './shapes.ts';
import { BURST, MAX_FAULTS, MAX_SUBSCRIPTIONS, PER_SECOND } from './socket.ts';

/** Where seats are followed; the gateway's own pattern is in server.ts. */
const ADDRESS = '/ws/events/{event_id}';
const CHANNEL = 'liveSeats';

type Schemas = Record<string, z.ZodType>;

/** Builds the document for the gateway that buyers reach at `publicUrl`. */
export function liveSeatsDocument(config: Config) {
  const { contact, license } = publisher(config);
  const { publicUrl } = config.http;
  const messages = { ...written(FROM_CLIENT, 'input'), ...written(FROM_GATEWAY, 'output') };
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Live seats',
      version: '1.0.0',
      description: describe(config),
      contact,
      license,
      tags: [{ name: 'Events', description: 'Which seats are free, as it changes.' }],
    },
    defaultContentType: 'application/json',
    servers: {
      gateway: {
        host: new URL(publicUrl).host,
        protocol: publicUrl.startsWith('https:') ? 'wss' : 'ws',
        description: config.production ? 'Production' : 'Development',
      },
    },
    channels: {
      [CHANNEL]: {
        address: ADDRESS,
        title: 'Live seats of an event',
        description: 'One connection may follow several events; that of the address must exist. Messages are JSON in text frames.',
        servers: [{ $ref: '#/servers/gateway' }],
        parameters: { event_id: { description: "The event's id or slug.", examples: ['summer-music-festival'] } },
        messages: Object.fromEntries(Object.keys(messages).map((name) => [name, { $ref: `#/components/messages/${name}` }])),
        bindings: { ws: { method: 'GET', bindingVersion: '0.1.0' } },
        'x-close-codes': closeCodes(),
      },
    },
    operations: {
      subscribe: receives('subscribe', 'Follow an event, from now or from a `seq`.', ['snapshot', 'resumed', 'error']),
      unsubscribe: receives('unsubscribe', 'Follow an event no longer.', ['unsubscribed', 'error']),
      ping: receives('ping', 'Ask whether the gateway is there.', ['pong', 'error']),
      updateSeats: {
        action: 'send',
        channel: { $ref: `#/channels/${CHANNEL}` },
        summary: 'What changes in the events that are followed, and a new snapshot when the seats of one are replaced.',
        messages: ['seat_update', 'snapshot', 'error'].map(inChannel),
      },
    },
    components: { messages },
  };
}

const inChannel = (name: string) => ({ $ref: `#/channels/${CHANNEL}/messages/${name}` });

/** What the gateway takes, and how it answers. */
const receives = (name: string, summary: string, replies: string[]) => ({
  action: 'receive',
  channel: { $ref: `#/channels/${CHANNEL}` },
  summary,
  messages: [inChannel(name)],
  reply: { channel: { $ref: `#/channels/${CHANNEL}` }, messages: replies.map(inChannel) },
});

function written(schemas: Schemas, io: 'input' | 'output') {
  const one = (name: string, schema: z.ZodType) => {
    const { $schema: _, title, description, ...payload } = z.toJSONSchema(schema, { target: 'draft-7', io });
    return { name, title, summary: description, payload: { $id: pascal(name), ...payload } };
  };
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, one(name, schema)]));
}

const closeCodes = () =>
  (Object.keys(CLOSE) as (keyof typeof CLOSE)[]).map((name) => ({ code: CLOSE[name], description: CLOSE_MEANS[name] }));

function describe({ live, rateLimits }: Config): string {
  const perAddress = rateLimits ? ` At most ${live.socketsPerAddress} connections per address.` : '';
  return `Connect, subscribe, and take the messages in their order. Nobody has to sign in: what is told is what \`GET /api/v1/events/{id}/seats\` shows.

**Subscribe.** A snapshot names every seat that is held or booked; all others are available. After it each change is a seat_update. A seat is \`held\` while somebody pays for it or it is for the waitlist, and \`booked\` when it is sold.

**Resume.** Keep the \`seq\` of the last message and send it as \`after\` when you subscribe again, at any gateway and for as long as ten minutes: \`resumed\` comes, then what you missed. After longer, or when seats were replaced, a snapshot comes instead. \`X-Seats-Seq\` of the HTTP answer is the same number.

**Alive.** The gateway sends a WebSocket ping every ${PING_MS / 1000} s and drops a connection that has not answered the one before; browsers answer by themselves. \`{"action":"ping"}\` is for programs that want to ask.

**Origins.** Pages of the gateway's own address, of the sites in \`LIVE_ORIGINS\`, and programs, which send no Origin. Others get 403.

**Limits.** Messages of ${MAX_MESSAGE_BYTES} bytes; ${BURST} messages at once and ${PER_SECOND} a second after that; ${MAX_FAULTS} faulty ones; ${MAX_SUBSCRIPTIONS} events on a connection.${perAddress} A handshake beyond them gets 429, or 503 when the gateway is full. Who leaves more than ${live.bufferBytes} bytes unread is closed with ${CLOSE.tryAgain}.

**Close codes.** ${closeCodes()
    .map(({ code, description }) => `${code}: ${description}`)
    .join(' ')} 1006, a connection that broke: connect again and resume.`;
}
