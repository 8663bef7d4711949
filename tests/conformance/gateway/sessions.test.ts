// Sessions of people at user interfaces, and that programs have none: what a browser is told and given, when it ends, how to go on,
// and that neither a cookie nor its loss changes who somebody is.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  fakeClock,
  openRawCaller,
  type TestAnswer,
  type TestCall,
  type TestGateway,
  type TestGatewayOptions,
} from '@headgate/testkit';
import { callsTo, noLimits } from './calls.ts';
import { type Operator, operators } from './operators.ts';
import { codeOf, wordsOf } from './told.ts';

const minute = 60_000;
const hour = 60 * minute;
const bounds = { idleMs: 30 * minute, absoluteMs: 2 * hour, announceMs: 5 * minute };
const page = 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8';
const navigation = {
  accept: page,
  'sec-fetch-mode': 'navigate',
  'sec-fetch-dest': 'document',
  'sec-fetch-site': 'same-origin',
};
const script = { accept: '*/*', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', 'sec-fetch-site': 'same-origin' };
const form = 'application/x-www-form-urlencoded';

/** What the answer set, as a browser sends it back; undefined where it set nothing. */
function cookieOf({ fields }: TestAnswer): string | undefined {
  const [first, ...more] = fields['set-cookie'] ?? [];
  assert.deepEqual(more, []);
  return first?.split(';', 1)[0];
}

for (const operator of operators) describe(`at ${operator.name}`, () => sessionsAt(operator));

function sessionsAt(operator: Operator): void {
  const { host, path } = operator.page.call;

  async function begin(
    t: { after(work: () => Promise<void>): void },
    options: TestGatewayOptions = {},
  ): Promise<{ gateway: TestGateway; visit: (call?: TestCall) => Promise<TestAnswer> }> {
    const gateway = await callsTo(operator).start({ policy: noLimits, uiSession: { [host]: bounds }, ...options });
    t.after(() => gateway.close());
    const visit = ({ fields, ...call }: TestCall = {}) =>
      gateway.call({ host, path, method: 'GET', ...call, fields: { ...navigation, ...fields } });
    return { gateway, visit };
  }

  const send = (body: string, fields: TestCall['fields'] = {}): TestCall => ({
    method: 'POST',
    body,
    fields: { 'content-type': form, origin: `https://${host}`, ...fields },
  });

  describe('a person', () => {
    test('has a session from the first call on, is told what is left, and gets a cookie only when the end moves', async (t) => {
      const { gateway, visit } = await begin(t);
      const first = await visit();
      assert.equal(first.status, 200);
      assert.equal(first.fields['headgate-session-ends'], `${31 * 60};by=idle`);
      assert.match(
        String(first.fields['set-cookie']),
        /^__Host-headgate-session=[\w.-]{1,96}; Path=\/; Secure; HttpOnly; SameSite=Lax$/,
      );
      const cookie = cookieOf(first) ?? '';
      gateway.clock.advanceMs(30_000);
      const second = await visit({ fields: { cookie } });
      assert.equal(cookieOf(second), undefined);
      assert.equal(second.fields['headgate-session-ends'], `${31 * 60 - 30};by=idle`);
      gateway.clock.advanceMs(29 * minute);
      const third = await visit({ fields: { cookie } });
      assert.notEqual(cookieOf(third), cookie);
      assert.equal(third.fields['headgate-session-ends'], `${31 * 60};by=idle`);
      assert.deepEqual(
        (await gateway.recorded(3)).map(({ admission }) => admission?.session),
        ['begun', 'continued', 'continued'],
      );
    });

    test('who did nothing for too long is told when and why it ended, and nothing is forwarded', async (t) => {
      const { gateway, visit } = await begin(t);
      const cookie = cookieOf(await visit()) ?? '';
      gateway.clock.advanceMs(31 * minute);
      const ended = await visit({ path: `${path}?a=1&b="<`, fields: { cookie } });
      assert.equal(ended.status, 401);
      assert.equal(ended.fields['www-authenticate'], 'Headgate-Session');
      assert.equal(ended.fields['headgate-session-ends'], '0;by=idle;soon');
      const told = wordsOf(ended, 'html');
      assert.equal(told.code, 'admission.session_ended');
      assert.match(told.text, /nothing was asked for 30 minutes/);
      assert.ok(told.text.includes(`name="to" value="${path}?a=1&b=`), told.text);
      assert.ok(ended.body.includes('&#34;&#60;'), 'what stands in the address stays text');
      assert.equal(gateway.upstream.received.length, 1);
      assert.equal((await gateway.recordOf(ended)).admission?.session, 'ended');
    });

    test('goes on with one click at the address that was asked for', async (t) => {
      const { gateway, visit } = await begin(t);
      const cookie = cookieOf(await visit()) ?? '';
      gateway.clock.advanceMs(10 * hour);
      assert.equal((await visit({ fields: { cookie } })).status, 401);
      const target = `${path}?from=a&to=b%20c`;
      const on = await visit({
        path: '/headgate/session',
        ...send(new URLSearchParams({ to: target }).toString(), { cookie }),
      });
      assert.equal(on.status, 303);
      assert.equal(on.fields.location, target);
      const fresh = cookieOf(on);
      assert.ok(fresh !== undefined);
      assert.equal((await visit({ path: target, fields: { cookie: fresh } })).status, 200);
      assert.equal(gateway.upstream.received.at(-1)?.target, target);
    });

    test('is sent to no other host, whatever a form says', async (t) => {
      const { visit } = await begin(t);
      for (const to of [
        'https://elsewhere.example.org/',
        '//elsewhere.example.org/',
        '/\\elsewhere.example.org',
        'offers',
        '/a\r\nset-cookie: a=b',
        '/a b',
        '/ü',
        '/headgate/logout',
        `/${'x'.repeat(9_000)}`,
      ]) {
        const answer = await visit({ path: '/headgate/session', ...send(new URLSearchParams({ to }).toString()) });
        assert.equal(answer.status, 200, to);
        assert.equal(answer.fields.location, undefined);
        assert.match(answer.body, /Your session is renewed/);
      }
    });

    test('who sent a form into an ended session is told that it was not passed on, and how to send it again', async (t) => {
      const { gateway, visit } = await begin(t);
      const cookie = cookieOf(await visit()) ?? '';
      gateway.clock.advanceMs(hour);
      const ended = await visit(send('bid=1', { cookie }));
      assert.equal(ended.status, 401);
      assert.match(ended.body, /not passed on to the system, and it is not lost/);
      assert.match(ended.body, /<form method="post" action="\/headgate\/session" target="_blank"><button>/);
      assert.equal(gateway.upstream.received.length, 1);
      const fresh = cookieOf(await visit({ path: '/headgate/session', ...send('', { cookie }) })) ?? '';
      assert.equal((await visit(send('bid=1', { cookie: fresh }))).status, 200);
      assert.equal(gateway.upstream.received.at(-1)?.body.toString(), 'bid=1');
    });

    test('who is busy all the time is told of the longest that a session lasts before it ends', async (t) => {
      const { gateway, visit } = await begin(t);
      let cookie = cookieOf(await visit()) ?? '';
      let answer = await visit({ fields: { cookie } });
      const told: string[] = [];
      while (answer.status === 200) {
        told.push(String(answer.fields['headgate-session-ends']));
        gateway.clock.advanceMs(minute);
        answer = await visit({ fields: { cookie } });
        cookie = cookieOf(answer) ?? cookie;
      }
      assert.equal(told.length, 120, 'two hours of a minute each');
      assert.deepEqual(told.slice(-6), [
        '360;by=absolute',
        ...[5, 4, 3, 2, 1].map((left) => `${left * 60};by=absolute;soon`),
      ]);
      assert.match(wordsOf(answer, 'html').text, /it had lasted 2 hours, the longest that one may/);
    });

    test('renews a session before its end, and has as long again', async (t) => {
      const { gateway, visit } = await begin(t);
      const cookie = cookieOf(await visit()) ?? '';
      gateway.clock.advanceMs(28 * minute);
      const shown = await visit({ path: '/headgate/session', fields: { cookie } });
      assert.match(shown.body, /Your session ends in 3 minutes, on .* UTC, unless you do something before\./);
      assert.equal(cookieOf(shown), undefined, 'to look lengthens nothing');
      const renewed = await visit({ path: '/headgate/session', ...send('', { cookie }) });
      assert.match(renewed.body, /Your session is renewed\. It ends in 31 minutes/);
      assert.equal(renewed.fields['headgate-session-ends'], `${31 * 60};by=idle`);
      gateway.clock.advanceMs(30 * minute);
      assert.equal((await visit({ fields: { cookie: cookieOf(renewed) ?? '' } })).status, 200);
    });

    test('who logs out is asked first, and then before anything is shown again', async (t) => {
      const { gateway, visit } = await begin(t);
      const cookie = cookieOf(await visit()) ?? '';
      const asked = await visit({ path: '/headgate/logout', fields: { cookie } });
      assert.match(asked.body, /<h1>Log out\?<\/h1>/);
      assert.equal(cookieOf(asked), undefined);
      assert.equal((await visit({ fields: { cookie } })).status, 200);
      const left = await visit({ path: '/headgate/logout', ...send('', { cookie }) });
      assert.match(left.body, /<h1>You are logged out<\/h1>/);
      const after = await visit({ fields: { cookie: cookieOf(left) ?? '' } });
      assert.equal(after.status, 401);
      assert.match(wordsOf(after, 'html').text, /you logged out/);
      assert.equal(gateway.upstream.received.length, 2);
    });

    test('whose cookie is lost, forged, or of another certificate begins a new session and loses nothing', async (t) => {
      const { gateway, visit } = await begin(t);
      const cookie = cookieOf(await visit()) ?? '';
      const other = await gateway.authority.user('current', { name: 'BETAx0002', organisation: 'CAISO' });
      const cases: readonly (readonly [call: TestCall, state: string])[] = [
        [{}, 'begun'],
        [{ fields: { cookie: 'other=1' } }, 'begun'],
        [{ fields: { cookie: `${cookie.slice(0, -2)}AA` } }, 'begun-anew'],
        [{ fields: { cookie: '__Host-headgate-session=1' } }, 'begun-anew'],
        [{ fields: { cookie }, user: other }, 'begun-anew'],
      ];
      for (const [call, state] of cases) {
        const answer = await visit(call);
        assert.equal(answer.status, 200);
        assert.ok(cookieOf(answer));
        assert.equal((await gateway.recordOf(answer)).admission?.session, state);
      }
      gateway.clock.advanceMs(hour);
      assert.equal(
        (await visit({ fields: { cookie }, user: other })).status,
        200,
        'an ended session of another says nothing',
      );
    });

    test('is whoever the certificate says, whatever session the cookie is of', async (t) => {
      const { gateway, visit } = await begin(t);
      const cookie = cookieOf(await visit()) ?? '';
      assert.equal(codeOf(await visit({ fields: { cookie }, user: null })), 'identity.certificate_missing');
      const expired = await gateway.authority.expiredUser('current', { name: 'BETAx0002', organisation: 'CAISO' });
      const refused = await visit({ fields: { cookie }, user: expired });
      assert.equal(codeOf(refused), 'identity.certificate_expired');
      assert.equal(refused.fields['headgate-session-ends'], undefined);
      assert.equal(gateway.upstream.received.length, 1);
    });
  });

  describe('a script of a page', () => {
    test('is told in JSON that the session ended, and never sent to a page', async (t) => {
      const { gateway, visit } = await begin(t);
      const cookie = cookieOf(await visit()) ?? '';
      gateway.clock.advanceMs(hour);
      for (const fields of [
        script,
        { ...script, accept: 'text/html, */*; q=0.01' },
        { ...script, 'sec-fetch-mode': 'same-origin' },
      ]) {
        for (const call of [{}, send('a=1')]) {
          const ended = await visit({ ...call, fields: { ...call.fields, ...fields, cookie } });
          assert.equal(ended.status, 401);
          assert.equal(ended.fields.location, undefined);
          const told = wordsOf(ended, 'problem+json');
          assert.equal(told.code, 'admission.session_ended');
          assert.equal(told.forwarded, 'no');
          assert.match(told.fix ?? '', /POST to \/headgate\/session/);
        }
      }
    });

    test('may ask how long the session lasts as often as it likes, and lengthens nothing', async (t) => {
      const { gateway, visit } = await begin(t);
      const ask = async (cookie: string) => {
        const answer = await visit({ path: '/headgate/session', fields: { ...script, cookie } });
        assert.equal(answer.status, 200);
        assert.equal(cookieOf(answer), undefined);
        assert.match(String(answer.fields['cache-control']), /no-store/);
        return JSON.parse(answer.body) as Record<string, unknown>;
      };
      assert.equal((await ask('')).state, 'none');
      const cookie = cookieOf(await visit()) ?? '';
      gateway.clock.advanceMs(10 * minute);
      const open = await ask(cookie);
      assert.deepEqual([open.state, open.secondsLeft, open.endsBy, open.endsSoon], ['open', 21 * 60, 'idle', false]);
      for (let asked = 0; asked < 15; asked += 1) {
        gateway.clock.advanceMs(minute);
        await ask(cookie);
      }
      const soon = await ask(cookie);
      assert.deepEqual([soon.secondsLeft, soon.endsSoon], [6 * 60, false]);
      gateway.clock.advanceMs(minute);
      assert.equal((await ask(cookie)).endsSoon, true);
      gateway.clock.advanceMs(5 * minute);
      assert.deepEqual([(await ask(cookie)).state, (await ask(cookie)).secondsLeft], ['ended', 0]);
    });

    test('that asks by itself may say so, and the session ends as if it had not asked', async (t) => {
      const { gateway, visit } = await begin(t);
      const cookie = cookieOf(await visit()) ?? '';
      const poll = () => visit({ fields: { ...script, cookie, 'headgate-session': 'passive' } });
      for (let polled = 0; polled < 30; polled += 1) {
        gateway.clock.advanceMs(minute);
        const answer = await poll();
        assert.equal(answer.status, 200);
        assert.equal(cookieOf(answer), undefined);
      }
      const handshake = { upgrade: 'websocket', connection: 'upgrade', 'sec-fetch-mode': 'websocket' };
      const opened = await visit({ fields: { ...script, ...handshake, cookie } });
      assert.deepEqual([opened.status, cookieOf(opened)], [200, undefined], 'a page opens a WebSocket by itself');
      gateway.clock.advanceMs(minute);
      assert.equal((await poll()).status, 401);
    });

    test('renews the session for its person, from this host alone', async (t) => {
      const { visit } = await begin(t);
      const renewed = await visit({ path: '/headgate/session', ...send('', script) });
      const told = JSON.parse(renewed.body) as Record<string, unknown>;
      assert.deepEqual([told.state, told.renewed, told.secondsLeft], ['open', true, 31 * 60]);
      assert.ok(cookieOf(renewed));
      for (const elsewhere of [
        { ...script, 'sec-fetch-site': 'cross-site' },
        { ...script, 'sec-fetch-site': 'same-site' },
        { ...script, origin: 'https://elsewhere.example.org' },
        { ...script, origin: 'null' },
        { ...script, origin: null },
        { ...script, 'sec-fetch-site': null },
        { ...navigation, 'sec-fetch-site': 'cross-site' },
      ]) {
        const refused = await visit({ path: '/headgate/session', ...send('', elsewhere) });
        assert.equal(refused.status, 403);
        assert.equal(codeOf(refused), 'route.person_only');
        assert.equal(cookieOf(refused), undefined);
      }
    });

    test('that opens a WebSocket in an ended session is refused in JSON, and no tunnel opens', async (t) => {
      const { gateway, visit } = await begin(t);
      const cookie = cookieOf(await visit()) ?? '';
      gateway.clock.advanceMs(hour);
      const caller = await openRawCaller(gateway, { serverName: host });
      caller.write(
        `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n` +
          `Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEA==\r\nSec-Fetch-Mode: websocket\r\nAccept: text/html\r\nCookie: ${cookie}\r\n\r\n`,
      );
      const answer = await caller.answer();
      assert.equal(answer.status, 401);
      assert.equal(answer.fields.get('content-type'), 'application/problem+json');
      caller.destroy();
    });
  });

  describe('a program', () => {
    test('gets no cookie of ours from any address, and one that it sends changes nothing', async (t) => {
      const { gateway, visit } = await begin(t, {
        uiSession: Object.fromEntries([host, ...hostsOf(operator)].map((each) => [each, bounds])),
      });
      const cookie = cookieOf(await visit()) ?? '';
      const left = cookieOf(await visit({ path: '/headgate/logout', ...send('', { cookie }) })) ?? '';
      gateway.clock.advanceMs(hour);
      for (const call of addressesOf(operator)) {
        const plain = await gateway.call(call);
        for (const sent of [cookie, left, `${cookie}x`, '__Host-headgate-session=']) {
          const answer = await gateway.call({ ...call, fields: { ...call.fields, cookie: sent } });
          assert.equal(answer.status, plain.status);
          assert.equal(answer.body.length, plain.body.length);
          for (const name of ['set-cookie', 'headgate-session-ends', 'location'])
            assert.equal(answer.fields[name], undefined, name);
          assert.equal(gateway.upstream.received.at(-1)?.fields.cookie, undefined, 'no system receives it');
          assert.equal((await gateway.recordOf(answer)).admission?.session, null);
        }
      }
    });

    test('that asks for the page to log out is refused in its own format, and never sent anywhere', async (t) => {
      const { gateway, visit } = await begin(t);
      const cookie = cookieOf(await visit()) ?? '';
      const soap = { accept: null, 'sec-fetch-mode': null, 'sec-fetch-dest': null, 'sec-fetch-site': null, cookie };
      const java = 'text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2';
      for (const path of ['/headgate/logout', '/headgate/logout?a=1']) {
        const refused = await visit({ path, fields: { ...soap, accept: java } });
        assert.equal(refused.status, 403);
        assert.equal(wordsOf(refused, 'problem+json').code, 'route.person_only');
        const fault = await visit({ path, method: 'POST', fields: { ...soap, 'content-type': 'text/xml' } });
        assert.equal(fault.status, 500);
        assert.equal(wordsOf(fault, 'soap-1.1').code, 'route.person_only');
        for (const answer of [refused, fault]) {
          assert.equal(answer.fields.location, undefined);
          assert.equal(cookieOf(answer), undefined);
        }
      }
      const inFrame = await visit({ path: '/headgate/logout', fields: { 'sec-fetch-dest': 'iframe' } });
      assert.equal(codeOf(inFrame), 'route.person_only');
      assert.equal((await visit({ fields: { cookie } })).status, 200, 'the session is as it was');
      assert.equal(gateway.upstream.received.length, 2);
    });

    test('finds no such pages at an address of its own', async (t) => {
      const { gateway } = await begin(t);
      const { host: own } = operator.retrieve.call;
      for (const path of ['/headgate/session', '/headgate/logout'])
        assert.equal(
          codeOf(await gateway.call({ host: own, path, method: 'GET', fields: navigation })),
          'route.not_found',
        );
    });

    test('that calls a user interface with its certificate alone is served each time', async (t) => {
      const { gateway } = await begin(t);
      for (let called = 0; called < 3; called += 1) {
        assert.equal((await gateway.call({ host, path, method: 'GET' })).status, 200);
        gateway.clock.advanceMs(hour);
      }
    });
  });

  test('a system hears nothing of the session and cannot speak of it', async (t) => {
    const { gateway, visit } = await begin(t, {
      answer: (_request, response) => {
        response.setHeader('set-cookie', ['own=1', '__Host-headgate-session=forged; Path=/; Secure']);
        response.setHeader('headgate-session-ends', '9');
        response.end('page');
      },
    });
    const first = await visit();
    assert.deepEqual(first.fields['set-cookie']?.[0], 'own=1');
    assert.equal(first.fields['set-cookie']?.length, 2);
    assert.equal(first.fields['headgate-session-ends'], `${31 * 60};by=idle`);
    const cookie = String(first.fields['set-cookie']?.[1]).split(';', 1)[0];
    await visit({ fields: { cookie: `own=1; ${cookie}` } });
    assert.equal(gateway.upstream.received.at(-1)?.fields.cookie, 'own=1');
  });

  test('methods that no page uses are refused at the pages about sessions', async (t) => {
    const { visit } = await begin(t);
    const refused = await visit({ path: '/headgate/session', method: 'PUT' });
    assert.equal(codeOf(refused), 'route.method_not_allowed');
    assert.equal(
      codeOf(await visit({ path: '/headgate/session', ...send('x'.repeat(40_000)) })),
      'inspection.body_too_large',
    );
  });

  test('a host without sessions has neither cookie nor page', async (t) => {
    const { visit } = await begin(t, { uiSession: {} });
    const answer = await visit();
    assert.equal(cookieOf(answer), undefined);
    assert.equal(answer.fields['headgate-session-ends'], undefined);
    await visit({ path: '/headgate/session' });
  });

  test('a session of one thread is good in every other, and lasts over a reload', async (t) => {
    const { gateway, visit } = await begin(t, { threads: 2, clock: fakeClock(Date.now()) });
    const cookie = cookieOf(await visit()) ?? '';
    const states = async () => {
      const threads = new Set<number>();
      // The system deals connections out by their ports; each of these is one of its own.
      for (let call = 0; call < 64 && threads.size < 2; call += 1) {
        const record = await gateway.recordOf(await visit({ fields: { cookie } }));
        assert.equal(record.admission?.session, 'continued');
        threads.add(record.thread);
      }
      return threads.size;
    };
    assert.equal(await states(), 2);
    await gateway.running.reload();
    assert.equal(await states(), 2);
  });
}

/** Every kind of address that programs call. */
function addressesOf({ retrieve, submit, json, anonymous }: Operator): readonly TestCall[] {
  const browserish = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
  return [
    retrieve.call,
    submit.call,
    anonymous.call,
    { ...retrieve.call, fields: browserish },
    ...('call' in json ? [{ ...json.call, fields: { 'content-type': 'application/json' }, body: '{}' }] : []),
  ];
}

function hostsOf({ hosts }: Operator): readonly string[] {
  return hosts.hosts ?? [];
}
