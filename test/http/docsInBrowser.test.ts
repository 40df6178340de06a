// The pages of docs in a real browser: calls are tried in Swagger UI, signed in by token and by cookie; Redoc shows all APIs.
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config.ts';
import { freePort } from '../../deploy/local/ports.ts';
import { openBrowser, type TestBrowser, type Visit } from '../support/browser.ts';
import { startWorld, type World } from '../support/gateway.ts';
import { person } from '../support/made.ts';

const PASSWORD = 'SecurePass123!';

let world: World;
let browser: TestBrowser;
let visit: Visit;
beforeAll(async () => {
  const port = await freePort();
  // Cookies sign a call in only on pages of the public address, so the browser opens that.
  const config = loadConfig({ NODE_ENV: 'test', PUBLIC_URL: `http://127.0.0.1:${port}` });
  [world, browser] = await Promise.all([startWorld({ port, overrides: { config } }), openBrowser()]);
});
afterAll(async () => {
  await browser?.close();
  await world?.stop();
});
beforeEach(async () => {
  visit = await browser.visit(world.url);
});
afterEach(async () => {
  await visit.page.context().close();
});

/** Scrolls to what is meant: of a long document Swagger UI draws only what is near the window. */
async function reveal(page: Page, wanted: Locator): Promise<void> {
  await page.locator('.opblock').first().waitFor();
  for (let i = 0; i < 400 && !(await wanted.count()); i++) {
    await page.mouse.wheel(0, 500);
    await page.waitForTimeout(30);
  }
  await wanted.first().waitFor();
}

/** Opens an operation in Swagger UI, ready to be tried. */
async function open(page: Page, method: string, path: string): Promise<Locator> {
  const operation = page.locator(`.opblock-${method}`, { has: page.locator(`[data-path="${path}"]`) });
  await page.evaluate('scrollTo(0, 0)');
  await reveal(page, operation);
  await operation.locator('.opblock-summary-control').click();
  await operation.getByRole('button', { name: 'Try it out' }).click();
  return operation;
}

/** Presses Execute: what the page shows of the answer, and whether the call carried a token of the page's. */
async function execute(page: Page, operation: Locator): Promise<{ status: string; body: any; bearer: boolean }> {
  const [request] = await Promise.all([
    page.waitForRequest((sent) => sent.resourceType() === 'fetch'),
    operation.getByRole('button', { name: 'Execute' }).click(),
  ]);
  const live = operation.locator('.live-responses-table .response').first();
  // The page shows the answer before until this one is there.
  const answered = String((await request.response())!.status());
  const status = await live.locator('.response-col_status', { hasText: answered }).innerText();
  const body = await live.locator('.highlight-code pre').first().innerText();
  return { status: status.trim().split(/\s/)[0]!, body: JSON.parse(body), bearer: 'authorization' in (await request.allHeaders()) };
}

async function authorize(page: Page, token: string): Promise<void> {
  await page.evaluate('scrollTo(0, 0)');
  await page.locator('.auth-wrapper .authorize').first().click();
  const dialog = page.locator('.dialog-ux');
  const bearer = dialog.locator('form', { has: page.locator('#auth-bearer-value'), hasText: 'The access token.' });
  await bearer.locator('#auth-bearer-value').fill(token);
  await bearer.locator('button.authorize').click();
  await dialog.locator('.close-modal').click();
}

describe('/api/docs/', () => {
  it('makes a real call with a token from Authorize, of each API; without one it is 401', async () => {
    const { page, faults } = visit;
    const { token, email } = await person(world.db);
    await page.goto(`${world.url}/api/docs/`);
    const easy = await open(page, 'get', '/api/auth/profile/');
    expect(await execute(page, easy)).toMatchObject({ status: '401', bearer: false, body: { code: 'not_authenticated' } });

    await page.goto(`${world.url}/api/docs/easyticket/`);
    await authorize(page, token);
    const signed = await open(page, 'get', '/api/auth/profile/');
    expect(await execute(page, signed)).toMatchObject({ status: '200', bearer: true, body: { email } });
    await page.goto(`${world.url}/api/docs/evently/`);
    await authorize(page, token);
    const evently = await open(page, 'get', '/api/v1/users/profile');
    expect(await execute(page, evently)).toMatchObject({ status: '200', bearer: true, body: { data: { email } } });
    expect(faults).toEqual([]);
  });

  it('makes calls signed in by the cookies that signing in there sets', async () => {
    const { page, faults } = visit;
    const account = { email: 'cookie@example.test', password: PASSWORD };
    await world.call('POST', '/api/v1/auth/register', { body: { ...account, full_name: 'Ann' } });
    await page.goto(`${world.url}/api/docs/easyticket/`);
    const signIn = await open(page, 'post', '/api/auth/login/');
    await signIn.locator('textarea').fill(JSON.stringify(account));
    expect(await execute(page, signIn)).toMatchObject({ status: '200', bearer: false });

    const change = await open(page, 'patch', '/api/auth/profile/');
    await change.locator('textarea').fill('{"first_name":"Bea"}');
    expect(await execute(page, change)).toMatchObject({ status: '200', bearer: false });
    const profile = await open(page, 'get', '/api/auth/profile/');
    expect(await execute(page, profile)).toMatchObject({
      status: '200',
      bearer: false,
      body: { email: account.email, first_name: 'Bea' },
    });
    expect(faults).toEqual([]);
  });

  it('leads to the document of one API, and back', async () => {
    const { page, faults } = visit;
    const has = (path: string) => page.locator(`[data-path="${path}"]`);
    await page.goto(`${world.url}/api/docs/`);
    await reveal(page, has('/api/v1/bookings'));
    await reveal(page, has('/api/orders/'));

    await page.evaluate('scrollTo(0, 0)');
    await page.getByRole('link', { name: 'Evently API', exact: true }).click();
    await page.waitForURL('**/api/docs/evently/');
    await reveal(page, has('/api/v1/bookings'));
    expect(await has('/api/orders/').count()).toBe(0);
    await page.evaluate('scrollTo(0, 0)');
    await page.getByRole('link', { name: 'All APIs' }).click();
    await reveal(page, has('/api/orders/'));
    expect(faults).toEqual([]);
  });
});

describe('/api/redoc/', () => {
  it('shows both APIs, each with its tags, and finds an operation', async () => {
    const { page, faults } = visit;
    await page.goto(`${world.url}/api/redoc/`);
    const menu = page.locator('.menu-content');
    for (const text of ['EVENTLY API', 'EASYTICKET API']) await menu.getByText(new RegExp(text, 'i')).first().waitFor();
    await page.locator('[role=search] input').fill('day passes');
    await page.locator('[data-role="search:results"] li').first().waitFor();
    expect(faults).toEqual([]);
  });
});
