// Tickets as pages: every name readable in its own script, one page however long they are, and a code that a camera reads.
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler';
import { expect, it } from 'vitest';
import { signCode } from '../../services/tickets/codes.ts';
import { createDocuments, emsOf, type TicketFacts } from '../../services/tickets/documents.ts';
import { signParticipantCode } from '../../services/tickets/participantCodes.ts';
import { look } from '../support/pdf.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';

const documents = createDocuments();
const ticket: TicketFacts = {
  code: signCode(TICKET_KEYS, { eventId: '550e8400-e29b-41d4-a716-446655440002', ticketId: '550e8400-e29b-41d4-a716-446655440001' }),
  orderCode: 'EVT2026112500012',
  eventName: 'Summer Music Festival',
  venue: 'Central Park Arena',
  startsAt: new Date('2026-12-12T18:30:00Z'),
  timeZone: 'Europe/Copenhagen',
  offerName: 'Gold',
  seat: { section: 'Balcony', row: 'AA', seat: '112' },
  holderName: 'Anna Berg',
  price: '500.00 USD',
};
const seen = async (facts: Partial<TicketFacts>) => look(await documents.ticketPdf({ ...ticket, ...facts }));

it('has the event, its time where it is, the place, the holder, the price, the order and the code', async () => {
  const { text, code, pages } = await seen({});
  for (const said of [
    'Summer Music Festival',
    'Sat 12 Dec 2026, 19:30 CET',
    'Central Park Arena',
    'Balcony',
    'AA',
    '112',
    'Gold',
    'Anna Berg',
    '500.00 USD',
    'EVT2026112500012',
  ])
    expect(text).toContain(said);
  // The code is longer than a line.
  expect(text.replaceAll(' ', '')).toContain(ticket.code);
  expect([pages, code]).toEqual([1, ticket.code]);
});

it('its title, for who has several of them open, says the event and the order', async () => {
  const pdf = await documents.ticketPdf(ticket);
  expect(pdf.toString('latin1')).toContain(`/Title (Summer Music Festival - ${ticket.orderCode})`);
});

it.each(['regular', 'bold'])('no letter of the %s font is wider than the page counts on where it does not measure', (weight) => {
  const fonts = dirname(createRequire(import.meta.url).resolve('@expo-google-fonts/noto-sans/package.json'));
  const compiler = NodeCompiler.create({ workspace: fonts, fontArgs: [{ fontPaths: [fonts] }] });
  const letters = Array.from({ length: 127 - 32 }, (_, i) => String.fromCharCode(32 + i));
  const width = `measure(text(font: "Noto Sans", weight: "${weight}", size: 100pt, letter + letter)).width / 200pt`;
  const mainFileContent = `#context [#metadata(json(bytes(${JSON.stringify(JSON.stringify(letters))})).map(letter => ${width})) <widths>]`;
  const [widths] = compiler.query({ mainFileContent }, { selector: '<widths>', field: 'value' }) as number[][];
  const tooWide = letters.filter((letter, i) => widths![i]! > emsOf(letter)!);
  expect([widths!.length, tooWide]).toEqual([95, []]);
  expect(widths![letters.indexOf('W')]).toBeGreaterThan(0.9); // it is this font that was measured
  expect(emsOf('é')).toBeNull();
});

it('without a seat it names the ticket; without a zone the time is UTC; without a venue or holder there is none', async () => {
  const { text, code } = await seen({ seat: null, offerName: 'General admission', timeZone: null, venue: null, holderName: null });
  expect(text).toContain('General admission');
  expect(text).toContain('Sat 12 Dec 2026, 18:30 UTC');
  expect(text).not.toContain('ROW');
  expect(code).toBe(ticket.code);
});

it.each([
  'Łukasz Wiśniewski',
  'Владимир Иванов',
  'Әсел Нұрғалиқызы',
  '王小明',
  'محمد عبد الله',
  'דוד כהן',
  'Zoë O’Brien',
  'Anna – Berta',
  'Ελένη Παπαδοπούλου',
  'Nguyễn Thị Hồng',
  'नया साल',
  '田中さくら',
  '김민준',
  'สมชาย',
  'გიორგი',
  'Հայկ',
  'কলকাতা',
  'சென்னை',
  'Party 🎉 2026',
])('"%s" is on it, as the holder and as the event', async (name) => {
  const { text, code, pages } = await seen({ eventName: name, holderName: name });
  expect(text.split(name)).toHaveLength(3);
  expect([pages, code]).toEqual([1, ticket.code]);
});

it('a name from right to left stands at the right, and its full stop at its left end', async () => {
  const [ground, name] = [await seen({ eventName: '' }), await seen({ eventName: 'דוד דוד.' })];
  const column = (left: number, right: number) => Math.round(name.bright(left, 11, right, 21) - ground.bright(left, 11, right, 21));
  expect(column(8, 50)).toBe(0);
  expect(column(85, 97)).toBeGreaterThan(0);
  const other = await seen({ eventName: 'דוד דוד' });
  expect(other.bright(92, 11, 97, 21)).toBeCloseTo(name.bright(92, 11, 97, 21), 2); // the first letters are where they were
  expect((await seen({ eventName: 'David' })).bright(8, 11, 30, 21)).toBeGreaterThan(ground.bright(8, 11, 30, 21));
});

it('decomposed accents are composed', async () => {
  const { text } = await seen({ holderName: 'Zoe\u0308 Me\u0301ndez' });
  expect(text).toContain('Zoë Méndez');
});

it('text is never markup', async () => {
  const name = '#strong[*a*] $x^2$ \\ "q" <label> @ref // c /* d */ = h';
  expect((await seen({ eventName: name })).text).toContain(name);
});

it('line breaks and control characters become blanks; letters of no font leave the rest as it is', async () => {
  const { text, code, pages } = await seen({ eventName: 'Night\r\n\tof\u0007 jazz', holderName: 'ᚠᚢᚦ Anna 𓀀' });
  expect(text).toContain('Night of jazz');
  expect(text).toContain('Anna');
  expect([pages, code]).toEqual([1, ticket.code]);
});

const long = (piece: string, letters: number) => piece.repeat(letters).slice(0, letters);

it.each([
  ['words', 'Lorem ipsum dolor '],
  ['one word of wide letters', 'W'],
  ['Cyrillic', 'Владимир '],
  ['Arabic', 'محمد '],
  ['Arabic in one word', 'محمد'],
  ['Chinese', '王小明'],
  ['blanks between each', 'W '],
  ['flags', '🇩🇰'],
])('event 200, section 100, buyer 200 letters (%s): one page, the code is read, the seat is there', async (_, piece) => {
  const facts = {
    eventName: long(piece, 200),
    venue: long(piece, 200),
    offerName: long(piece, 100),
    holderName: long(piece, 200),
    seat: { section: long(piece, 100), row: 'AA', seat: '112' },
  };
  const { text, code, pages } = await seen(facts);
  expect([pages, code]).toEqual([1, ticket.code]);
  for (const said of ['19:30 CET', 'AA', '112', '500.00 USD', ticket.orderCode]) expect(text).toContain(said);
  const longRow = await seen({ ...facts, seat: { section: long(piece, 100), row: long(piece, 50), seat: long(piece, 50) } });
  expect([longRow.pages, longRow.code]).toEqual([1, ticket.code]);
});

it('what does not fit ends in an ellipsis', async () => {
  expect((await seen({ holderName: long('Anna Berg ', 200) })).text).toMatch(/Anna Berg Anna.*…/);
});

it('has the code of a participant whose event has a long name, in a picture that a camera reads', async () => {
  const code = signParticipantCode(TICKET_KEYS, {
    ...{ ticketId: '550e8400-e29b-41d4-a716-446655440001', event: `hackathon-${'x'.repeat(50)}` },
    ...{ participant: 'p'.repeat(100), issuedAt: new Date('2026-11-26T12:00:00Z') },
  });
  const drawn = await seen({ code });
  expect([drawn.pages, drawn.code]).toEqual([1, code]);
});

it('what was drawn is forgotten: a thousand tickets leave no more memory in use than a hundred', async () => {
  const draw = async (from: number, to: number) => {
    for (let i = from; i < to; i++) {
      await documents.ticketPdf({ ...ticket, code: `${ticket.code.slice(0, -5)}${i}`, holderName: `Buyer ${i}`, orderCode: `EVT${i}` });
      if (i % 20 === 0) await setImmediate(); // the pages given back are freed by the event loop
    }
    return process.memoryUsage().rss / 2 ** 20;
  };
  const few = await draw(10_000, 10_100);
  expect((await draw(10_100, 11_100)) - few).toBeLessThan(40); // MB; 3 as it is, 98 with the facts in the page's text
}, 60_000);
