// Eight hours before a user interface, in a real browser with a real client certificate, on the gateway's own clock and waits. The
// deck has two issues of browsers without a cause, a window that closes by itself and a page that shows an error after a few
// minutes: whatever of ours could bring them about happens here, and each time the page goes on or its person is told how to.
import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import type { TestUser } from '@headgate/pki';
import {
  type CertifiedBrowser,
  exampleCatalogue,
  fakeClock,
  missing,
  type Page,
  startCertifiedBrowser,
  startTestGateway,
  type TestGateway,
  type TestGatewayOptions,
} from '@headgate/testkit';
import { pageFaults } from './page-faults.ts';
import { type PageLog, startUiSite, type UiSite } from './ui-site.ts';

const skip = missing('chromium') || missing('libnss3-tools') || missing('openssl');
const host = 'desk.grid.example.net';
const address = `https://${host}/offers`;
const minute = 60_000;
const hour = 60 * minute;

/** A browser before a UI behind a gateway, and what became of its windows. */
interface Watched {
  readonly gateway: TestGateway;
  readonly site: UiSite;
  page: Page;
  /** Windows that closed or crashed, and addresses that a window went to by itself. */
  readonly lost: string[];
  /** Opens the UI in a fresh browser with these certificates, as one does who closed every window. */
  restart(users: readonly TestUser[]): Promise<void>;
  /** Lets minutes pass for gateway and page alike; `each` is what the person does after each. */
  pass(minutes: number, each?: () => Promise<void>): Promise<PageLog>;
  /** What the page has written down, once nothing is under way. */
  log(): Promise<PageLog>;
  close(): Promise<void>;
}

async function watch(knowsSessions: boolean, options: TestGatewayOptions): Promise<Watched> {
  const site = await startUiSite({ knowsSessions });
  // A browser judges certificates by the machine's clock, so the story begins now.
  const gateway = await startTestGateway({
    clock: fakeClock(Math.floor(Date.now() / 1_000) * 1_000),
    catalogue: exampleCatalogue,
    hosts: [host, 'api.grid.example.net'],
    plainHosts: ['plain.example.net'],
    policy: 'limits: []\n',
    upstreams: [{ system: '*', endpoints: [site.url] }],
    virtualWaits: true,
    ...options,
  });
  let browser: CertifiedBrowser | null = null;
  const lost: string[] = [];
  const watched: Watched = {
    gateway,
    site,
    lost,
    page: undefined as unknown as Page, // The first restart opens it.
    async restart(users) {
      const before = browser;
      browser = null;
      await before?.close();
      const fresh = await startCertifiedBrowser(gateway, host, users);
      browser = fresh;
      watched.page = await fresh.newPage();
      const { page } = watched;
      page.on('close', () => {
        if (browser === fresh) lost.push('a window closed');
      });
      page.on('crash', () => lost.push('a window crashed'));
      page.on('framenavigated', (frame) => {
        if (frame === page.mainFrame() && !frame.url().startsWith(address)) lost.push(`it went to ${frame.url()}`);
      });
      // From here on the page's timers go by what `pass` lets pass, and by nothing else.
      await page.clock.install({ time: gateway.clock.now() });
      await page.clock.pauseAt(gateway.clock.now() + 1_000);
      await page.goto(address);
    },
    async pass(minutes, each = () => Promise.resolve()) {
      for (let passed = 0; passed < minutes; passed += 1) {
        await watched.log();
        gateway.clock.advanceMs(minute);
        await watched.page.clock.runFor(minute);
        await each();
      }
      return watched.log();
    },
    log: () => watched.page.evaluate<PageLog>('(async () => ({ ...(await settled()), notice: notice.textContent }))()'),
    async close() {
      const last = browser;
      browser = null;
      await last?.close();
      await gateway.close();
      await site.close();
    },
  };
  return watched;
}

/** A server certificate as new handshakes show it. */
async function shownCertificate(gateway: TestGateway): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const socket = connectTls({
    host: '127.0.0.1',
    port: gateway.port,
    servername: host,
    ca: gateway.authority.trustBundlePem('current', 'server').anchorsPem,
  });
  socket.once('secureConnect', () => resolve(socket.getPeerCertificate().fingerprint256));
  socket.once('error', reject);
  const shown = await promise;
  socket.destroy();
  return shown;
}

async function renewServerCertificate(gateway: TestGateway): Promise<void> {
  const before = await shownCertificate(gateway);
  const chain = await gateway.authority.serverChain('current', [host, 'api.grid.example.net']);
  await writeFile(join(gateway.folder, 'server.pem'), chain.certificatePem);
  await writeFile(join(gateway.folder, 'server.key'), chain.keyPem);
  await gateway.running.reload();
  assert.notEqual(await shownCertificate(gateway), before);
}

/** How the tunnels of a gateway ended, by what their records say. */
function tunnelEnds({ records }: TestGateway): string[] {
  return records.flatMap(({ response }) => (response.status === 101 ? [response.detail ?? 'ended'] : []));
}

describe('a page that knows of no sessions, before a host that has none', { skip }, () => {
  let watched: Watched;
  before(async () => {
    watched = await watch(false, { path: { tunnelMs: 2 * hour } });
    await watched.restart([watched.gateway.user]);
  });
  after(() => watched?.close());

  test('goes on for eight hours through cut WebSockets and a renewed server certificate, and nothing fails', async () => {
    const { gateway, lost, page } = watched;
    await watched.pass(4 * 60);
    await renewServerCertificate(gateway);
    await page.evaluate('speaks = false');
    await watched.pass(30);
    await page.evaluate('speaks = true');
    const log = await watched.pass(3.5 * 60);
    assert.deepEqual(log.failures, []);
    assert.deepEqual(lost, []);
    assert.equal(log.polls, 8 * 60);
    // How often depends on how fast this machine lets the hours pass: waits are looked at every 50 ms of its own.
    assert.ok(log.closed >= 2, `WebSockets were cut ${log.closed} times`);
    assert.ok(log.opened - log.closed <= 1);
    const ends = tunnelEnds(gateway);
    for (const bound of ['tunnelMs', 'tunnelIdleMs'])
      assert.ok(
        ends.some((end) => end.includes(bound)),
        ends.join(),
      );
    const refused = gateway.records.filter(({ response }) => response.refusal !== null);
    assert.deepEqual(
      refused.filter(({ listener }) => listener.path.startsWith('/offers')),
      [],
    );
  });
});

describe('a page that knows of sessions, before a host that has them', { skip }, () => {
  const bounds = { idleMs: 30 * minute, absoluteMs: 4 * hour, announceMs: 5 * minute };
  let watched: Watched;
  let first: TestUser;
  let renewed: TestUser;
  let startMs: number;
  before(async () => {
    watched = await watch(true, { uiSession: { [host]: bounds }, path: { tunnelMs: 2 * hour } });
    const { authority, clock } = watched.gateway;
    startMs = clock.now();
    const person = { name: 'BETAx0002', organisation: 'Harbor' };
    first = await authority.user('current', { ...person, notAfterMs: startMs + 6 * hour });
    renewed = await authority.user('current', person);
    await watched.restart([first]);
  });
  after(() => watched?.close());

  const refresh = async () => {
    await watched.page.click('#refresh');
    await watched.log();
  };
  const goOn = async () => {
    await watched.page.click('#on');
    return watched.log();
  };
  const hoursPassed = () => (watched.gateway.clock.now() - startMs) / hour;
  /** A person who looks at something new every ten minutes. */
  const work = async (minutes: number) => {
    for (let passed = 0; passed < minutes; passed += 10) {
      await watched.pass(10);
      await refresh();
    }
    return watched.log();
  };
  const shown = () => watched.page.evaluate<string>('document.body.innerText');

  test('while its person works, nothing fails and nothing is announced', async () => {
    const { failures, notice } = await work(60);
    assert.deepEqual([failures, notice], [[], '']);
  });

  test('when nobody is there, it says how many seconds are left, and a click keeps the session', async () => {
    const away = await watched.pass(27);
    assert.match(away.notice, /^Your session ends in 2\d\d seconds\.$/);
    const { notice, failures } = await goOn();
    assert.deepEqual([notice, failures], ['', []]);
  });

  test('when nobody comes back in time, it says when and why the session ended, and goes on with a click where it was', async () => {
    await watched.page.fill('#price', '41.50');
    const away = await watched.pass(33);
    assert.ok(away.failures.length > 0);
    for (const { what, told } of away.failures) {
      assert.equal(what, 'admission.session_ended');
      assert.match(told, /ended on .*Z: nothing was asked for 30 minutes\. Your request was not forwarded\./);
    }
    const before = away.polls;
    const { notice } = await goOn();
    assert.equal(notice, '');
    const on = await watched.pass(1);
    assert.equal(on.polls, before + 1);
    assert.equal(on.failures.length, away.failures.length);
    assert.equal(await watched.page.inputValue('#price'), '41.50');
  });

  test('when its cookie is dropped, a new session begins and nothing fails', async () => {
    const { failures } = await watched.log();
    await watched.page.context().clearCookies();
    const after = await work(10);
    assert.deepEqual(after.failures, failures);
    assert.equal((await watched.page.context().cookies(address)).length, 1);
    const states = watched.gateway.records.map(({ admission }) => admission?.session);
    assert.equal(states.filter((state) => state === 'begun').length, 2);
  });

  test('when its WebSocket is cut for being quiet or old, it opens another', async () => {
    const { failures, opened } = await watched.log();
    await watched.page.evaluate('speaks = false');
    await work(10);
    await watched.page.evaluate('speaks = true');
    await work(2 * 60);
    const { opened: openedAgain, failures: failedSince } = await watched.log();
    assert.ok(openedAgain >= opened + 2);
    assert.deepEqual(failedSince, failures);
    const ends = tunnelEnds(watched.gateway);
    for (const bound of ['tunnelMs', 'tunnelIdleMs'])
      assert.ok(
        ends.some((end) => end.includes(bound)),
        ends.join(),
      );
  });

  test('when the server certificate is renewed, it notices nothing', async () => {
    const { failures } = await watched.log();
    await renewServerCertificate(watched.gateway);
    assert.deepEqual((await work(10)).failures, failures);
  });

  test('when its person reloads it after the end, a page says why, keeps the address and goes on with one click', async () => {
    const { page, gateway } = watched;
    await watched.pass(32);
    const target = `${address}?day=2024-02-21&hour=7`;
    const response = await page.goto(target);
    assert.equal(response?.status(), 401);
    assert.equal(page.url(), target);
    assert.match(await shown(), /Session ended[\s\S]*nothing was asked for 30 minutes/);
    const faults = await pageFaults({ page, evaluate: (script) => page.evaluate(script) });
    assert.deepEqual(faults, []);
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.waitForSelector('#refresh');
    assert.equal(page.url(), target);
    assert.equal(gateway.records.filter(({ response: { status } }) => status === 303).length, 1);
    assert.deepEqual((await work(10)).failures, []);
  });

  test('when its person sends a form after the end, nothing is lost: it is sent again by a reload', async () => {
    const { page, site } = watched;
    await page.fill('#price', '43.25');
    await watched.pass(32);
    await page.click('#send');
    await page.waitForSelector('text=not passed on to the system, and it is not lost');
    assert.deepEqual(site.forms, []);
    const [tab] = await Promise.all([page.waitForEvent('popup'), page.click('button')]);
    await tab.waitForSelector('text=Your session is renewed');
    await tab.close();
    await page.reload();
    await page.waitForSelector('#taken');
    assert.deepEqual(site.forms, ['price=43.25']);
    await page.goto(address);
  });

  test('when its person looks at the session in another tab and logs out there, every page can be read and left by the keyboard alone', async () => {
    const tab = await watched.page.context().newPage();
    const evaluate = <Value>(script: string) => tab.evaluate<Value>(script);
    const heading = () => tab.textContent('h1');
    const press = async (tabs: number, next: string) => {
      for (let pressed = 0; pressed < tabs; pressed += 1) await tab.keyboard.press('Tab');
      await tab.keyboard.press('Enter');
      await tab.waitForSelector(`h1:text-is("${next}")`);
      assert.deepEqual(await pageFaults({ page: tab, evaluate }), []);
    };
    await tab.goto(`https://${host}/headgate/session`);
    assert.equal(await heading(), 'Your session');
    assert.deepEqual(await pageFaults({ page: tab, evaluate }), []);
    await press(2, 'Log out?');
    await press(1, 'You are logged out');
    assert.equal((await tab.goto(address))?.status(), 401);
    assert.match(await evaluate<string>('document.body.innerText'), /you logged out/);
    await tab.click('button');
    await tab.waitForSelector('#refresh');
    await tab.close();
    await watched.page.goto(address);
  });

  test('when the client certificate runs out, its person is told which and what to do, and goes on with the renewed one', async () => {
    const { gateway, page } = watched;
    while (hoursPassed() < 6) await work(10);
    const { failures, notice } = await watched.pass(2);
    assert.ok(failures.every(({ what }) => what === 'identity.certificate_expired'));
    assert.match(
      notice,
      /BETAx0002.* expired on .*Z\. Accepted issuers: .*\. Have it renewed by one of the accepted issuers/,
    );
    const refused = await page.goto(address);
    assert.equal(refused?.status(), 403);
    assert.match(await shown(), /Close every window of the browser[\s\S]*Valid until/);
    assert.deepEqual(await pageFaults({ page, evaluate: (script) => page.evaluate(script) }), []);
    await watched.restart([first, renewed]);
    assert.deepEqual((await work(10)).failures, []);
    assert.equal(gateway.records.at(-1)?.identity?.fingerprint, renewed.fingerprint256);
  });

  test('when its person is busy for as long as a session may last, it says so before, and a click begins a new one', async () => {
    const { gateway } = watched;
    const told: string[] = [];
    while (hoursPassed() < 10.2) {
      const { notice } = await watched.pass(4);
      if (notice !== '') {
        told.push(notice);
        await goOn();
      }
      await refresh();
    }
    assert.ok(told.length >= 1);
    assert.deepEqual((await watched.log()).failures, []);
    const ends = gateway.records.filter(({ response }) => response.refusal === 'admission.session_ended');
    assert.ok(ends.every(({ listener }) => listener.receivedMs < startMs + 6 * hour));
  });

  test('and in all that time no window closed, none went elsewhere, and nothing ended without a word', async () => {
    assert.ok(hoursPassed() > 8);
    assert.deepEqual(watched.lost, []);
    const { failures } = await watched.log();
    assert.deepEqual(
      failures.filter(({ told }) => told === ''),
      [],
    );
    const defects = watched.gateway.records.filter(({ response }) => response.refusal === 'gateway.defect');
    assert.deepEqual(defects, []);
  });
});
