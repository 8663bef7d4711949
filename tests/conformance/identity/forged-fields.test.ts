// No caller is believed about who it is, and no back end tells a caller who others are: every forged form over real sockets, with
// a back end that keeps the bytes it receives.
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { bareName } from '@headgate/contract';
import {
  openRawCaller,
  type RawCaller,
  type RawUpstream,
  soapRequest,
  startRawUpstream,
  type TestGateway,
} from '@headgate/testkit';
import { callsTo, noLimits } from '../gateway/calls.ts';
import { type Operator, operators } from '../gateway/operators.ts';
import { codeOf } from '../gateway/told.ts';
import { switchingAnswer } from '../gateway/web-socket-upstream.ts';
import { answerForms, CONFIGURED_NAME, FORGED, type ForgedForm, forgedForms } from './forged-fields.ts';

/** One way to call: what stands before and behind the forged lines, and who the caller is. */
interface Channel {
  readonly name: string;
  readonly open: () => Promise<RawCaller>;
  readonly write: (form: Pick<ForgedForm, 'fields' | 'trailers' | 'chunkExtension' | 'version'>) => string;
  readonly takes: (form: ForgedForm) => boolean;
  readonly isIdentified: boolean;
  readonly status: number;
}

const honest = { fields: '' };

for (const operator of operators) describe(`at ${operator.name}`, () => believesNobodyAt(operator));

function believesNobodyAt(operator: Operator): void {
  const { retrieve, page, jsonBody, anonymous } = operator;
  let gateway: TestGateway;
  let upstream: RawUpstream;
  /** What the back end adds to its answers. */
  let answerFields = '';

  before(async () => {
    upstream = await startRawUpstream((socket, text) => {
      if (!isWholeRequest(text)) return;
      if (/^upgrade: websocket/im.test(lastHead(text)))
        socket.end(switchingAnswer(lastHead(text)).replace(/\r\n\r\n$/, `\r\n${answerFields}\r\n`), 'latin1');
      else socket.write(`HTTP/1.1 200 OK\r\nContent-Length: 2\r\n${answerFields}\r\nok`, 'latin1');
    });
    gateway = await callsTo(operator).start({
      policy: noLimits,
      upstreams: [{ system: '*', endpoints: [upstream.url] }],
      identityFields: [
        { name: 'client-cert', value: 'certificate' },
        { name: 'client-cert-chain', value: 'chain' },
        { name: 'ct-remote-user', value: 'subject' },
        { name: CONFIGURED_NAME, value: 'common-name' },
      ],
    });
  });
  after(async () => {
    await gateway.close();
    await upstream.close();
  });

  const post = (host: string, path: string, type: string, body: string): Channel['write'] => {
    return ({ fields, trailers, chunkExtension = '', version = 'HTTP/1.1' }) => {
      const chunked = trailers !== undefined || chunkExtension !== '';
      const size = body.length.toString(16);
      const framing = chunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
      const sent = chunked ? `${size}${chunkExtension}\r\n${body}\r\n0\r\n${trailers ?? ''}\r\n` : body;
      return `POST ${path} ${version}\r\nHost: ${host}\r\n${fields}Content-Type: ${type}\r\n${framing}\r\n\r\n${sent}`;
    };
  };
  const isPlain = anonymous.call.plain === true;
  const nobodysHost = anonymous.call.host;
  const channels: Channel[] = [
    {
      name: 'a call with a certificate',
      open: () => openRawCaller(gateway, { serverName: retrieve.call.host }),
      write: post(retrieve.call.host, retrieve.call.path, 'text/xml', soapRequest),
      takes: () => true,
      isIdentified: true,
      status: 200,
    },
    {
      name: 'a call to a host without certificates',
      open: () => openRawCaller(gateway, isPlain ? { plain: true } : { serverName: nobodysHost, user: null }),
      write: post(nobodysHost, (isPlain ? jsonBody : anonymous).call.path, 'application/json', '{}'),
      takes: () => true,
      isIdentified: false,
      status: 200,
    },
    {
      name: 'an upgrade',
      open: () => openRawCaller(gateway, { serverName: page.call.host }),
      // What Connection names is one list over all its lines (RFC 9110 §5.3).
      write: ({ fields }) =>
        `GET ${page.call.path} HTTP/1.1\r\nHost: ${page.call.host}\r\n${fields}Connection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
      takes: ({ trailers, chunkExtension, version }) =>
        trailers === undefined && chunkExtension === undefined && version === undefined,
      isIdentified: true,
      status: 101,
    },
  ];
  const switches = operator.catalogue.endsWith('example'); // No page of the other catalogue may switch.

  for (const channel of channels.filter(({ status }) => status === 200 || switches)) {
    const { name, open, write, takes, status } = channel;
    describe(name, () => {
      for (const form of forgedForms.filter(takes))
        test(`does not carry a forged identity onward: ${form.name} (${form.source})`, async () => {
          const caller = await open();
          if (form.version === undefined && status === 200) {
            caller.write(write(honest)); // The forged head comes second, where the one before it is remembered.
            await caller.answer();
          }
          for (const isLast of form.outcome === 'refused' || form.version !== undefined || status !== 200
            ? [true]
            : [false, true]) {
            const before = bytesReceived(upstream);
            caller.write(write(form));
            const answer = await caller.answer();
            const received = bytesReceived(upstream).slice(before.length);
            if (form.outcome === 'refused') {
              assert.equal(codeOf(answer), 'listener.malformed_request');
              assert.equal(received, '');
            } else {
              assert.equal(answer.status, status);
              assert.equal(received.match(/^(?:GET|POST) /gm)?.length, 1);
              assertTrueIdentity(received, channel.isIdentified);
            }
            assert.ok(!received.includes(FORGED));
            if (isLast) caller.destroy();
          }
        });

      for (const form of answerForms)
        test(`brings the caller no identity from a back end: ${form.name}`, async (t) => {
          answerFields = form.fields;
          t.after(() => {
            answerFields = '';
          });
          const caller = await open();
          caller.write(write(honest));
          const { status: answered, fields } = await caller.answer();
          assert.equal(answered, status);
          assert.ok(![...fields.values()].join().includes(FORGED));
          const names = [...fields.keys()].map(bareName);
          for (const claimed of identityNames) assert.ok(!names.includes(claimed), claimed);
          caller.destroy();
        });
    });
  }

  test('what a back end adds in an interim answer or a trailer reaches no caller', async (t) => {
    const interim = `HTTP/1.1 103 Early Hints\r\nClient-Cert: :${FORGED}:\r\n\r\n`;
    const chunked = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Client-Cert\r\n\r\n2\r\nok\r\n0\r\nClient-Cert: :${FORGED}:\r\n\r\n`;
    const chatty = await startRawUpstream((socket, text) => {
      if (isWholeRequest(text)) socket.write(`${interim}${chunked}`, 'latin1');
    });
    const before = await callsTo(operator).start({
      policy: noLimits,
      upstreams: [{ system: '*', endpoints: [chatty.url] }],
    });
    t.after(async () => {
      await before.close();
      await chatty.close();
    });
    const caller = await openRawCaller(before, { serverName: retrieve.call.host });
    caller.write(
      post(retrieve.call.host, retrieve.call.path, 'text/xml', soapRequest)({ fields: 'Connection: close\r\n' }),
    );
    const { text } = await caller.ended();
    assert.match(text, /^HTTP\/1\.1 200 /);
    assert.match(text, /ok/);
    assert.ok(!text.includes(FORGED));
  });

  /** Each of our names exactly once with what the certificate says, or none at all; and no other name that claims one. */
  function assertTrueIdentity(received: string, isIdentified: boolean): void {
    const fields = lastHead(received)
      .trimEnd()
      .split('\r\n')
      .slice(1)
      .map((line) => line.split(/: (.*)/s));
    const { user, authority } = gateway;
    const chain = new X509Certificate(authority.trustBundlePem('current', 'user').intermediatesPem);
    const truth: Readonly<Record<string, string>> = {
      clientcert: `:${Buffer.from(user.certificateDer).toString('base64')}:`,
      clientcertchain: `:${chain.raw.toString('base64')}:`,
      ctremoteuser: user.subject,
      [bareName(CONFIGURED_NAME)]: /CN=([^,]+)/.exec(user.subject)?.[1] ?? '',
    };
    for (const name of identityNames) {
      const said = fields.filter(([field = '']) => bareName(field) === name).map(([, value]) => value);
      const expected = truth[name];
      assert.deepEqual(said, isIdentified && expected !== undefined ? [expected] : [], name);
    }
  }
}

/** Every name of the corpus, bare: none may arrive but for ours. */
const identityNames = new Set(
  [...forgedForms, ...answerForms]
    .flatMap((form: Pick<ForgedForm, 'fields' | 'trailers'>) => `${form.fields}${form.trailers ?? ''}`.split('\r\n'))
    .filter((line) => line.includes(FORGED) && /^[!-9;-~]+:/.test(line))
    .map((line) => bareName(line.split(':', 1)[0] ?? '')),
);

function bytesReceived({ received }: RawUpstream): string {
  return received.join('');
}

function lastHead(text: string): string {
  const start = Math.max(text.lastIndexOf('\r\n\r\nGET '), text.lastIndexOf('POST /'), text.lastIndexOf('GET /'));
  const head = text.slice(Math.max(0, start)).trimStart();
  return head.slice(0, head.indexOf('\r\n\r\n') + 4);
}

/** Every request that a back end of these tests receives has a length, or is an upgrade. */
function isWholeRequest(text: string): boolean {
  const head = lastHead(text);
  if (head.length < 4) return false;
  const length = Number(/^content-length: (\d+)/im.exec(head)?.[1] ?? 0);
  return text.length - (text.lastIndexOf(head) + head.length) >= length;
}
