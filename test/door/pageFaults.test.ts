// The door's page where things go wrong: answers get lost, sign-ins end, the gateway refuses, gates are left; and what signing out leaves behind.
import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import type { Page, Route } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { loadConfig } from '../../config.ts';
import { freePort } from '../../deploy/local/ports.ts';
import { signCode } from '../../services/tickets/codes.ts';
import { openBrowser, type TestBrowser, type Visit } from '../support/browser.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { signal } from '../support/signal.ts';
import { eventOf, organizer, PASSWORD, sold } from './world.ts';

const SEATS = 6;
/** For what is dead, not for what is slow. */
const PATIENCE = { timeout: 60_000 };

let world: World;
let browser: TestBrowser;
let visit: Visit;
let page: Page;
let owner: Awaited<ReturnType<typeof organizer>>;
let event: Awaited<ReturnType<typeof eventOf>>;
let codes: string[];
let door: string;

beforeAll(async () => {
  const port = await freePort();
  // Cookies sign a call in only on pages of the public address, so the browser opens that.
  const config = loadConfig({ NODE_ENV: 'test', PUBLIC_URL: `http://127.0.0.1:${port}` });
  [world, browser] = await Promise.all([startWorld({ port, overrides: { config } }), openBrowser()]);
  owner = await organizer(world, 'Olga');
});
afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

/** Each test has an event of its own, with a gate of it open. */
beforeEach(async () => {
  const name = `Night ${randomUUID().slice(0, 8)}`;
  event = await eventOf(world, owner.id, SEATS + 2, name);
  codes = [];
  for (let i = 0; i < SEATS; i++) codes.push((await sold(world, event, `Guest ${i}`, [i])).tickets[0]!.code);
  door = `${world.url}/door/api/events/${event.id}`;
  visit = await browser.visit(world.url);
  page = visit.page;
  await page.goto(`${world.url}/door/`);
  await signIn();
  await page.getByLabel(name).check();
  await page.getByLabel('This gate is called').fill('North');
  await page.getByRole('button', { name: 'Open the door' }).click();
  await page.getByText(`0 of ${SEATS} are in`).waitFor();
});
afterEach(async () => {
  expect(visit.faults).toEqual([]);
  await page.context().close();
});

async function signIn(): Promise<void> {
  await page.getByLabel('E-mail').fill(owner.email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

async function signOut(): Promise<void> {
  await page.getByRole('button', { name: /^Gates/ }).click();
  await page.locator('#door').getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in to scan tickets' }).waitFor();
}

/** Types a code; what the panel says once it answers. */
async function scan(text: string): Promise<string> {
  await page.getByLabel('Code, order or name').fill(text);
  await page.getByRole('button', { name: 'Check' }).click();
  await page.locator('#answer[data-outcome]').waitFor();
  return page.locator('#answer').innerText();
}

const inside = async (): Promise<number> => {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from tickets
    where event_id = ${event.id}::uuid and checked_in_at is not null`.execute(world.db);
  return rows[0]!.n;
};

/** Lets the call through to the gateway, and loses its answer. */
async function lose(route: Route): Promise<void> {
  await route.fetch();
  await route.abort();
}

const cookieOf = async (name: string) => (await page.context().cookies(`${world.url}/door/api/session/renew`)).find((c) => c.name === name);

const renewWith = (cookie: string) => fetch(`${world.url}/door/api/session/renew`, { method: 'POST', headers: { Cookie: cookie } });

it('a scan whose answer is lost is decided here, and told again under the same name: one came in, and there is no conflict', async () => {
  await page.route(`${door}/scans`, lose, { times: 1 });
  expect(await scan(codes[0]!)).toMatch(/COME IN[\s\S]*Decided offline, list as of \d\d:\d\d/);
  await page.getByText(`1 of ${SEATS} are in`).waitFor();
  expect(await scan(codes[0]!)).toMatch(/ALREADY USED[\s\S]*at gate North/);
  await expect.poll(() => page.locator('#kept').innerText(), PATIENCE).toBe('');
  expect(await page.locator('#conflict-badge').isVisible()).toBe(false);
  expect(await inside()).toBe(1);
});

it('nobody is sent away because the list heard of their own scan before its answer was given up', async () => {
  await page.route(
    `${door}/scans`,
    async (route) => {
      await route.fetch();
      // The list is read meanwhile, and has this very scan.
      await page.getByText(`1 of ${SEATS} are in`).waitFor();
      await route.abort();
    },
    { times: 1 },
  );
  expect(await scan(codes[0]!)).toContain('COME IN');
  expect(await inside()).toBe(1);
});

it('whom this gate let in alone is not let in by the gateway before that was told', async () => {
  await page.context().setOffline(true);
  expect(await scan(codes[0]!)).toContain('COME IN');
  // The network is back, but what was scanned without it is still on its way.
  const arriving = signal();
  await page.route(`${door}/scans`, async (route) => {
    if ('let_in' in route.request().postDataJSON().scans[0]) await arriving.given;
    await route.continue();
  });
  await page.context().setOffline(false);
  await page.reload();
  await page.getByText('1 scan waits to be uploaded').waitFor();
  expect(await scan(codes[0]!)).toContain('ALREADY USED');
  expect(await inside()).toBe(0);
  arriving.give();
  await expect.poll(inside, PATIENCE).toBe(1);
  expect(await page.locator('#conflict-badge').isVisible()).toBe(false);
});

it('a call that the gateway refuses leaves no old answer standing', async () => {
  expect(await scan(codes[0]!)).toContain('COME IN');
  await page.route(
    `${door}/scans`,
    (route) => route.fulfill({ status: 404, json: { error: 'not_found', detail: 'There is no such event of yours.' } }),
    { times: 1 },
  );
  expect(await scan(codes[1]!)).toMatch(/NO ANSWER[\s\S]*There is no such event of yours/);
  expect(await page.locator('#answer').getAttribute('data-answer')).toBe('unsure');
});

it('a gateway that has had too many calls does not stop the line', async () => {
  await page.route(`${door}/scans`, (route) => route.fulfill({ status: 429, json: { error: 'rate_limited', detail: 'Too many.' } }), {
    times: 1,
  });
  expect(await scan(codes[0]!)).toContain('COME IN');
  await expect.poll(inside, PATIENCE).toBe(1);
});

it('codes that come faster than answers are all scanned, in their order', async () => {
  await page.evaluate(`for (const code of ${JSON.stringify(codes)}) {
    document.getElementById('code').value = code;
    document.getElementById('code-form').requestSubmit();
  }`);
  await page.getByText(`${SEATS} of ${SEATS} are in`).waitFor();
  expect(await page.locator('#answer').innerText()).toContain(`Guest ${SEATS - 1}`);
});

it('a genuine code that the gateway does not know is told as a conflict, because somebody went in by it', async () => {
  const lost = signCode(world.gateway.ticketKeys, { eventId: event.id, ticketId: randomUUID() });
  await page.context().setOffline(true);
  expect(await scan(lost)).toContain('COME IN');
  await page.context().setOffline(false);
  await page.getByText('1 conflict').waitFor();
  await page.getByRole('button', { name: /^Gates/ }).click();
  expect(await page.locator('#conflicts').innerText()).toMatch(/let in at \d\d:\d\d at gate North by Olga\. NOT A TICKET/);
});

it("a participant's code is found in the list without a network, and used once; one that the list does not have nobody here can know", async () => {
  const listed = (await sold(world, event, 'Pia', [SEATS], 'p-1')).tickets[0]!.code;
  await page.getByText(`0 of ${SEATS + 1} are in`).waitFor();
  await page.context().setOffline(true);
  const later = (await sold(world, event, 'Quinn', [SEATS + 1], 'p-2')).tickets[0]!.code;
  expect(await scan(listed)).toMatch(/COME IN[\s\S]*Pia/);
  expect(await scan(listed)).toContain('ALREADY USED');
  expect(await scan(later)).toContain('NOT KNOWN HERE YET');
  expect(await scan(`x${listed}`)).toContain('NOT A TICKET');

  await page.context().setOffline(false);
  await page.getByText(`1 of ${SEATS + 2} are in`).waitFor();
  expect(await page.locator('#conflict-badge').isVisible()).toBe(false);
  expect(await scan(later)).toMatch(/COME IN[\s\S]*Quinn/);
});

it('a short sign-in that is over is renewed on the way', async () => {
  await page.context().clearCookies({ name: 'door_access' });
  expect(await scan(codes[0]!)).not.toContain('offline');
  expect(await inside()).toBe(1);
});

it('a sign-in that is over altogether keeps the gate at work; who signs in again finds list and scans in their place', async () => {
  await page.context().clearCookies();
  expect(await scan(codes[0]!)).toContain('COME IN');
  await page.getByText('The sign-in is over: 1 scan waits to be uploaded.').waitFor();
  expect(await scan(codes[0]!)).toContain('ALREADY USED');

  await page.getByRole('button', { name: 'Sign in again' }).click();
  await signIn();
  await page.getByText(`1 of ${SEATS} are in`).waitFor();
  expect(await inside()).toBe(1);
});

it('a gate without a network is not left, for its list would be lost', async () => {
  await page.context().setOffline(true);
  await page.getByRole('button', { name: /^Gates/ }).click();
  await page.getByRole('button', { name: 'Another event or gate' }).click();
  await page.getByText('Choosing another event or gate needs a network').waitFor();
  await page.getByRole('button', { name: 'Scan', exact: true }).click();
  expect(await scan(codes[0]!)).toContain('COME IN');

  await page.context().setOffline(false);
  await page.getByText(`1 of ${SEATS} are in`).waitFor();
  await page.getByRole('button', { name: /^Gates/ }).click();
  await page.getByRole('button', { name: 'Another event or gate' }).click();
  await page.getByRole('heading', { name: 'Which door?' }).waitFor();
});

it('scans of a gate that was left are told all the same', async () => {
  await page.route(`${door}/scans`, (route) => route.abort());
  expect(await scan(codes[0]!)).toContain('COME IN');
  await page.getByRole('button', { name: /^Gates/ }).click();
  await page.getByRole('button', { name: 'Another event or gate' }).click();
  await page.getByRole('heading', { name: 'Which door?' }).waitFor();
  await page.unroute(`${door}/scans`);
  await expect.poll(inside, PATIENCE).toBe(1);
});

/** What the page keeps in the browser: all rows of its database, as text. */
const kept = () =>
  page.evaluate(`(async () => {
    const asked = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
    const db = await asked(indexedDB.open('billetter-door'));
    const all = await Promise.all([...db.objectStoreNames].map((name) => asked(db.transaction(name).objectStore(name).getAll())));
    return JSON.stringify(all);
  })()`) as Promise<string>;

it('signing out forgets all, and ends the sign-in, also where the short one is over', async () => {
  const { name, value } = (await cookieOf('door_refresh'))!;
  expect(await kept()).toMatch(/Guest 0.*Olga|Olga.*Guest 0/);
  await page.context().clearCookies({ name: 'door_access' });
  await signOut();
  expect(await kept()).not.toMatch(/Guest|Olga|North|Night/);
  expect(await cookieOf('door_refresh')).toBeUndefined();
  expect((await renewWith(`${name}=${value}`)).status).toBe(401);
});

it('signing out without a network ends the sign-in once there is one, though nobody signs in again', async () => {
  await page.context().setOffline(true);
  await signOut();
  expect(await kept()).not.toMatch(/Guest|Olga|North|Night/);
  expect(await cookieOf('door_refresh')).toBeDefined();
  await page.context().setOffline(false);
  await expect.poll(() => cookieOf('door_refresh'), PATIENCE).toBeUndefined();
});
