// Draws a ticket's QR code and PDF. ticketFiles.ts stores the results. The page itself is ticket.typ, beside this file.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { NodeCompiler } from '@myriaddreamin/typst-ts-node-compiler';
import QRCode from 'qrcode';
import { breakable, longestPart, oneLine, readsFromRight } from '../shared/text.ts';
import { localTime } from '../shared/time.ts';

export type TicketFacts = {
  code: string;
  orderCode: string;
  eventName: string;
  venue: string | null;
  startsAt: Date;
  /** The venue's. */
  timeZone: string | null;
  offerName: string;
  /** null for an unnumbered place. */
  seat: { section: string; row: string; seat: string } | null;
  holderName: string | null;
  /** e.g. "500.00 USD" */
  price: string;
};

export type Documents = {
  /** The ticket's code as a PNG, 360 px wide, error correction M: read by a phone from a cracked screen. */
  qrPng(code: string): Promise<Buffer>;
  /** The same as an SVG of one path: sharp at any size. */
  qrSvg(code: string): string;
  /** One A6 page: event, place, holder, QR. Names of any script and length. 3 ms, in which nothing else of the process runs. */
  ticketPdf(ticket: TicketFacts): Promise<Buffer>;
};

/**
 * The fonts, in the order in which a letter is looked for, by package: Latin, Greek, Cyrillic, Devanagari; Arabic; Hebrew; Armenian;
 * Georgian; Thai; Bengali; Tamil; Chinese and Japanese; Korean; emoji in one colour. A letter of none of these is an empty box.
 * Of Arabic there are two: Noto draws letters and dots apart, which readers of PDFs give back doubled, Plex has fewer letters.
 */
const FONTS = {
  'noto-sans': 'Noto Sans',
  'ibm-plex-sans-arabic': 'IBM Plex Sans Arabic',
  'noto-sans-arabic': 'Noto Sans Arabic',
  'noto-sans-hebrew': 'Noto Sans Hebrew',
  'noto-sans-armenian': 'Noto Sans Armenian',
  'noto-sans-georgian': 'Noto Sans Georgian',
  'noto-sans-thai': 'Noto Sans Thai',
  'noto-sans-bengali': 'Noto Sans Bengali',
  'noto-sans-tamil': 'Noto Sans Tamil',
  'noto-sans-sc': 'Noto Sans SC',
  'nanum-gothic': 'NanumGothic',
  'noto-emoji': 'Noto Emoji',
};
/** Folders of a font's package; deploy/Dockerfile leaves out all other weights. */
const WEIGHTS = ['400Regular', '700Bold'];

/** After so many tickets the compiler forgets what it worked out for them: fonts and the page stay, names go. Forgetting takes half a millisecond. */
const REMEMBERED = 10;

/**
 * Every QR has this mask. A reader knows all eight; the best one is looked for where a code might look like the pattern of a corner, and ours
 * are signatures, as good as random. Looking for it takes ten times as long as the rest.
 */
const MASK = 2;
const QUALITY = { errorCorrectionLevel: 'M', maskPattern: MASK } as const;
/** The code's bytes as they are: no search for parts that could be packed tighter, which signatures have not. */
const whole = (code: string) => [{ data: Buffer.from(code), mode: 'byte' as const }];

/** Makes the one typesetter of a process; its fonts are read with the first ticket. */
export function createDocuments(): Documents {
  let typesetter: ReturnType<typeof openTypesetter> | undefined;
  let drawn = 0;
  return {
    qrPng: (code) => QRCode.toBuffer(whole(code), { ...QUALITY, width: 360, margin: 2 }),
    qrSvg,
    async ticketPdf(ticket) {
      typesetter ??= openTypesetter();
      const { compiler, page, facts } = await typesetter;
      compiler.mapShadow(facts, Buffer.from(JSON.stringify(shown(ticket))));
      const pdf = compiler.pdf({ mainFileContent: page });
      if (++drawn % REMEMBERED === 0) compiler.evictCache(1);
      return pdf;
    },
  };
}

/**
 * `facts`: the name of the file that the page reads, which is in memory only. Not the compiler's own way for facts (`inputs`), which makes its
 * library anew for each page (half a millisecond), and not within the page's text, of which it keeps every version (200 KB a ticket).
 */
async function openTypesetter(): Promise<{ compiler: NodeCompiler; page: string; facts: string }> {
  const { resolve } = createRequire(import.meta.url);
  const folders = Object.keys(FONTS).map((name) => dirname(resolve(`@expo-google-fonts/${name}/package.json`)));
  const [page, { NodeCompiler }] = await Promise.all([
    readFile(new URL('./ticket.typ', import.meta.url), 'utf8'),
    import('@myriaddreamin/typst-ts-node-compiler'),
  ]);
  const fontPaths = folders.flatMap((folder) => WEIGHTS.map((weight) => join(folder, weight)));
  const workspace = dirname(folders[0]!);
  return { compiler: NodeCompiler.create({ workspace, fontArgs: [{ fontPaths }] }), page, facts: join(workspace, 'ticket.json') };
}

/** What the page reads: each name in one line, its letters composed, with the direction it is read in. */
function shown(ticket: TicketFacts) {
  return {
    title: oneLine(`${ticket.eventName} - ${ticket.orderCode}`),
    fonts: Object.values(FONTS),
    event: named(ticket.eventName),
    when: localTime(ticket.startsAt, ticket.timeZone),
    venue: named(ticket.venue),
    section: named(ticket.seat?.section ?? null),
    row: ticket.seat && named(ticket.seat.row, NARROW),
    seat: ticket.seat && named(ticket.seat.seat, NARROW),
    offer: named(ticket.offerName),
    holder: named(ticket.holderName),
    price: named(ticket.price),
    order: named(ticket.orderCode),
    code: ticket.code,
    qr: qrSvg(ticket.code),
  };
}

/** The longest word that no line breaks, in letters: of a wide column, and of one for a seat's number. */
const WIDE = 24;
const NARROW = 6;

function named(name: string | null, longest = WIDE) {
  const text = breakable(oneLine(name ?? ''), longest);
  return { text, rtl: readsFromRight(text), widest: longestPart(text), ems: emsOf(text) };
}

/** The most that letters of ASCII are wide in the first font, in ems: the widest, digits, all others. */
const WIDE_EM = 1;
const DIGIT_EM = 0.58;
const OTHER_EM = 0.82;

/** The most that a text's line can be wide, in ems; null where only measuring tells. */
export function emsOf(text: string): number | null {
  if (!/^[ -~]*$/.test(text)) return null;
  const count = (letters: RegExp) => text.match(letters)?.length ?? 0;
  const [wide, digits] = [count(/[mMwW@%]/g), count(/\d/g)];
  return wide * WIDE_EM + digits * DIGIT_EM + (text.length - wide - digits) * OTHER_EM;
}

/** The QR as one path. Quiet zone of four modules, as the standard asks. */
function qrSvg(code: string): string {
  const { modules } = QRCode.create(whole(code), QUALITY);
  const quiet = 4;
  let path = '';
  for (let y = 0; y < modules.size; y++)
    for (let x = 0; x < modules.size; x++) {
      if (!modules.get(y, x)) continue;
      const from = x;
      while (x + 1 < modules.size && modules.get(y, x + 1)) x++;
      path += `M${quiet + from} ${quiet + y}h${x - from + 1}v1h-${x - from + 1}z`;
    }
  const side = modules.size + 2 * quiet;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${side} ${side}"><path d="${path}"/></svg>`;
}
