// A Chromium is found, or one sentence says why not and what to do.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { findChromium } from '../../deploy/local/chromium.ts';

test('one that is named and cannot be used is told, and no other is taken instead', async () => {
  await expect(findChromium({ env: { BILLETTER_CHROMIUM: '/no/such' } })).rejects.toThrow(
    'BILLETTER_CHROMIUM=/no/such cannot be used: there is no such file',
  );
  await expect(findChromium({ env: { BILLETTER_CHROMIUM: '/bin/true' } })).rejects.toThrow(/cannot be used: it is no Chromium/);
});

test('where there is none, and none can be had, the sentence says what to do', async () => {
  const empty = mkdtempSync(join(tmpdir(), 'chromium-'));
  const platform = Object.getOwnPropertyDescriptor(process, 'platform')!;
  const find = () => findChromium({ env: { PATH: empty, BILLETTER_CACHE: empty }, say: () => {} });
  try {
    Object.defineProperty(process, 'platform', { value: 'sunos' });
    await expect(find()).rejects.toThrow(/^no Chromium is found, and npm has none for sunos \w+: install Chromium or Chrome/);
    Object.defineProperty(process, 'platform', { value: 'linux' });
    if (process.arch === 'x64') await expect(find()).rejects.toThrow(/npm did not give one.*BILLETTER_CHROMIUM/);
  } finally {
    Object.defineProperty(process, 'platform', platform);
    rmSync(empty, { recursive: true });
  }
});
