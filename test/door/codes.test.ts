// Codes as a door without a network reads them: what services sign the page verifies, and nothing else.
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { expect, it } from 'vitest';
import { eventTag, looksLikeCode, readCode as readThere } from '../../gateway/door/app/codes.js';
import { readCode, signCode, signOrderCode } from '../../services/tickets/codes.ts';
import { publicKeys, ticketKeys } from '../../services/tickets/keys.ts';
import { signParticipantCode } from '../../services/tickets/participantCodes.ts';

const [OLD, NEW] = ['an older secret, long enough to be one', 'a newer secret, long enough to be one'];
const before = ticketKeys({ secret: OLD, former: [] });
const after = ticketKeys({ secret: NEW, former: [OLD] });
const eventId = randomUUID();
const id = randomUUID();
const ticket = { eventId, ticketId: id };

it('the page reads what services sign: of a ticket and of an order, and of which event', async () => {
  expect(await readThere(publicKeys(before), signCode(before, ticket))).toEqual({ kind: 'ticket', id, event: eventTag(eventId) });
  expect(await readThere(publicKeys(before), signOrderCode(before, { eventId, orderId: id }))).toEqual({
    kind: 'order',
    id,
    event: eventTag(eventId),
  });
  expect(readCode(before, signOrderCode(before, { eventId, orderId: id }))).toEqual({ orderId: id });
});

it('fits the smallest QR that was meant for it: 122 characters', () => {
  expect(signCode(before, ticket)).toMatch(/^BT2\.[\w-]{118}$/);
});

it('keys rotate: what the former signed is good as well, what the new one signs is not for who knows the old alone', async () => {
  const [old, fresh] = [signCode(before, ticket), signCode(after, ticket)];
  expect(fresh).not.toBe(old);
  for (const code of [old, fresh]) {
    expect(readCode(after, code)).toEqual({ ticketId: id });
    expect(await readThere(publicKeys(after), code)).toMatchObject({ id });
  }
  expect(readCode(before, fresh)).toBeUndefined();
  expect(await readThere(publicKeys(before), fresh)).toBeUndefined();
  expect(() => ticketKeys({ secret: OLD, former: [OLD] })).toThrow(/same id/);
});

it('no other text is a code: changed anywhere, of another kind, signed by somebody else, written in another way', async () => {
  const code = signCode(before, ticket);
  const body = Buffer.from(code.slice(4), 'base64url');
  const changed = [...body.keys()].map((i) => {
    const other = Buffer.from(body);
    other[i]! ^= 1;
    return `BT2.${other.toString('base64url')}`;
  });
  const { privateKey } = generateKeyPairSync('ed25519');
  const forged = Buffer.concat([
    body.subarray(0, 24),
    sign(null, Buffer.concat([Buffer.from('ticket:'), body.subarray(0, 24)]), privateKey),
  ]);
  const last = code.at(-1)!;
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const twin = code.slice(0, -1) + alphabet[alphabet.indexOf(last) ^ 1];
  const wrong = [
    ...changed,
    code.replace('BT2', 'BO2'),
    `BT2.${forged.toString('base64url')}`,
    twin,
    `${code}=`,
    `${code}A`,
    code.slice(0, -1),
    '',
    'BT2.',
    'x'.repeat(10_000),
  ];
  for (const text of wrong) {
    expect(readCode(before, text), text).toBeUndefined();
    expect(await readThere(publicKeys(before), text), text).toBeUndefined();
  }
});

it('is read as a scanner hands it over: blanks, line ends and a byte order mark around it are cut off', async () => {
  const scanned = `\uFEFF  ${signCode(before, ticket)}\r\n`;
  expect(readCode(before, scanned)).toEqual({ ticketId: id });
  expect(await readThere(publicKeys(before), scanned)).toMatchObject({ id });
});

it("a participant's code is genuine or not, and named by its digest: who it is of, only the gateway reads", async () => {
  for (const event of ['hack-night', 'nuit-d-été-2026', '夜']) {
    const code = signParticipantCode(before, { ticketId: id, event, participant: 'p-1', issuedAt: new Date() });
    expect(looksLikeCode(code)).toBe(true);
    expect(readCode(before, code)).toEqual({ ticketId: id });
    expect(await readThere(publicKeys(before), ` ${code}\n`)).toEqual({
      kind: 'participant',
      id: createHash('sha256').update(code).digest('hex').slice(0, 32),
    });

    const [slug, who, time, checksum] = code.split(':') as [string, string, string, string];
    for (const wrong of [
      `x${code}`,
      [slug, who, Number(time) + 1, checksum].join(':'),
      [slug, `${who.slice(0, -2)}AA`, time, checksum].join(':'),
      [slug, who, time, `${checksum.slice(0, -4)}AAAA`].join(':'),
      [slug, who, time].join(':'),
    ]) {
      expect(readCode(before, wrong), wrong).toBeUndefined();
      expect(await readThere(publicKeys(before), wrong), wrong).toBeUndefined();
    }
    expect(await readThere(publicKeys(ticketKeys({ secret: NEW, former: [] })), code)).toBeUndefined();
  }
});

it.each(['not base64url', 'AAAA', ''])('a key that is none (%j) verifies nothing', async (x) => {
  const { kid } = before.current;
  expect(await readThere([{ kid, x }], signCode(before, ticket))).toBeUndefined();
});
