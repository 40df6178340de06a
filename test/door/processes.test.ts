// Two scanners in two processes read the same tickets at once: each ticket admits at one of them.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startWorld, type World } from '../support/gateway.ts';
import { TICKET_KEYS } from '../support/ticketKeys.ts';
import type { Errand } from './scanner.ts';
import { eventOf, organizer, sold } from './world.ts';

const TICKETS = 60;

let world: World;
beforeAll(async () => {
  world = await startWorld({ overrides: { ticketKeys: TICKET_KEYS } });
});
afterAll(() => world?.stop());

it('each ticket admits once, at one of them, and the other hears that it has been used', async () => {
  const owner = await organizer(world, 'Olga');
  const event = await eventOf(world, owner.id, TICKETS);
  const codes: string[] = [];
  for (let i = 0; i < TICKETS; i++) codes.push((await sold(world, event, `Guest ${i}`, [i])).tickets[0]!.code);

  const scanners = ['North', 'South'].map((gate) => {
    const child = fork(fileURLToPath(new URL('scanner.ts', import.meta.url)), { execArgv: ['--import', 'tsx'] });
    child.send({ url: world.databaseUrl, accountId: owner.id, gate, codes } satisfies Errand);
    return once(child, 'message').then(([outcomes]) => outcomes as string[]);
  });
  const [north, south] = (await Promise.all(scanners)) as [string[], string[]];
  for (let i = 0; i < TICKETS; i++) expect([north[i], south[i]].sort(), `ticket ${i}`).toEqual(['admitted', 'already_used']);
  const used = await world.db.selectFrom('tickets').select('checked_in_gate').where('event_id', '=', event.id).execute();
  expect(used.filter((t) => t.checked_in_gate === 'North')).toHaveLength(north.filter((o) => o === 'admitted').length);
});
