// Draws a ticket's QR code and PDF. Pure functions of their input; ticketFiles.ts stores the results.
import PDFDocument from 'pdfkit';
import QRCode from 'qrcode';
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
  /** e.g. "VIP, row A, seat 1"; null for an unnumbered place. */
  seat: string | null;
  holderName: string | null;
  /** e.g. "500.00 USD" */
  price: string;
};

/** The ticket's code as a PNG, 360 px wide, error correction M: read by a phone from a cracked screen. */
export function qrPng(code: string): Promise<Buffer> {
  return QRCode.toBuffer(code, { width: 360, margin: 2, errorCorrectionLevel: 'M' });
}

/** One A6 page: event, place, holder, QR. */
export async function ticketPdf(ticket: TicketFacts): Promise<Buffer> {
  const doc = new PDFDocument({
    size: 'A6',
    margin: 24,
    info: { Title: `${ticket.eventName} - ${ticket.orderCode}`, Author: 'Billetter' },
  });
  const chunks: Buffer[] = [];
  doc.on('data', (chunk: Buffer) => chunks.push(chunk));
  const finished = new Promise<void>((resolve, reject) => doc.on('end', resolve).on('error', reject));

  doc.rect(0, 0, doc.page.width, 8).fill('#4338ca');
  doc.fillColor('#111827').font('Helvetica-Bold').fontSize(16).text(printable(ticket.eventName), 24, 24);
  doc.font('Helvetica').fontSize(9).fillColor('#4b5563');
  doc.text(localTime(ticket.startsAt, ticket.timeZone));
  if (ticket.venue) doc.text(printable(ticket.venue));
  doc.moveDown(0.5).fillColor('#111827').font('Helvetica-Bold').fontSize(12);
  doc.text(printable(ticket.seat ?? ticket.offerName));
  doc.font('Helvetica').fontSize(9).fillColor('#4b5563');
  doc.text(`${printable(ticket.offerName)}, ${ticket.price}`);
  if (ticket.holderName) doc.text(printable(ticket.holderName));
  const side = 170;
  drawQr(doc, ticket.code, (doc.page.width - side) / 2, doc.page.height - side - 52, side);
  doc.fontSize(7).text(`${ticket.orderCode}   ${ticket.code}`, 24, doc.page.height - 44, { align: 'center', lineBreak: false });
  doc.end();
  await finished;
  return Buffer.concat(chunks);
}

/** The QR as vector squares: sharp at any size, and a fifth of the CPU of embedding the PNG. Quiet zone of four modules, as the standard asks. */
function drawQr(doc: PDFKit.PDFDocument, code: string, left: number, top: number, side: number): void {
  const { modules } = QRCode.create(code, { errorCorrectionLevel: 'M' });
  const quiet = 4;
  const unit = side / (modules.size + 2 * quiet);
  for (let y = 0; y < modules.size; y++)
    for (let x = 0; x < modules.size; x++) {
      if (!modules.get(y, x)) continue;
      const from = x;
      while (x + 1 < modules.size && modules.get(y, x + 1)) x++;
      doc.rect(left + (quiet + from) * unit, top + (quiet + y) * unit, (x - from + 1) * unit, unit);
    }
  doc.fill('#000000');
}

/** The built-in PDF fonts know WinAnsi only; what they cannot show becomes "?" rather than garbage. */
function printable(text: string): string {
  return text.replace(/[^\u0020-\u007e\u00a0-\u00ff]/g, '?');
}
