// Looks at /docs in Chromium: node tests/browser/docs_page.mjs URL [FOLDER]
// Fails when the page scrolls sideways, when anything of it is blocked or missing, or when a
// keyboard user sees no focus. With a folder, leaves a picture of each width and colour scheme.
// Needs Debian's chromium and nothing else: it speaks the DevTools protocol over a pipe.
import {spawn} from 'node:child_process';
import {mkdtempSync, mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

const [url, folder] = process.argv.slice(2);
if (!url) {
  console.error('usage: docs_page.mjs URL [FOLDER]');
  process.exit(2);
}
const widths = [320, 768, 1280];
const schemes = ['light', 'dark'];
const patience = 20_000;

const profile = mkdtempSync(join(tmpdir(), 'docs-page-'));
const browser = spawn('chromium', [
  '--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking',
  '--disable-sync', '--no-first-run', '--hide-scrollbars', '--remote-debugging-pipe',
  `--user-data-dir=${profile}`, 'about:blank',
], {stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe']});

const waiting = new Map();
const listeners = [];
let sent = 0;
let held = '';
browser.stdio[4].setEncoding('utf8').on('data', (piece) => {
  const messages = (held + piece).split('\0');
  held = messages.pop();
  for (const message of messages.map((text) => JSON.parse(text))) {
    if (message.id) {
      const {resolve, reject} = waiting.get(message.id);
      waiting.delete(message.id);
      message.error ? reject(new Error(message.error.message)) : resolve(message.result);
    } else {
      listeners.forEach((listener) => listener(message));
    }
  }
});

function call(method, params = {}, sessionId = undefined) {
  const id = ++sent;
  browser.stdio[3].write(JSON.stringify({id, method, params, sessionId}) + '\0');
  return new Promise((resolve, reject) => waiting.set(id, {resolve, reject}));
}

function event(name) {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no ${name} in time`)), patience);
    listeners.push((message) => {
      if (message.method === name) {
        clearTimeout(late);
        resolve(message.params);
      }
    });
  });
}

const findings = [];

async function look(session, width, scheme) {
  const where = `${width} px, ${scheme}`;
  const run = async (expression) =>
    (await call('Runtime.evaluate', {expression, returnByValue: true}, session)).result.value;
  await call('Emulation.setDeviceMetricsOverride',
    {width, height: 900, deviceScaleFactor: 1, mobile: false}, session);
  await call('Emulation.setEmulatedMedia',
    {features: [{name: 'prefers-color-scheme', value: scheme}]}, session);
  const loaded = event('Page.loadEventFired');
  await call('Page.navigate', {url}, session);
  await loaded;

  const overflow = await run('document.documentElement.scrollWidth');
  if (overflow > width) {
    findings.push(`${where}: ${overflow} px wide`);
  }
  const inner = await run(`[...document.querySelectorAll('main *, nav *')].filter((e) =>
    e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX !== 'visible' &&
    e.tagName !== 'THEAD').map((e) => e.tagName + ' ' + e.textContent.slice(0, 40)).join('; ')`);
  if (inner) {
    findings.push(`${where}: scrolls sideways inside: ${inner}`);
  }
  const faint = await run(contrast);
  if (faint) {
    findings.push(`${where}: contrast below 4.5: ${faint}`);
  }
  for (let i = 0; i < 6; ++i) {
    for (const type of ['keyDown', 'keyUp']) {
      await call('Input.dispatchKeyEvent',
        {type, key: 'Tab', code: 'Tab', windowsVirtualKeyCode: 9}, session);
    }
    const outline = await run(`(() => { const s = getComputedStyle(document.activeElement);
      return document.activeElement === document.body ? 'lost' :
        s.outlineStyle === 'none' || parseFloat(s.outlineWidth) < 2 ? 'unseen' : ''; })()`);
    if (outline) {
      findings.push(`${where}: focus ${outline} after ${i + 1} tabs`);
    }
  }
  await run('document.activeElement.blur()');
  if (folder) {
    const height = Math.min(await run('document.documentElement.scrollHeight'), 16_000);
    const {data} = await call('Page.captureScreenshot', {captureBeyondViewport: true,
      clip: {x: 0, y: 0, width, height, scale: 1}}, session);
    mkdirSync(folder, {recursive: true});
    writeFileSync(join(folder, `docs-${width}-${scheme}.png`), Buffer.from(data, 'base64'));
  }
}

// WCAG 2.2, 1.4.3: the ratio of each text to the nearest ground behind it that is not see-through.
const contrast = `(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (c) => { const [r, g, b] = rgb(c).map((v) => (v /= 255) <= 0.04045 ? v / 12.92 :
    ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const ground = (e) => { for (; e; e = e.parentElement) { const c =
    getComputedStyle(e).backgroundColor; if (rgb(c)[3] !== 0) { return c; } }
    return getComputedStyle(document.body).backgroundColor; };
  const bad = new Set();
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) { continue; }
    const [a, b] = [light(getComputedStyle(e).color), light(ground(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) { bad.add(e.tagName + '.' + e.className); }
  }
  return [...bad].join(', ');
})()`;

try {
  const {targetId} = await call('Target.createTarget', {url: 'about:blank'});
  const {sessionId} = await call('Target.attachToTarget', {targetId, flatten: true});
  for (const domain of ['Page', 'Runtime', 'Log', 'Network']) {
    await call(`${domain}.enable`, {}, sessionId);
  }
  listeners.push(({method, params}) => {
    if (method === 'Log.entryAdded' && !params.entry.url?.endsWith('/favicon.ico')) {
      findings.push(`${params.entry.text} ${params.entry.url ?? ''}`);
    }
    if (method === 'Network.responseReceived' && params.response.status !== 200 &&
        !params.response.url.endsWith('/favicon.ico')) {
      findings.push(`${params.response.status} for ${params.response.url}`);
    }
  });
  for (const width of widths) {
    for (const scheme of schemes) {
      await look(sessionId, width, scheme);
    }
  }
  console.log(`${widths.length * schemes.length} views, ${findings.length} findings`);
} catch (fault) {
  findings.push(fault.message);
} finally {
  const gone = new Promise((resolve) => browser.once('exit', resolve));
  call('Browser.close').catch(() => {});
  await gone;
  rmSync(profile, {recursive: true, force: true});
}
findings.forEach((finding) => console.error(finding));
process.exit(findings.length > 0 ? 1 : 0);
