// /api/billetter/tickets: a registration's ticket in the form that is asked for, and checking in with it.
import { z } from 'zod';
import { find, validate, type WithTicket } from '../../services/events/participantTickets.ts';
import { registrationCode, registrationNumber } from '../../services/shared/codes.ts';
import { type FileKind, file } from '../../services/tickets/ticketFiles.ts';
import type { Gateway } from '../deps.ts';
import { id, instant } from '../http/fields.ts';
import { type Route, route } from '../http/route.ts';
import { LIMITS } from './limits.ts';
import { Named, organizer } from './registrations.ts';
import { name, time } from './shapes.ts';

/** How a ticket is asked for, and the file that shows it so. The seed has qr_code alone. */
export const FILES = { qr_code: 'qr.png', png: 'qr.png', svg: 'qr.svg', pdf: 'ticket.pdf' } as const;
type TicketFile = (typeof FILES)[keyof typeof FILES];

export const FORMAT = z.enum(['qr_code', 'png', 'svg', 'pdf']).default('qr_code').meta({
  description: '`qr_code` is the seed’s: the text of the code, and its picture as PNG. `png`, `svg` and `pdf` are additions.',
});

const TYPES: Record<TicketFile, string> = { 'qr.png': 'image/png', 'qr.svg': 'image/svg+xml', 'ticket.pdf': 'application/pdf' };
const OPERATIONS: Record<TicketFile, string> = { 'qr.png': 'getTicketPng', 'qr.svg': 'getTicketSvg', 'ticket.pdf': 'getTicketPdf' };

const CODE = z.string().meta({
  description:
    '`{eventId}:{participant}:{timestamp}:{checksum}`. The participant is encrypted; the checksum is a signature that `GET /door/api/keys` lets anybody verify without us.',
  example: 'hackathon-2025:sVzV5wvVGkAL…:1736937000:Yl9cMSkQ…',
});

const Ticket = z
  .object({
    ...{ ticketId: id, registrationId: z.string(), eventId: z.string(), participantId: z.string(), ticketType: z.string() },
    ticketCode: CODE,
    qrCode: z.string().meta({ description: 'The same: the text that the QR code says.' }),
    format: FORMAT,
    image: z.string().nullable().meta({ description: 'The QR code as a `data:` address, for an `<img>`; null of a PDF.' }),
    document: z.string().nullable().meta({ description: 'The PDF as a `data:` address; null of the others.' }),
    fileUrl: z.url().meta({ description: 'Where the same file can be fetched with the API key.' }),
    issuedAt: instant,
  })
  .meta({ id: 'Ticket' });

const Wish = z.object({ registrationId: Named.shape.registrationId, format: FORMAT });

const Scan = z.object({
  ticketCode: z.string().min(1).max(1000).meta({ description: 'As it was scanned.', example: 'QR123456789' }),
  eventId: name.meta({
    description: "The event's name in addresses, or its UUID: only its tickets are let in.",
    example: 'hackathon-2025',
  }),
  nonce: z.string().min(1).max(100).optional().meta({
    description: 'Addition to the seed: names this scan. Sent again with the same code it gets the same answer.',
  }),
});

const CheckedIn = z
  .object({
    valid: z.literal(true),
    status: z.literal('checked_in'),
    message: z.string().meta({ description: 'For the screen at the door.', example: 'Welcome to Hackathon 2025!' }),
    registrationId: z.string().nullable().meta({ description: 'null of a ticket that was sold through another API.' }),
    participantId: z.string().nullable(),
    ...{ eventId: z.string(), eventName: z.string(), ticketType: z.string().nullable(), ticketId: id.nullable() },
    people: z.int().meta({ description: 'How many it lets in: more than one only by the code of a whole order, which names no ticket.' }),
    checkedInAt: instant,
    metadata: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'CheckedIn' });

/** The routes of tickets, but for bulk operations. */
export function ticketRoutes(gateway: Gateway): Route[] {
  const { db, ticketKeys } = gateway;
  const common = { access: 'key', scope: 'tickets', limit: LIMITS.general, tag: 'Tickets' } as const;

  return [
    route({
      ...common,
      method: 'post',
      path: '/api/billetter/tickets/generate',
      operationId: 'generateTicket',
      summary: 'The ticket of a registration',
      description: 'Of a confirmed registration. Asked for again, in whatever format, it is the same ticket with the same code.',
      body: Wish,
      idempotent: true,
      responses: { 200: { description: 'The ticket.', schema: Ticket } },
      refusals: ['order_not_found', 'order_unconfirmed', 'order_cancelled'],
      async handle({ body: { registrationId, format }, caller, note }) {
        const one = await find(db, caller.accountId, registrationNumber(registrationId));
        note(one.id);
        const shown = FILES[format];
        const data = `data:${TYPES[shown]};base64,${(await draw(gateway, one, shown)).toString('base64')}`;
        const isPdf = format === 'pdf';
        return {
          status: 200,
          body: {
            ticketId: one.ticket.id,
            registrationId: registrationCode(one),
            eventId: one.event.slug,
            participantId: one.participant,
            ticketType: one.offer!.name,
            ticketCode: one.ticket.code,
            qrCode: one.ticket.code,
            format,
            image: isPdf ? null : data,
            document: isPdf ? data : null,
            fileUrl: fileUrl(gateway, registrationCode(one), format),
            issuedAt: time(new Date(one.ticket.issued_at)),
          } satisfies z.output<typeof Ticket>,
        };
      },
    }),
    route({
      ...common,
      method: 'post',
      path: '/api/billetter/tickets/validate',
      operationId: 'validateTicket',
      summary: 'Check a ticket in',
      description:
        'Lets somebody in once: of two scanners at one instant one is answered 200. Every kind of code that a door reads is read, that of a registration and that of a ticket sold through another API.',
      body: Scan,
      idempotent: true,
      responses: { 200: { description: 'Somebody may go in.', schema: CheckedIn } },
      refusals: [
        ...(['event_not_found', 'ticket_unknown', 'ticket_elsewhere', 'ticket_used', 'ticket_void'] as const),
        ...(['order_unconfirmed', 'event_over', 'event_cancelled', 'key_reused'] as const),
      ],
      async handle({ body: { ticketCode: code, eventId, nonce }, caller, note }) {
        const { event, admission, participant } = await validate(db, organizer(caller), { event: eventId, code, nonce }, ticketKeys);
        note(admission.orderId!);
        return {
          status: 200,
          body: {
            valid: true,
            status: 'checked_in',
            message: `Welcome to ${admission.facts!.event}!`,
            registrationId: participant ? registrationCode(participant) : null,
            participantId: participant?.participant ?? null,
            eventId: event.slug,
            eventName: admission.facts!.event,
            ticketType: participant?.offer?.name ?? admission.facts!.offer,
            ticketId: admission.ticketId ?? null,
            people: admission.people!,
            checkedInAt: time(admission.usedAt!),
            metadata: participant?.details ?? {},
          } satisfies z.output<typeof CheckedIn>,
        };
      },
    }),
    ...(Object.keys(TYPES) as TicketFile[]).map((kind) =>
      route({
        ...common,
        method: 'get',
        path: `/api/billetter/registrations/:registrationId/${kind}`,
        operationId: OPERATIONS[kind],
        summary: `Ticket file ${kind}`,
        params: Named,
        responses: { 200: { description: 'The file.', type: TYPES[kind] } },
        refusals: ['order_not_found', 'order_unconfirmed', 'order_cancelled'],
        async handle({ params, caller, note }) {
          const one = await find(db, caller.accountId, registrationNumber(params.registrationId));
          note(one.id);
          const headers = { 'Content-Disposition': `inline; filename="${registrationCode(one)}-${kind}"` };
          return { status: 200, type: TYPES[kind], body: await draw(gateway, one, kind), headers };
        },
      }),
    ),
  ];
}

/** Where a registration's ticket can be fetched. */
export const fileUrl = ({ config }: Gateway, registration: string, format: keyof typeof FILES): string =>
  `${config.http.publicUrl}/api/billetter/registrations/${registration}/${FILES[format]}`;

async function draw({ db, documents, config }: Gateway, { ticket }: WithTicket, kind: TicketFile): Promise<Buffer> {
  if (kind === 'qr.svg') return Buffer.from(documents.qrSvg(ticket.code));
  return file(db, documents, ticket.id, kind satisfies FileKind, config.mail.codePrefix);
}
