// The harness itself: it reads the seeds' files as they are, finds every fault put into an answer, and lets good answers pass.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Answer } from '../gateway.ts';
import { differences } from './compare.ts';
import { type Expected, fromExamples, fromOpenApi } from './endpoints.ts';
import { contract } from './replay.ts';

const read = (path: string) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));
const EASYTICKET = fromExamples(read('../../easyticket/examples.json'));
const HACKLOAD = fromOpenApi(read('../../hackload/openapi.json'));

const copy = <T>(value: T): T => JSON.parse(JSON.stringify(value));

/** Every field of a value, as what holds it and its key. */
function fields(value: unknown, holder?: any, key?: string): { holder: any; key: string }[] {
  const here = holder ? [{ holder, key: key! }] : [];
  if (typeof value !== 'object' || value === null) return here;
  return [...here, ...Object.keys(value).flatMap((k) => fields((value as any)[k], value, k))];
}

describe('the files of the seeds', () => {
  it('are the ones in shared/contracts', () => {
    for (const [ours, theirs] of [
      ['../../easyticket/examples.json', '../../../../shared/contracts/easyticket-examples.json'],
      ['../../hackload/openapi.json', '../../../../shared/contracts/hackload-openapi.json'],
    ] as const)
      if (existsSync(new URL(theirs, import.meta.url))) expect(read(ours)).toEqual(read(theirs));
  });

  it('EasyTicket: all 44 endpoints are read, with their queries, requests and answers', () => {
    expect(EASYTICKET).toHaveLength(44);
    expect(EASYTICKET.filter((e) => e.answers.length)).toHaveLength(41);
    const by = (method: string, path: string) => EASYTICKET.find((e) => e.method === method && e.path === path)!;
    expect(by('GET', '/api/events/').query).toContain('ordering');
    expect(by('POST', '/api/auth/login/').request).toEqual({ email: 'john.doe@example.com', password: 'SecurePass123!' });
    expect(by('POST', '/api/tickets/my-tickets/verify/').answers.map((a) => a.status)).toEqual([200, 400]);
  });

  it('Hackload: all endpoints are read, a JSON answer with its schema', () => {
    expect(HACKLOAD).toHaveLength(13);
    expect(HACKLOAD.flatMap((e) => e.answers).filter((a) => a.schema)).toHaveLength(5);
    const moved = HACKLOAD.find((e) => e.path === '/api/bookings/initiatePayment')!;
    expect([moved.method, moved.answers]).toEqual(['PATCH', [{ status: 302 }]]);
  });

  it('are refused with the entry that is no example', () => {
    expect(() => fromExamples({ 'FETCH /api/': {} })).toThrow('no example of an endpoint: FETCH /api/');
    expect(() => fromExamples({ 'GET /api/': { responses: [{} as Expected] } })).toThrow('GET /api/: a response without a status');
  });
});

describe('a good answer', () => {
  it("is each of EasyTicket's own, and one with fields of ours beside it", () => {
    for (const { answers } of EASYTICKET)
      for (const answer of answers) {
        expect(differences(answer, copy(answer.body))).toEqual([]);
        expect(differences(answer, { ...copy(answer.body as object), more: 1 })).toEqual([]);
      }
  });

  it('may have other values, a value where the example is null, and other entries than the example', () => {
    const example = { body: { id: 1, at: '2024-01-01T00:00:00Z', next: null, list: [{ a: 1 }, { b: 'x' }] }, status: 200 };
    const answer = { id: 2, at: '2026-11-25T10:00:00Z', next: 'https://x.test/?page=2', list: [{ b: 'y' }, { b: 'z' }, { a: 7 }] };
    expect(differences(example, answer)).toEqual([]);
  });

  it('may be anything where the seed says nothing', () => {
    expect(differences({ status: 200 }, undefined)).toEqual([]);
  });
});

describe('a bad answer', () => {
  it('is found for every field of every example of EasyTicket: gone, null, or of another type', () => {
    let tried = 0;
    // Of a list its first entry alone: where entries differ, one of them may allow what another does not.
    const first = (_: string, value: unknown) => (Array.isArray(value) ? value.slice(0, 1) : value);
    for (const { answers } of EASYTICKET)
      for (const shown of answers) {
        const answer = { status: shown.status, body: JSON.parse(JSON.stringify(shown.body), first) };
        for (const i of fields(answer.body).keys())
          for (const fault of [undefined, null, 'type'] as const) {
            const body = copy(answer.body);
            const { holder, key } = fields(body)[i]!;
            // Where the example is null, the seed does not say what else it may be.
            if (holder[key] === null && fault !== undefined) continue;
            holder[key] = fault === 'type' ? (typeof holder[key] === 'boolean' ? 1 : true) : fault;
            expect(differences(answer, body), `${key} ${fault}`).not.toEqual([]);
            tried++;
          }
      }
    expect(tried).toBeGreaterThan(1500);
  });

  it('is told in words, with the place', () => {
    const example = (body: unknown) => ({ status: 200, body });
    const cases: [example: unknown, answer: unknown, told: string[]][] = [
      [{ a: { b: 'x' } }, { a: {} }, ['a.b is missing, in the example it is string "x"']],
      [{ a: 1 }, { a: null }, ['a is null, in the example number 1']],
      [{ a: 75.5 }, { a: '75.50' }, ['a is string "75.50", in the example number 75.5']],
      [{ a: '75.00' }, { a: '75' }, ['a is "75", which is no amount like "75.00"']],
      [
        { a: '2024-01-01T00:00:00Z' },
        { a: '2024-01-01T00:00:00.000Z' },
        ['a is "2024-01-01T00:00:00.000Z", which is no time like "2024-01-01T00:00:00Z"'],
      ],
      [{ a: [{ b: 1 }] }, { a: [] }, ['a is empty, in the example it is not']],
      [{ a: [{ b: 1 }] }, { a: [{ b: 2 }, { b: '2' }] }, ['a[1].b is string "2", in the example number 1']],
      [[1], {}, ['the answer is object {}, in the example list [1]']],
    ];
    for (const [shown, answer, told] of cases) expect(differences(example(shown), answer)).toEqual(told);
  });

  it("is held against the API's own rules", () => {
    const example = { status: 200, body: { message: 'Done', status: 'new', by: { VIP: 1 }, code: 'EVT1', list: [1], note: 'x' } };
    const rules = {
      same: ['message'],
      words: { status: ['new', 'old'] },
      maps: ['by'],
      forms: [['code', /^EVT/]] as [string, RegExp][],
      mayLack: ['list', 'note'],
    };
    const good = { message: 'Done', status: 'old', by: { Any: 2 }, code: 'EVT2', list: [], note: null };
    expect(differences(example, good, rules)).toEqual([]);
    expect(differences(example, { message: 'done', status: 'gone', by: { Any: '2' }, code: 'X', list: [], note: null }, rules)).toEqual([
      'message is "done", not "Done"',
      'status is "gone", none of: new, old',
      'by.Any is string "2", in the example number 1',
      'code is "X", which is no code like "EVT1"',
    ]);
    expect(differences(example, { ...good, by: {} }, rules)).toEqual(['by is empty, in the example it is not']);
  });

  it('is found by the schema of an OpenAPI document', () => {
    const [seats] = HACKLOAD.find((e) => e.method === 'GET' && e.path === '/api/seats')!.answers;
    const seat = { id: 1, row: 2, number: 3, status: 'FREE', price: '150.00' };
    expect(differences(seats!, [seat])).toEqual([]);
    expect(differences(seats!, [seat, { ...seat, price: 150, id: undefined }])).toEqual([
      "1 must have required property 'id'",
      '1.price must be string',
    ]);
    expect(differences(seats!, {})).toEqual(['the answer must be array']);
  });
});

describe('a replay', () => {
  const sent: unknown[] = [];
  const answering = (status: number, body: unknown) =>
    contract(EASYTICKET, {}, async (method, path, o) => {
      sent.push([method, path, o]);
      return { status, body, text: JSON.stringify(body), headers: new Headers() } satisfies Answer;
    });
  const login = EASYTICKET.find((e) => e.path === '/api/auth/login/')!;

  it("sends the example's request, with the fields and the address of the test, and remembers what was replayed", async () => {
    const good = answering(200, login.answers[0]!.body);
    expect(good.unplayed()).toHaveLength(41);
    await good.replay('POST /api/auth/login/', { with: { password: 'other' }, token: 't' });
    expect(sent.at(-1)).toEqual(['POST', '/api/auth/login/', { token: 't', body: { email: 'john.doe@example.com', password: 'other' } }]);
    expect([good.unplayed().length, good.unplayed().includes('POST /api/auth/login/')]).toEqual([40, false]);

    await expect(good.replay('GET /api/events/{slug}/', { params: { slug: 'a/b' } })).rejects.toThrow();
    expect(sent.at(-1)).toEqual(['GET', '/api/events/a%2Fb/', { body: undefined }]);
    await expect(good.replay('GET /api/events/', { query: { page: '2' } })).rejects.toThrow();
    expect(sent.at(-1)).toEqual(['GET', '/api/events/?page=2', { body: undefined }]);
  });

  it('fails with every difference, and counts as not replayed', async () => {
    const bad = answering(200, { message: 'Login successful', tokens: { refresh: 'x' } });
    await expect(bad.replay('POST /api/auth/login/')).rejects.toThrow(
      /^POST \/api\/auth\/login\/ does not answer as the seed says:\n- tokens\.access is missing, .*\n- user is missing, /,
    );
    await expect(answering(500, {}).replay('POST /api/auth/login/')).rejects.toThrow('the status is 500, in the example 200: {}');
    expect(bad.unplayed()).toHaveLength(41);
  });

  it('refuses what the seed does not have', async () => {
    const any = answering(200, {});
    await expect(any.replay('GET /api/nowhere/')).rejects.toThrow('the seed has no example of GET /api/nowhere/');
    await expect(any.replay('POST /api/auth/login/', { status: 418 })).rejects.toThrow('shows no answer 418');
    await expect(any.replay('GET /api/orders/{id}/')).rejects.toThrow('a value of {id}');
    await expect(any.replay('GET /api/events/', { query: { colour: 'red' } })).rejects.toThrow('no query parameter colour');
  });
});
