// A headless Chromium for tests: each visit is a browser of its own, and whatever a page does wrong is written down.
import { type Browser, chromium, type Page } from 'playwright-core';
import { findChromium } from '../../deploy/local/chromium.ts';

/** For what is dead, not for what is slow. */
const PATIENCE_MS = 120_000;

export type Visit = {
  page: Page;
  /** What went wrong so far: errors of scripts, what the page's policy refused, and calls to anywhere else, which are not let through. */
  faults: string[];
};

export type TestBrowser = {
  /** A new browser window without cookies, for pages of these origins (http://127.0.0.1:8000). */
  visit(...origins: string[]): Promise<Visit>;
  close(): Promise<void>;
};

/** Starts the browser, with these arguments. Fails with a sentence where there is no Chromium and none can be had. */
export async function openBrowser(args: string[] = []): Promise<TestBrowser> {
  const { path } = await findChromium();
  const browser: Browser = await chromium.launch({ executablePath: path, timeout: PATIENCE_MS, args });
  return {
    async visit(...origins) {
      const context = await browser.newContext();
      context.setDefaultTimeout(PATIENCE_MS);
      const faults: string[] = [];
      await context.route(
        (url) => !origins.includes(url.origin) && !['data:', 'blob:'].includes(url.protocol),
        (route) => {
          faults.push(`a call to ${route.request().url()}`);
          return route.abort();
        },
      );
      const page = await context.newPage();
      page.on('pageerror', (error) => faults.push(error.message));
      page.on('console', (message) => {
        // Refused calls are answers, which a page may show; they are no fault of its.
        if (message.type() === 'error' && !/^Failed to load resource/.test(message.text())) faults.push(message.text());
      });
      return { page, faults };
    },
    close: () => browser.close(),
  };
}
