// Tickets of registrations through the API: the seed's examples, every reason why a ticket lets nobody in, and many tickets at once.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { make, SCOPES, type Scope } from '../../services/accounts/apiKeys.ts';
import * as jobRounds from '../../services/events/ticketJobRounds.ts';
import * as ticketJobs from '../../services/events/ticketJobs.ts';
import { readParticipantCode, signParticipantCode } from '../../services/tickets/participantCodes.ts';
import { fromExamples } from '../support/contract/endpoints.ts';
import { contract } from '../support/contract/replay.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { enrol, type HackathonOf, hackathon, promote, sound, told, withdraw } from '../support/hackathon.ts';
import examples from './ticketExamples.json' with { type: 'json' };

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world?.stop());

async function opened(o: HackathonOf & { scopes?: Scope[] } = {}) {
  const event = await hackathon(world.db, { total: 50, ...o });
  const { token } = await make(world.db, event.organizer.id, { name: 'test', scopes: o.scopes ?? [...SCOPES] });
  const call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    world.call(method, `/api/billetter${path}`, { token, body, headers });
  const register = async (participantId: string, more: object = {}) =>
    (await call('POST', '/registrations', { participantId, eventId: event.slug, ticketType: 'standard', ...more })).body;
  const generate = (registrationId: string, format?: string) => call('POST', '/tickets/generate', { registrationId, format });
  const validate = (ticketCode: string, more: object = {}, headers?: Record<string, string>) =>
    call('POST', '/tickets/validate', { ticketCode, eventId: event.slug, ...more }, headers);
  const bulk = (operation: string, registrationIds: unknown, more: object = {}, headers?: Record<string, string>) =>
    call('POST', '/tickets/bulk', { operation, registrationIds, ...more }, headers);
  return { event, token, call, register, generate, validate, bulk };
}

const code = ({ status, body }: { status: number; body: any }) => (body.error ? `${status} ${body.error.code}` : `${status}`);
const outcomes = ({ body }: { body: any }) =>
  body.results.map((r: any) => `${r.index} ${r.registrationId} ${r.status} ${r.error?.code ?? r.duplicateOf ?? ''}`.trim());

it("the seed's examples are answered: generated, validated once, and in bulk", async () => {
  const { event, token, register } = await opened();
  const made = [await register('participant-123'), await register('participant-124'), await register('participant-125')];
  const forms: [string, RegExp][] = [['code', /^(QR\d+|[\w-]+:[\w-]+:\d+:[\w-]{88})$/]];
  const seed = contract(fromExamples(examples), { forms, same: ['error.code'] }, world.call);

  const ticket = await seed.replay('POST /api/billetter/tickets/generate', { token, with: { registrationId: made[0].id } });
  expect(ticket.body).toMatchObject({ registrationId: made[0].id, participantId: 'participant-123', qrCode: made[0].qrCode });
  const scan = { token, with: { ticketCode: ticket.body.qrCode, eventId: event.slug } };
  const first = await seed.replay('POST /api/billetter/tickets/validate', scan);
  expect(first.body).toMatchObject({ valid: true, participantId: 'participant-123', eventId: event.slug, people: 1 });
  const second = await seed.replay('POST /api/billetter/tickets/validate', { ...scan, status: 409 });
  expect(second.body.error.details).toEqual({ checkedInAt: first.body.checkedInAt });
  const bulk = await seed.replay('POST /api/billetter/tickets/bulk', { token, with: { registrationIds: made.map(({ id }) => id) } });
  expect(bulk.body.results.map((r: any) => r.ticket.qrCode)).toEqual(made.map(({ qrCode }) => qrCode));
  expect(seed.unplayed()).toEqual([]);
});

describe('generate', () => {
  it('answers the same ticket in every format, as a file and as an address of it', async () => {
    const { event, token, register, generate } = await opened();
    const made = await register('p-1');
    const starts = { qr_code: 'data:image/png;base64,', png: 'data:image/png;base64,', svg: 'data:image/svg+xml;base64,' };
    const tickets = [];
    for (const [format, start] of Object.entries(starts)) {
      const { body } = await generate(made.id, format);
      expect(body.image.startsWith(start)).toBe(true);
      tickets.push(body);
    }
    const pdf = (await generate(made.id, 'pdf')).body;
    expect([pdf.image, Buffer.from(pdf.document.split(',')[1], 'base64').subarray(0, 5).toString()]).toEqual([null, '%PDF-']);
    tickets.push(pdf);
    expect(new Set(tickets.map((t) => `${t.ticketId} ${t.ticketCode} ${t.qrCode} ${t.issuedAt}`)).size).toBe(1);
    expect(readParticipantCode(world.gateway.ticketKeys, pdf.ticketCode)).toMatchObject({
      ...{ ticketId: pdf.ticketId, event: event.slug, participant: 'p-1' },
    });

    for (const [{ fileUrl }, type] of [
      [tickets[0], 'image/png'],
      [tickets[2], 'image/svg+xml'],
      [pdf, 'application/pdf'],
    ] as const) {
      const path = new URL(fileUrl).pathname;
      const answer = await fetch(world.url + path, { headers: { authorization: `Bearer ${token}` } });
      expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringContaining(type)]);
      expect((await fetch(world.url + path)).status).toBe(401);
    }
  });

  it('refuses what has no ticket, each for its reason, and another organizer’s as if it were not there', async () => {
    const { event, call, register, generate } = await opened({ total: 1, waitlist: true });
    const [one, two] = [await register('p-1'), await register('p-2')];
    expect(code(await generate(two.id))).toBe('409 REGISTRATION_NOT_CONFIRMED');
    await call('DELETE', `/registrations/${one.id}`);
    expect(code(await generate(one.id))).toBe('409 REGISTRATION_CANCELLED');
    await promote(world.db, event);
    expect(code(await generate(two.id))).toBe('200');

    const stranger = await opened();
    for (const id of [two.id, 'reg-999999999', 'reg-0', 'x', ''])
      expect(code(await stranger.generate(id))).toBe('404 REGISTRATION_NOT_FOUND');
    expect(code(await stranger.call('GET', `/registrations/${two.id}/qr.png`))).toBe('404 REGISTRATION_NOT_FOUND');
    expect(code(await generate(two.id, 'gif'))).toBe('400 VALIDATION_ERROR');
    expect(code(await (await opened({ scopes: ['registrations:write'] })).generate('reg-1'))).toBe('403 FORBIDDEN');
  });
});

describe('validate', () => {
  it('tells every reason apart', async () => {
    const { event, call, register, validate } = await opened();
    const [used, gone, here] = [await register('p-1'), await register('p-2'), await register('p-3')];
    const other = await opened({ organizer: event.organizer });
    const elsewhere = await other.register('p-1');
    const stranger = await opened();
    const theirs = await stranger.register('p-1');

    expect(code(await validate(used.qrCode))).toBe('200');
    expect(code(await validate(used.qrCode))).toBe('409 TICKET_ALREADY_USED');
    await call('DELETE', `/registrations/${gone.id}`);
    expect(code(await validate(gone.qrCode))).toBe('409 TICKET_CANCELLED');
    expect(code(await validate(elsewhere.qrCode))).toBe('409 TICKET_OF_OTHER_EVENT');
    for (const wrong of [theirs.qrCode, `${here.qrCode}x`, 'QR123456789', 'x:y:1:z', '💥'])
      expect(code(await validate(wrong))).toBe('404 TICKET_NOT_FOUND');
    expect((await validate(theirs.qrCode)).body).toEqual((await validate('QR123456789')).body);
    expect(code(await validate(here.qrCode, { eventId: stranger.event.slug }))).toBe('404 EVENT_NOT_FOUND');
    expect(code(await validate('', {}))).toBe('400 VALIDATION_ERROR');
    expect(code(await validate(here.qrCode, { eventId: undefined }))).toBe('400 VALIDATION_ERROR');
    // Nothing was used by all that.
    expect(code(await stranger.validate(theirs.qrCode))).toBe('200');

    await sql`update events set starts_at = now() - interval '2 hours', ends_at = now() - interval '1 second' where id = ${event.id}::uuid`.execute(
      world.db,
    );
    expect(code(await validate(here.qrCode))).toBe('409 EVENT_OVER');
    await sql`update events set starts_at = now() + interval '1 hour', ends_at = now() + interval '2 hours', status = 'cancelled' where id = ${event.id}::uuid`.execute(
      world.db,
    );
    expect(code(await validate(here.qrCode))).toBe('409 EVENT_CANCELLED');
  });

  it('a code that the house signed for a ticket that never was is unknown', async () => {
    const { event, validate } = await opened();
    const forged = { ticketId: randomUUID(), event: event.slug, participant: 'p-1', issuedAt: new Date() };
    expect(code(await validate(signParticipantCode(world.gateway.ticketKeys, forged)))).toBe('404 TICKET_NOT_FOUND');
  });

  it('of ten scans at one instant one lets in, and it is announced once, in the same commit', async () => {
    const { event, register, validate } = await opened();
    const { qrCode } = await register('p-1', { ticketType: 'premium' });
    const all = await Promise.all(Array.from({ length: 10 }, () => validate(qrCode)));
    expect(all.map(code).sort()).toEqual(['200', ...Array(9).fill('409 TICKET_ALREADY_USED')]);
    expect(await told(world.db, event, 'ticket.validated')).toEqual(['ticket.validated p-1 premium']);
  });

  it('a scan that is sent again by its nonce, or its Idempotency-Key, has its answer again and is announced once', async () => {
    const { event, register, validate } = await opened();
    const [one, two] = [await register('p-1'), await register('p-2')];
    const first = await validate(one.qrCode, { nonce: 'n-1' });
    expect((await validate(one.qrCode, { nonce: 'n-1' })).body).toEqual(first.body);
    expect(code(await validate(two.qrCode, { nonce: 'n-1' }))).toBe('422 IDEMPOTENCY_KEY_REUSED');
    const key = { 'idempotency-key': randomUUID() };
    const second = await validate(two.qrCode, {}, key);
    expect([second.status, (await validate(two.qrCode, {}, key)).body]).toEqual([200, second.body]);
    expect(await told(world.db, event, 'ticket.validated')).toEqual(['ticket.validated p-1 standard', 'ticket.validated p-2 standard']);
  });

  it('the webhook says what the seed says, at the moment of the scan', async () => {
    const { event, register, validate } = await opened();
    const made = await register('p-1');
    const { body } = await validate(made.qrCode);
    const { payload } = await world.db
      .selectFrom('webhook_deliveries as d')
      .innerJoin('webhook_endpoints as w', 'w.id', 'd.endpoint_id')
      .where('w.account_id', '=', event.organizer.id)
      .where('d.event', '=', 'ticket.validated')
      .select('d.payload')
      .executeTakeFirstOrThrow();
    expect(payload).toEqual({
      event: 'ticket.validated',
      timestamp: body.checkedInAt,
      data: { registrationId: made.id, participantId: 'p-1', eventId: event.slug, ticketType: 'standard' },
    });
  });
});

describe('bulk', () => {
  it('good entries are done beside bad and double ones, and each result names its entry; again it changes nothing', async () => {
    const { call, register, bulk } = await opened({ total: 3, waitlist: true });
    const [one, two, gone, waits] = [await register('p-1'), await register('p-2'), await register('p-3'), await register('p-4')];
    await call('DELETE', `/registrations/${gone.id}`);
    const theirs = await (await opened()).register('p-1');
    const wanted = [one.id, 'reg-x', theirs.id, gone.id, one.id, waits.id, two.id, '💥 '];
    const first = await bulk('generate', wanted, { format: 'pdf' });
    expect(first.status).toBe(200);
    expect(outcomes(first)).toEqual([
      `0 ${one.id} succeeded`,
      '1 reg-x failed REGISTRATION_NOT_FOUND',
      `2 ${theirs.id} failed REGISTRATION_NOT_FOUND`,
      `3 ${gone.id} failed REGISTRATION_CANCELLED`,
      `4 ${one.id} duplicate 0`,
      `5 ${waits.id} failed REGISTRATION_NOT_CONFIRMED`,
      `6 ${two.id} succeeded`,
      '7 💥  failed REGISTRATION_NOT_FOUND',
    ]);
    expect(first.body).toMatchObject({ status: 'done', total: 8, processed: 8, succeeded: 2, duplicates: 1, failed: 5, nextCursor: null });
    expect(first.body.results[0].ticket).toMatchObject({ qrCode: one.qrCode, fileUrl: expect.stringMatching(/ticket\.pdf$/) });
    expect((await bulk('generate', wanted, { format: 'pdf' })).body.results).toEqual(first.body.results);
    expect((await call('GET', `/tickets/bulk/${first.body.jobId}?limit=3&cursor=3`)).body).toMatchObject({
      ...{ nextCursor: '6', results: first.body.results.slice(3, 6) },
    });
  });

  it('cancels as DELETE does: places are free, webhooks told, used tickets and begun events refused with their reasons', async () => {
    const { event, call, register, validate, bulk } = await opened({ total: 2, waitlist: true });
    const [used, one, waits] = [await register('p-1'), await register('p-2'), await register('p-3')];
    await validate(used.qrCode);
    const answer = await bulk('cancel', [used.id, one.id, waits.id, one.id]);
    expect(outcomes(answer)).toEqual([
      `0 ${used.id} failed REGISTRATION_NOT_CHANGEABLE`,
      `1 ${one.id} succeeded`,
      `2 ${waits.id} succeeded`,
      `3 ${one.id} duplicate 1`,
    ]);
    expect(answer.body.results[0].error.message).toContain('has been used');
    expect((await call('GET', `/events/${event.slug}/capacity`)).body).toMatchObject({ availableSpots: 1, waitlistCount: 0 });
    expect(await told(world.db, event, 'registration.cancelled')).toHaveLength(2);
    expect(outcomes(await bulk('cancel', [one.id]))).toEqual([`0 ${one.id} succeeded`]);
    expect(await told(world.db, event, 'registration.cancelled')).toHaveLength(2);
    await sound(world.db);
  });

  it('resends by telling the webhooks that listen, once for each entry however often the job is served', async () => {
    const { event, call, register, bulk } = await opened();
    const made = [await register('p-1'), await register('p-2')];
    const key = { 'idempotency-key': randomUUID() };
    const first = await bulk('resend', [made[0].id, 'reg-0', made[1].id], {}, key);
    expect([first.body.succeeded, first.body.failed]).toEqual([2, 1]);
    expect((await bulk('resend', [made[0].id, 'reg-0', made[1].id], {}, key)).body).toEqual(first.body);
    expect(await told(world.db, event, 'ticket.resent')).toEqual(['ticket.resent p-1 standard', 'ticket.resent p-2 standard']);

    // As if the rows had not been written before the worker died.
    await sql`update ticket_job_entries set outcome = null where job_id = ${first.body.jobId}::uuid`.execute(world.db);
    await sql`update ticket_jobs set done_at = null where id = ${first.body.jobId}::uuid`.execute(world.db);
    await Promise.all([jobRounds.serve(world.db, first.body.jobId), jobRounds.serve(world.db, first.body.jobId)]);
    expect(await told(world.db, event, 'ticket.resent')).toHaveLength(2);
    const { body } = await call('GET', '/webhooks');
    expect(body.webhooks[0].events).toContain('ticket.resent');

    await sql`update webhook_endpoints set events = array['ticket.validated'] where account_id = ${event.organizer.id}::uuid`.execute(
      world.db,
    );
    const nobody = await bulk('resend', [made[0].id]);
    expect([code(nobody), nobody.body.error.details]).toEqual(['404 NOT_FOUND', { what: 'webhook' }]);
  });

  it('refuses what is no job, and a key that may not cancel', async () => {
    const { bulk, call } = await opened();
    const many = (n: number) => Array.from({ length: n }, (_, i) => `reg-${i + 1}`);
    for (const [operation, ids] of [
      ['validate', ['reg-1']],
      ['generate', []],
      ['generate', many(10_001)],
      ['generate', 'reg-1'],
      ['generate', [1]],
      ['generate', ['x'.repeat(201)]],
    ] as const)
      expect(code(await bulk(operation, ids))).toBe('400 VALIDATION_ERROR');
    const limited = await opened({ scopes: ['tickets'] });
    const refused = await limited.bulk('cancel', ['reg-1']);
    expect([code(refused), refused.body.error.details]).toEqual(['403 FORBIDDEN', { requiredScope: 'registrations:write' }]);

    const { jobId } = (await bulk('generate', ['reg-1'])).body;
    expect(code(await limited.call('GET', `/tickets/bulk/${jobId}`))).toBe('404 NOT_FOUND');
    for (const id of ['x', randomUUID()]) expect(code(await call('GET', `/tickets/bulk/${id}`))).toBe('404 NOT_FOUND');
    expect(code(await call('GET', `/tickets/bulk/${jobId}?cursor=-1`))).toBe('400 VALIDATION_ERROR');
  });

  it('of more than a hundred it answers 202, and a repeat with the same key is the same job, handed to the engine once', async () => {
    const { bulk, call, register } = await opened();
    const { id } = await register('p-1');
    const wanted = Array.from({ length: 101 }, (_, i) => (i ? `reg-0${i}` : id));
    const key = { 'idempotency-key': randomUUID() };
    const answer = await bulk('generate', wanted, {}, key);
    expect([answer.status, answer.body]).toMatchObject([202, { status: 'running', processed: 0, results: [], nextCursor: '0' }]);
    const { jobId } = answer.body;
    expect((await bulk('generate', wanted, {}, key)).body.jobId).toBe(jobId);
    const announced = () => sql<{ topic: string }>`select topic from outbox where subject_id = ${jobId}::uuid`.execute(world.db);
    expect((await announced()).rows).toEqual([{ topic: 'tickets.job' }]);
    expect((await call('GET', `/tickets/bulk/${jobId}?limit=2`)).body.results.map((r: any) => r.status)).toEqual(['pending', 'pending']);

    expect(await jobRounds.serve(world.db, jobId)).toEqual({ operation: 'generate', total: 101, done: 101, failed: 100, waitMs: null });
    expect((await call('GET', `/tickets/bulk/${jobId}`)).body).toMatchObject({
      status: 'done',
      succeeded: 1,
      failed: 100,
      nextCursor: '100',
    });
  });
});

describe('a job', () => {
  it('that nobody serves for a minute is announced again, once; one long done is deleted with its entries', async () => {
    const { event } = await opened();
    const { number } = await enrol(world.db, event, 'p-1');
    const id = randomUUID();
    const job = {
      id,
      accountId: event.organizer.id,
      operation: 'generate',
      format: 'png',
      registrations: [`reg-${number}`],
      now: true,
    } as const;
    await ticketJobs.create(world.db, { ...job, registrations: [...job.registrations] });
    const open = () => sql<{ n: number }>`select count(*)::int as n from outbox where subject_id = ${id}::uuid`.execute(world.db);
    await jobRounds.sweep(world.db);
    expect((await open()).rows[0]!.n).toBe(0);
    await sql`update ticket_jobs set created_at = now() - interval '2 minutes' where id = ${id}::uuid`.execute(world.db);
    await jobRounds.sweep(world.db);
    await jobRounds.sweep(world.db);
    expect((await open()).rows[0]!.n).toBe(1);

    await jobRounds.serve(world.db, id);
    await sql`delete from outbox where subject_id = ${id}::uuid`.execute(world.db);
    await sql`update ticket_jobs set done_at = now() - interval '31 days' where id = ${id}::uuid`.execute(world.db);
    await jobRounds.sweep(world.db);
    expect([(await open()).rows[0]!.n, await jobRounds.prune(world.db)]).toEqual([0, 1]);
    expect(await jobRounds.serve(world.db, id)).toMatchObject({ operation: null, waitMs: null });
  });

  it('leaves a registration alone that was cancelled while it ran, and says so', async () => {
    const { event, call } = await opened();
    const made = await enrol(world.db, event, 'p-1');
    const id = randomUUID();
    await ticketJobs.create(world.db, {
      ...{ id, accountId: event.organizer.id, operation: 'generate', format: 'png', registrations: [`reg-${made.number}`], now: true },
    });
    await withdraw(world.db, event, made);
    await jobRounds.serve(world.db, id);
    expect(outcomes(await call('GET', `/tickets/bulk/${id}`))).toEqual([`0 reg-${made.number} failed REGISTRATION_CANCELLED`]);
  });
});
