// A real browser for one test file: Debian's Chromium, for which every name of the market is the gateway under test.
import { type Browser, chromium } from 'playwright-core';
import type { TestGateway } from './test-gateway.ts';

/** A page as the browser shows it, judged by what it holds. */
export interface ShownPage {
  readonly status: number;
  /** Names in lower case. */
  readonly fields: Readonly<Record<string, string>>;
  /** Evaluates a script in the page; the page itself may run none. */
  evaluate<Value>(script: string): Promise<Value>;
  /** Addresses that the page made the browser ask for, its own among them. */
  readonly requested: readonly string[];
}

/** A browser that holds no client certificate. */
export interface TestBrowser {
  /** Opens an address in a fresh profile, as a person does who types it. */
  open(url: string): Promise<ShownPage>;
  close(): Promise<void>;
}

/** Starts Chromium (Debian package `chromium`). Close it in `t.after`; pages close with it. */
export async function startBrowser(gateway: TestGateway): Promise<TestBrowser> {
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      `--host-resolver-rules=MAP * 127.0.0.1:${gateway.port}`,
      // Chromium's sandbox cannot be set up by root, which is who runs tests in containers.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  });
  return { open: (url) => open(browser, url), close: () => browser.close() };
}

async function open(browser: Browser, url: string): Promise<ShownPage> {
  // The test authority is in no store of the machine; what a page says is judged here, not whom the browser trusts.
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  const requested: string[] = [];
  page.on('request', (request) => requested.push(request.url()));
  const response = await page.goto(url);
  if (response === null) throw new Error(`The browser showed nothing for ${url}.`);
  return {
    status: response.status(),
    fields: await response.allHeaders(),
    evaluate: (script) => page.evaluate(script),
    requested,
  };
}
