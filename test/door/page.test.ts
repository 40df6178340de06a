// The door's page in a real browser: a camera that shows a QR, a network that goes, two gates, and who cannot see or use a mouse.

import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql } from 'kysely';
import type { Page } from 'playwright-core';
import QRCode from 'qrcode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config.ts';
import { freePort } from '../../deploy/local/ports.ts';
import { openBrowser, type TestBrowser, type Visit } from '../support/browser.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { eventOf, organizer, PASSWORD, sold } from './world.ts';

const SEATS = 520;

let world: World;
let browser: TestBrowser;
let owner: Awaited<ReturnType<typeof organizer>>;
let event: Awaited<ReturnType<typeof eventOf>>;
let orders: Awaited<ReturnType<typeof sold>>[];

/** A film of one picture: what a camera sees that is held before the code. */
function film(code: string): string {
  const [width, height] = [640, 480];
  const { modules } = QRCode.create(code, { errorCorrectionLevel: 'M' });
  const scale = Math.floor(440 / (modules.size + 8));
  const [left, top] = [(width - modules.size * scale) >> 1, (height - modules.size * scale) >> 1];
  const picture = Buffer.alloc(width * height * 1.5, 128).fill(235, 0, width * height);
  for (let y = 0; y < modules.size * scale; y++)
    for (let x = 0; x < modules.size * scale; x++)
      if (modules.get((y / scale) | 0, (x / scale) | 0)) picture[(top + y) * width + left + x] = 16;
  const path = join(mkdtempSync(join(tmpdir(), 'billetter-film-')), 'code.y4m');
  const frame = Buffer.concat([Buffer.from('FRAME\n'), picture]);
  writeFileSync(path, Buffer.concat([Buffer.from(`YUV4MPEG2 W${width} H${height} F10:1 Ip A1:1 C420jpeg\n`), frame, frame]));
  return path;
}

beforeAll(async () => {
  const port = await freePort();
  // Cookies sign a call in only on pages of the public address, so the browser opens that.
  const config = loadConfig({ NODE_ENV: 'test', PUBLIC_URL: `http://127.0.0.1:${port}` });
  world = await startWorld({ port, overrides: { config } });
  owner = await organizer(world, 'Olga');
  event = await eventOf(world, owner.id, SEATS, 'Night of the Doors');
  orders = [];
  for (let i = 0; i < 503; i++)
    orders.push(await sold(world, event, i === 0 ? 'Zoë Ångström' : `Guest ${String(i).padStart(3, '0')}`, [i]));
  const camera = ['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream'];
  browser = await openBrowser([...camera, `--use-file-for-fake-video-capture=${film(orders[502]!.tickets[0]!.code)}`]);
});
afterAll(async () => {
  await browser?.close();
  await world?.stop();
});

/** Everything that the page keeps in the browser, as text, and the addresses in its caches. */
const KEPT = `(async () => {
  const asked = (request) => new Promise((resolve) => { request.onsuccess = () => resolve(request.result); });
  const texts = [JSON.stringify(localStorage), JSON.stringify(sessionStorage)];
  for (const { name } of await indexedDB.databases()) {
    const db = await asked(indexedDB.open(name));
    for (const store of db.objectStoreNames) texts.push(JSON.stringify(await asked(db.transaction(store).objectStore(store).getAll())));
  }
  const names = await caches.keys();
  const all = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
  return { texts: texts.join('\\n'), urls: all.flat().map(({ url }) => url) };
})()`;

const code = (i: number) => orders[i]!.tickets[0]!.code;
const answer = (page: Page) => page.locator('#answer');

async function signIn({ page }: Visit): Promise<void> {
  await page.goto(`${world.url}/door/`);
  await page.getByLabel('E-mail').fill(owner.email);
  await page.getByLabel('Password').fill(PASSWORD);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('heading', { name: 'Which door?' }).waitFor();
}

async function open(visit: Visit, gate: string): Promise<Page> {
  const { page } = visit;
  await signIn(visit);
  await page.getByLabel(/Night of the Doors/).check();
  await page.getByLabel('This gate is called').fill(gate);
  await page.getByRole('button', { name: 'Open the door' }).click();
  await page.getByText(/of 503 are in/).waitFor();
  return page;
}

/** Types what a scanner reads; what the page says of it. */
async function type(page: Page, text: string): Promise<{ answer: string | null; word: string; why: string }> {
  // What was said before is wiped, so that the same answer twice is seen twice.
  await answer(page).evaluate((panel) => panel.removeAttribute('data-outcome'));
  await page.getByLabel('Code, order or name').fill(text);
  await page.getByRole('button', { name: 'Check' }).click();
  await page.locator('#answer[data-outcome]').waitFor();
  return {
    answer: await answer(page).getAttribute('data-answer'),
    word: await page.locator('#answer .word').innerText(),
    why: await page.locator('#answer .why').innerText(),
  };
}

const scanner = (gate: string, scans: object[]) =>
  world.call('POST', `/door/api/events/${event.id}/scans`, { token: owner.token, body: { gate, scans } });

describe('with a network', () => {
  it('a code is admitted once, and says who comes in; then by whom it was used and where', async () => {
    const visit = await browser.visit(world.url);
    const page = await open(visit, 'North');
    expect(await type(page, ` ${code(0)}\n`)).toMatchObject({
      answer: 'yes',
      word: 'COME IN',
      why: expect.stringContaining('Zoë Ångström'),
    });
    expect(await type(page, code(0))).toMatchObject({
      answer: 'no',
      word: 'ALREADY USED',
      why: expect.stringMatching(/at \d\d:\d\d at gate North/),
    });
    expect(await type(page, 'BT2.nonsense')).toMatchObject({ answer: 'no', word: 'NOT A TICKET' });
    await page.getByText('1 of 503 are in').waitFor();
    expect(visit.faults).toEqual([]);
    await page.context().close();
  });

  it('a guest is found by name, whatever the accents, and let in', async () => {
    const visit = await browser.visit(world.url);
    const page = await open(visit, 'North');
    await page.getByRole('button', { name: 'Guests' }).click();
    await page.getByLabel('Name, order or place').fill('angstrom ZOE');
    await page.getByText(/in since \d\d:\d\d at gate North/).waitFor();
    await page.getByLabel('Name, order or place').fill('guest 001');
    await page.getByRole('button', { name: 'Let in Guest 001' }).click();
    await page.locator('#answer[data-answer=yes]').waitFor();
    const { rows } = await sql`select from tickets where id = ${orders[1]!.tickets[0]!.id}::uuid and checked_in_gate = 'North'`.execute(
      world.db,
    );
    expect(rows).toHaveLength(1);
    expect(visit.faults).toEqual([]);
    await page.context().close();
  });

  it('the camera reads the code that is held before it', async () => {
    const visit = await browser.visit(world.url);
    const page = await open(visit, 'Camera');
    await page.getByRole('button', { name: 'Start the camera' }).click();
    await page.locator('#answer[data-answer=yes]').waitFor();
    expect(await page.locator('#answer .why').innerText()).toContain('Guest 502');
    await page.getByRole('button', { name: 'Stop the camera' }).click();
    expect(visit.faults).toEqual([]);
    await page.context().close();
  });

  it('what another gate admits is seen without asking', async () => {
    const visit = await browser.visit(world.url);
    const page = await open(visit, 'North');
    await scanner('South', [{ nonce: 'live', code: code(2) }]);
    // Counted in the rows: what the page says when it opens may be some seconds old, and then goes on by two at once.
    const { rows } = await sql`select from tickets where checked_in_at is not null`.execute(world.db);
    await page.getByText(`${rows.length} of 503 are in`).waitFor();
    await page.getByRole('button', { name: 'Gates' }).click();
    await page.getByRole('row', { name: /South 1/ }).waitFor();
    await page.context().close();
  });
});

describe('without a network', () => {
  it('500 scans are decided, outlive a reload, and are told later; the two that another gate had admitted are shown as conflicts', async () => {
    const visit = await browser.visit(world.url);
    const page = await open(visit, 'Island');
    await page.evaluate('navigator.serviceWorker.ready.then(() => true)');
    await page.context().setOffline(true);
    // Meanwhile at another gate, and a ticket is paid back: the island cannot know.
    await scanner('South', [
      { nonce: 'south-1', code: code(10) },
      { nonce: 'south-2', code: code(11) },
    ]);

    expect(await type(page, code(3))).toMatchObject({ answer: 'yes', why: expect.stringContaining('Decided offline') });
    expect(await type(page, code(3))).toMatchObject({ answer: 'no', word: 'ALREADY USED' });
    expect(await type(page, code(0))).toMatchObject({ answer: 'no', word: 'ALREADY USED', why: expect.stringContaining('North') });
    for (let i = 4; i < 250; i++) await type(page, code(i));
    await page.reload();
    await page.getByText(/scans wait to be uploaded/).waitFor();
    for (let i = 250; i < 502; i++) await type(page, code(i));
    expect(await page.locator('#kept').innerText()).toMatch(/50\d scans wait/);

    await page.context().setOffline(false);
    await page.getByText('503 of 503 are in').waitFor();
    await page.locator('#conflict-badge', { hasText: '2' }).waitFor();
    expect(await page.locator('#kept').innerText()).toBe('');
    await page.getByRole('button', { name: /Gates/ }).click();
    const told = await page.locator('#conflicts li').allInnerTexts();
    expect(told.sort()).toEqual([
      expect.stringMatching(/^Guest 010.*let in at \d\d:\d\d at gate Island by Olga, and before at \d\d:\d\d at gate South by Olga/),
      expect.stringMatching(/^Guest 011.*gate Island.*gate South/),
    ]);
    const { rows } = await sql<{ gate: string; n: number }>`select checked_in_gate as gate, count(*)::int as n from tickets
      where event_id = ${event.id}::uuid group by 1 order by 1`.execute(world.db);
    expect(rows.find(({ gate }) => gate === 'Island')?.n).toBe(497);
    expect(visit.faults).toEqual([]);

    // Nothing of anybody's address is kept.
    const kept = (await page.evaluate(KEPT)) as { texts: string; urls: string[] };
    expect(kept.texts).toContain('Guest 010');
    expect(kept.texts).not.toMatch(/[\w.-]+@[\w-]+\.\w+/);
    expect(kept.urls.filter((url) => url.includes('/api/'))).toEqual([]);
    await page.context().close();
  });

  it("an order's code is let in only if the list has its tickets: it exists before it is paid", async () => {
    const group = await sold(world, event, 'Group of Three', [510, 511, 512]);
    const visit = await browser.visit(world.url);
    const { page } = visit;
    await signIn(visit);
    await page.getByLabel(/Night of the Doors/).check();
    await page.getByLabel('This gate is called').fill('East');
    await page.getByRole('button', { name: 'Open the door' }).click();
    await page.getByText(/of 506 are in/).waitFor();
    await page.context().setOffline(true);
    const later = await sold(world, event, 'Later', [515]);
    expect(await type(page, group.code)).toMatchObject({ answer: 'yes', word: 'COME IN: 3 PEOPLE' });
    expect(await type(page, group.tickets[1]!.code)).toMatchObject({ answer: 'no', word: 'ALREADY USED' });
    expect(await type(page, later.code)).toMatchObject({ answer: 'unsure' });
    expect(await type(page, later.tickets[0]!.code)).toMatchObject({ answer: 'yes', word: 'COME IN' });
    await page.context().close();
  });
});

describe('for everybody', () => {
  const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

  it('has no serious finding of axe on any view, in light and in dark, and fits a narrow screen', async () => {
    const visit = await browser.visit(world.url);
    const { page } = visit;
    await page.setViewportSize({ width: 320, height: 640 });
    const look = async (where: string) => {
      await page.evaluate(AXE);
      const { violations } = (await page.evaluate("axe.run(document, { resultTypes: ['violations'] })")) as { violations: any[] };
      const serious = violations.filter(({ impact }: any) => impact === 'serious' || impact === 'critical');
      expect(serious.map(({ id, nodes }: any) => `${where}: ${id} ${nodes[0].html}`)).toEqual([]);
      expect(await page.evaluate('document.documentElement.scrollWidth'), where).toBeLessThanOrEqual(320);
    };
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme });
      await page.goto(`${world.url}/door/`);
      await page.getByRole('heading', { name: 'Sign in to scan tickets' }).waitFor();
      await look('sign in');
      await signIn(visit);
      await look('choose');
      await page.getByLabel(/Night of the Doors/).check();
      await page.getByLabel('This gate is called').fill('West');
      await page.getByRole('button', { name: 'Open the door' }).click();
      await page.getByText(/are in/).waitFor();
      await look('scan');
      await type(page, 'BT2.nonsense');
      await look('refused');
      await page.getByRole('button', { name: 'Guests' }).click();
      await page.getByLabel('Name, order or place').fill('guest');
      await look('guests');
      await page.getByRole('button', { name: /Gates/ }).click();
      await look('gates');
      await page.getByRole('button', { name: 'Sign out' }).last().click();
      await look('signing out');
      await page.locator('[data-sure=yes]').click();
      await page.getByRole('heading', { name: 'Sign in to scan tickets' }).waitFor();
    }
    expect(visit.faults).toEqual([]);
    await page.context().close();
  });

  it('is small: what a gate loads first is below 60 KB', async () => {
    const visit = await browser.visit(world.url);
    let bytes = 0;
    visit.page.on('response', async (response) => {
      if (!/\.png$/.test(response.url())) bytes += (await response.request().sizes()).responseBodySize;
    });
    await visit.page.goto(`${world.url}/door/`, { waitUntil: 'networkidle' });
    expect(bytes).toBeGreaterThan(5_000);
    expect(bytes).toBeLessThan(60_000);
    await visit.page.context().close();
  });
});
