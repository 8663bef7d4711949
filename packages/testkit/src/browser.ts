// A real browser for one test file: Debian's Chromium, for which every name of the market is the gateway under test. One kind
// holds no client certificate; the other has some in its own store (NSS), as a person's browser has.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { TestAuthority, TestUser } from '@headgate/pki';
import { type Browser, chromium, type Page } from 'playwright-core';
import type { TestGateway } from './test-gateway.ts';

export type { Page } from 'playwright-core';

/** A page as the browser shows it, judged by what it holds. */
export interface ShownPage {
  readonly status: number;
  /** Names in lower case. */
  readonly fields: Readonly<Record<string, string>>;
  /** Evaluates a script in the page; the page itself may run none. */
  evaluate<Value>(script: string): Promise<Value>;
  /** Addresses that the page made the browser ask for, its own among them. */
  readonly requested: readonly string[];
  readonly page: Page;
}

/** A browser that holds no client certificate. */
export interface TestBrowser {
  /** Opens an address in a fresh profile, as a person does who types it. */
  open(url: string): Promise<ShownPage>;
  close(): Promise<void>;
}

/** A browser with client certificates: one profile, which keeps its cookies until it is closed. */
export interface CertifiedBrowser {
  open(url: string): Promise<ShownPage>;
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

const executablePath = '/usr/bin/chromium';

function argumentsFor(gateway: TestGateway): string[] {
  return [
    `--host-resolver-rules=MAP * 127.0.0.1:${gateway.port}`,
    // Chromium's sandbox cannot be set up by root, which is who runs tests in containers.
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  ];
}

/** Starts Chromium (Debian package `chromium`). Close it in `t.after`; pages close with it. */
export async function startBrowser(gateway: TestGateway): Promise<TestBrowser> {
  const browser = await chromium.launch({ executablePath, args: argumentsFor(gateway) });
  return { open: (url) => openFresh(browser, url), close: () => browser.close() };
}

async function openFresh(browser: Browser, url: string): Promise<ShownPage> {
  // The test authority is in no store of the machine; what a page says is judged here, not whom the browser trusts.
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  return show(await context.newPage(), url);
}

async function show(page: Page, url: string): Promise<ShownPage> {
  const requested: string[] = [];
  page.on('request', (request) => requested.push(request.url()));
  const response = await page.goto(url);
  if (response === null) throw new Error(`The browser showed nothing for ${url}.`);
  return {
    status: response.status(),
    fields: await response.allHeaders(),
    evaluate: (script) => page.evaluate(script),
    requested,
    page,
  };
}

/**
 * Starts Chromium with the certificates of `users` in its store and the server authorities of the test among those it trusts
 * (Debian packages `chromium`, `libnss3-tools`, `openssl`). At `host` it offers a certificate without asking: the newest of those
 * it holds. It goes by the machine's clock.
 */
export async function startCertifiedBrowser(
  gateway: TestGateway,
  host: string,
  users: readonly TestUser[],
): Promise<CertifiedBrowser> {
  const home = await mkdtemp(join(tmpdir(), 'headgate-browser-'));
  await writeCertificateStore(home, gateway.authority, users);
  const profile = join(home, 'profile');
  await mkdir(join(profile, 'Default'), { recursive: true });
  // The setting behind the policy AutoSelectCertificateForUrls, for this profile alone: policies hold for the whole machine.
  const choice = { [`https://${host}:443,*`]: { setting: { filters: [{}] } } };
  await writeFile(
    join(profile, 'Default', 'Preferences'),
    JSON.stringify({ profile: { content_settings: { exceptions: { auto_select_certificate: choice } } } }),
  );
  const context = await chromium.launchPersistentContext(profile, {
    executablePath,
    args: argumentsFor(gateway),
    env: { ...process.env, HOME: home },
  });
  return {
    open: async (url) => show(await context.newPage(), url),
    newPage: () => context.newPage(),
    async close() {
      await context.close();
      await rm(home, { recursive: true, force: true });
    },
  };
}

const run = promisify(execFile);

/** The store that Chromium on Linux reads: `~/.pki/nssdb`. */
async function writeCertificateStore(
  home: string,
  authority: TestAuthority,
  users: readonly TestUser[],
): Promise<void> {
  const folder = join(home, '.pki', 'nssdb');
  const store = `sql:${folder}`;
  await mkdir(folder, { recursive: true });
  await run('certutil', ['-N', '-d', store, '--empty-password']);
  for (const family of ['legacy', 'current'] as const) {
    const anchors = join(home, `${family}.pem`);
    await writeFile(anchors, authority.trustBundlePem(family, 'server').anchorsPem);
    await run('certutil', ['-A', '-d', store, '-t', 'C,,', '-n', `${family} servers`, '-i', anchors]);
  }
  for (const [at, user] of users.entries()) {
    const pem = join(home, `user-${at}.pem`);
    const bag = join(home, `user-${at}.p12`);
    await writeFile(pem, `${user.certificatePem}${user.keyPem}`, { mode: 0o600 });
    await run('openssl', [
      'pkcs12',
      '-export',
      '-in',
      pem,
      '-out',
      bag,
      '-passout',
      'pass:test',
      '-name',
      `user ${at}`,
    ]);
    await run('pk12util', ['-i', bag, '-d', store, '-W', 'test', '-K', '']);
  }
}
