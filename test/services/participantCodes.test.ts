// Codes of participants' tickets: what they show and hide, and that nobody else can make or change one.
import { createPublicKey, randomUUID, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readCode } from '../../services/tickets/codes.ts';
import { publicKeys, type TicketKeys, ticketKeys } from '../../services/tickets/keys.ts';
import { type ParticipantTicket, readParticipantCode, signParticipantCode } from '../../services/tickets/participantCodes.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';

const ticket: ParticipantTicket = {
  ticketId: randomUUID(),
  event: 'hackathon-2025',
  participant: 'participant-123',
  issuedAt: new Date('2025-01-15T10:30:00Z'),
};
const code = signParticipantCode(TICKET_KEYS, ticket);
const parts = code.split(':') as [string, string, string, string];
const with_ = (at: number, part: string) => parts.map((old, i) => (i === at ? part : old)).join(':');

describe('a code', () => {
  it("has the seed's four parts: the event and the time in the clear, the participant only for who has the secret", () => {
    expect(parts).toHaveLength(4);
    expect([parts[0], parts[2]]).toEqual(['hackathon-2025', '1736937000']);
    expect(readParticipantCode(TICKET_KEYS, code)).toEqual(ticket);
    expect(readCode(TICKET_KEYS, ` ${code}\r\n`)).toEqual({ ticketId: ticket.ticketId });

    const hidden = Buffer.from(parts[1], 'base64url').toString('latin1');
    for (const shown of [code, hidden]) {
      expect(shown).not.toContain('participant');
      expect(shown).not.toContain('123');
    }
    expect(hidden).not.toContain(Buffer.from(ticket.ticketId.replaceAll('-', ''), 'hex').toString('latin1'));
  });

  it('is the same whenever it is made, and of another ticket of the same participant another one in every byte that hides', () => {
    expect(signParticipantCode(TICKET_KEYS, ticket)).toBe(code);
    const other = signParticipantCode(TICKET_KEYS, { ...ticket, ticketId: randomUUID() }).split(':')[1]!;
    expect(other.slice(-10)).not.toBe(parts[1].slice(-10));
  });

  it('is verified with the public key alone', () => {
    const text = code.slice(0, code.lastIndexOf(':'));
    const checksum = Buffer.from(parts[3], 'base64url');
    const { kid, use: _, ...key } = publicKeys(TICKET_KEYS).find((one) => one.kid === checksum.subarray(0, 2).toString('hex'))!;
    const said = Buffer.concat([Buffer.from('participant:'), Buffer.from(kid, 'hex'), Buffer.from(text)]);
    const genuine = (bytes: Buffer) => verify(null, bytes, createPublicKey({ key, format: 'jwk' }), checksum.subarray(2));
    expect(genuine(said)).toBe(true);
    expect(genuine(Buffer.concat([said, Buffer.from('0')]))).toBe(false);
  });

  it.each([
    ['a participant of any script', 'participant-Łódź-参加者-👩‍💻', 'hackathon-2025'],
    ['an event of any script', 'p-1', 'хакатон-2025'],
    ['a participant of one letter', 'p', 'h'],
    ['colons in the id of a participant', 'team:7:1', 'hackathon-2025'],
  ])('says %s', (_, participant, event) => {
    const made = signParticipantCode(TICKET_KEYS, { ...ticket, participant, event });
    expect(made).toMatch(/^[\x21-\x7e]+$/);
    expect(readParticipantCode(TICKET_KEYS, made)).toEqual({ ...ticket, participant, event });
  });

  it('says of a long id its beginning, in whole characters, and still names its ticket', () => {
    const read = readParticipantCode(TICKET_KEYS, signParticipantCode(TICKET_KEYS, { ...ticket, participant: '参'.repeat(200) }));
    expect(read).toEqual({ ...ticket, participant: '参'.repeat(21) });
  });
});

describe('a code is refused', () => {
  const flipped = (text: string, at: number) => text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1);

  it.each([
    ['another event', with_(0, 'hackathon-2026')],
    ['the event in other letters', with_(0, 'Hackathon-2025')],
    ['another time', with_(2, '1736937001')],
    ['the same time written otherwise', with_(2, '01736937000')],
    ['no checksum', parts.slice(0, 3).join(':')],
    ['an empty checksum', with_(3, '')],
    ["the seed's own example", 'hackathon-2025:participant-123:1642176000:abc123'],
    ['a part more', `${code}:1`],
    ['a blank in it', code.replace(':', ' :')],
    ['the participant padded', with_(1, `${parts[1]}=`)],
    ['nothing', ''],
  ])('with %s', (_, forged) => {
    expect(readCode(TICKET_KEYS, forged)).toBeUndefined();
  });

  it('with any character of the participant or of the checksum changed', () => {
    for (const part of [1, 3] as const)
      for (let at = 0; at < parts[part].length; at++) {
        const forged = with_(part, flipped(parts[part], at));
        expect([part, at, readParticipantCode(TICKET_KEYS, forged)]).toEqual([part, at, undefined]);
      }
  });

  it('with the participant of another genuine code', () => {
    const other = signParticipantCode(TICKET_KEYS, { ...ticket, ticketId: randomUUID() }).split(':');
    expect(readCode(TICKET_KEYS, with_(1, other[1]!))).toBeUndefined();
    expect(readCode(TICKET_KEYS, with_(3, other[3]!))).toBeUndefined();
  });

  it('signed by a key that is not of the house, whatever it says its id is', () => {
    const stranger = ticketKeys({ secret: 's'.repeat(32), former: [] });
    expect(readCode(TICKET_KEYS, signParticipantCode(stranger, ticket))).toBeUndefined();
    const posing: TicketKeys = { ...TICKET_KEYS, current: { ...stranger.current, id: TICKET_KEYS.current.id } };
    expect(readCode(TICKET_KEYS, signParticipantCode(posing, ticket))).toBeUndefined();
  });

  it('signed by the house over a participant that was encrypted with another secret', () => {
    const mixed: TicketKeys = { ...TICKET_KEYS, secrets: ['s'.repeat(32)] };
    expect(readCode(TICKET_KEYS, signParticipantCode(mixed, ticket))).toBeUndefined();
  });
});

describe('when the secret is replaced', () => {
  const rotated = ticketKeys({ secret: 'y'.repeat(32), former: ['x'.repeat(32)] });

  it('codes made before are read as long as the former secret is listed, and new ones are made with the new one', () => {
    expect(readParticipantCode(rotated, code)).toEqual(ticket);
    const made = signParticipantCode(rotated, ticket);
    expect(made.split(':')[1]).not.toBe(parts[1]);
    expect(readParticipantCode(rotated, made)).toEqual(ticket);
    expect(readCode(TICKET_KEYS, made)).toBeUndefined();
    expect(readCode(ticketKeys({ secret: 'y'.repeat(32), former: [] }), code)).toBeUndefined();
  });
});
