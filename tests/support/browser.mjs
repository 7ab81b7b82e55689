// Chromium for the end-to-end suites: two independent contexts stand for two people.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { chromium } from 'playwright-core';

import { sha256File } from './files.mjs';
import { root } from './server.mjs';

const axeSource = readFileSync(path.join(root, 'tests/node_modules/axe-core/axe.min.js'), 'utf8');
const shots = path.join(root, 'tests/out/screenshots');

export const desktop = { width: 1280, height: 800 };
export const phone = { width: 360, height: 740 };

export async function launch(t) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? (existsSync('/usr/bin/chromium') ? '/usr/bin/chromium' : undefined),
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
      '--disable-component-update', '--disable-sync',
      // Loopback is the only interface that a test machine is sure to have.
      '--allow-loopback-in-peer-connection'],
  });
  t?.after(() => browser.close());
  return browser;
}

/** A person: a context of their own, with the console and the failures collected. */
export async function person(browser, origin, { viewport = desktop, ...options } = {}) {
  const context = await browser.newContext({ viewport, acceptDownloads: true, ...options });
  // Only with this permission does Chromium offer loopback addresses as ICE candidates.
  await context.grantPermissions(['microphone'], { origin });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  page.problems = [];
  page.downloads = [];
  page.on('pageerror', (e) => page.problems.push(`pageerror: ${e.message}`));
  page.on('console', (m) => {
    if (m.type() === 'error' && !/Failed to load resource|WebSocket connection to/.test(m.text())) page.problems.push(`console: ${m.text()}`);
  });
  page.on('request', (r) => {
    const url = new URL(r.url());
    if (!['data:', 'blob:'].includes(url.protocol) && url.host !== new URL(origin).host) page.problems.push(`foreign request: ${r.url()}`);
  });
  page.on('download', (d) => page.downloads.push(d));
  return page;
}

export const byId = (page, id) => page.locator(`[data-testid="${id}"]`);

export async function state(page, wanted, timeout = 30_000) {
  const states = [wanted].flat();
  const selector = states.map((s) => `[data-testid="card"][data-state="${s}"]`).join(',');
  try {
    await page.locator(selector).first().waitFor({ timeout });
  } catch (e) {
    const now = await byId(page, 'card').first().getAttribute('data-state').catch(() => 'no card');
    const text = await page.locator('main').innerText().catch(() => '');
    throw new Error(`waited for ${states}, the card is "${now}":\n${text}\n${page.problems.join('\n')}`, { cause: e });
  }
}

export async function saved(page, count, timeout = 60_000) {
  const deadline = Date.now() + timeout;
  while (page.downloads.length < count && Date.now() < deadline) await new Promise((r) => { setTimeout(r, 50); });
  if (page.downloads.length < count) throw new Error(`${page.downloads.length} of ${count} downloads`);
  const list = [];
  for (const download of page.downloads) {
    const file = await download.path();
    list.push({ name: download.suggestedFilename(), sha256: await sha256File(file), file });
  }
  return list.sort((a, b) => (a.name < b.name ? -1 : 1));
}

export async function shot(page, name) {
  mkdirSync(shots, { recursive: true });
  await page.screenshot({ path: path.join(shots, `${name}.png`), fullPage: true });
}

/** WCAG 2.2 AA rules of axe-core; returns readable violations. */
export async function axe(page) {
  await page.evaluate(axeSource);
  const result = await page.evaluate(() => globalThis.axe.run(document, {
    runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'] }));
  return result.violations.map((v) => `${v.id}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
}
