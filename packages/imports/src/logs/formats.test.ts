// What lines of each format say. The lines are ours, written by the documentation that each template file cites.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestAuthority } from '@headgate/pki';
import { detectFormat } from './detect-format.ts';
import { createLineReader, type LineOptions } from './formats.ts';
import type { LineReading, LogEntry } from './log-entry.ts';
import { isLogField, type LogField } from './log-fields.ts';
import { UnusableTemplate } from './template.ts';

const defaults = {
  template: null,
  fields: new Map<string, LogField>(),
  captured: ['host', 'user-agent'],
  zone: 'UTC',
  writtenMs: Date.UTC(2024, 1, 21, 12),
} as const;

function readAll(options: Partial<LineOptions> & Pick<LineOptions, 'format'>, lines: readonly string[]) {
  const reader = createLineReader({ ...defaults, ...options });
  return lines.map((line) => reader.read(line));
}

function entryOf(options: Partial<LineOptions> & Pick<LineOptions, 'format'>, line: string): LogEntry {
  const [reading] = readAll(options, [line]);
  assert.ok(reading?.kind === 'entry', JSON.stringify(reading));
  return reading.entry;
}

function reasonOf(reading: LineReading | undefined): string | null {
  return reading?.kind === 'bad' ? reading.reason : null;
}

const noon = Date.UTC(2024, 1, 21, 12);

test('a line of nginx says who called, for what, when and how it ended, and its query is dropped', () => {
  const line =
    '203.0.113.7 - - [21/Feb/2024:04:00:00 -0800] "POST /sst/cmri/RetrieveMarketAwards_CMRIv4_AP?token=secret HTTP/1.1" 200 4812 "-" "Apache-HttpClient/4.5.14"';
  const entry = entryOf({ format: 'nginx-combined' }, line);
  assert.equal(entry.atMs, noon);
  assert.equal(entry.source, '203.0.113.7');
  assert.deepEqual([entry.method, entry.path], ['POST', '/sst/cmri/RetrieveMarketAwards_CMRIv4_AP']);
  assert.deepEqual([entry.status, entry.responseBytes, entry.userAgent], [200, 4812, 'Apache-HttpClient/4.5.14']);
  assert.deepEqual([entry.host, entry.certificate, entry.durationMs, entry.framing], [null, null, null, null]);
  assert.ok(!JSON.stringify(entry).includes('secret'));
});

test('a template of nginx tells certificate, TLS, upstream and duration, and a call began before it was logged', () => {
  const template =
    '$remote_addr:$remote_port [$msec] $host "$request" $status $body_bytes_sent $request_length $request_time "$http_user_agent" $ssl_protocol $ssl_session_reused "$ssl_client_s_dn" "$ssl_client_i_dn" $ssl_client_serial $ssl_client_fingerprint $ssl_client_verify $upstream_addr $upstream_status $upstream_header_time "$http_transfer_encoding" "$content_length"';
  const line =
    '2001:db8::7:51000 [1708516800.250] ws.caiso.com "POST /sst/cmri/X HTTP/1.1" 502 150 2048 0.250 "curl/8" TLSv1.2 r "CN=ALPHAx0001,OU=people,O=CAISO,C=US" "CN=Old Issuing,O=CAISO" 05bc2349 0123456789abcdef0123456789abcdef01234567 SUCCESS 10.0.0.1:8443, 10.0.0.2:8443 504, 502 0.100, 0.050 "chunked" "-"';
  const entry = entryOf({ format: 'nginx-combined', template }, line);
  assert.equal(entry.atMs, noon);
  assert.deepEqual(
    [entry.source, entry.sourcePort, entry.host, entry.scheme],
    ['2001:db8::7', 51_000, 'ws.caiso.com', 'https'],
  );
  assert.deepEqual(
    [entry.durationMs, entry.requestBytes, entry.tlsResumed, entry.framing],
    [250, 2048, true, 'chunked'],
  );
  assert.deepEqual([entry.endpoint, entry.upstreamStatus, entry.attempts], ['10.0.0.2:8443', 502, 2]);
  assert.deepEqual(entry.certificate, {
    verdict: 'accepted',
    subject: 'CN=ALPHAx0001,OU=people,O=CAISO,C=US',
    issuer: 'CN=Old Issuing,O=CAISO',
    serial: '05BC2349',
    fingerprint: 'sha1:0123456789abcdef0123456789abcdef01234567',
    notAfter: null,
  });
});

test('a certificate that nginx logs whole is read whole: its fingerprint is the one that gateways record', async () => {
  const authority = await createTestAuthority({ nowMs: noon });
  const user = await authority.user('current', { name: 'ALPHAx0001', organisation: 'CAISO' });
  const template = '$remote_addr [$time_iso8601] "$request" $status $ssl_client_verify $ssl_client_escaped_cert';
  const line = `192.0.2.1 [2024-02-21T12:00:00+00:00] "GET / HTTP/1.1" 200 SUCCESS ${encodeURIComponent(user.certificatePem)}`;
  const { certificate } = entryOf({ format: 'nginx-combined', template }, line);
  assert.match(certificate?.fingerprint ?? '', /^[0-9a-f]{64}$/);
  assert.match(certificate?.subject ?? '', /^CN=ALPHAx0001,/);
  assert.match(certificate?.notAfter ?? '', /^\d{4}-/);
});

test('what nginx escapes is taken back, and a quote that another writer leaves in a user agent does not end it', () => {
  const escaped = String.raw`192.0.2.1 - - [21/Feb/2024:12:00:00 +0000] "GET /a\x22b HTTP/1.1" 200 1 "-" "say \x22h\xC3\xA9\x22 \\ \x1B[31m"`;
  const entry = entryOf({ format: 'nginx-combined' }, escaped);
  assert.deepEqual([entry.path, entry.userAgent], ['/a"b', 'say "hé" \\ \u001b[31m']);
  const raw = '192.0.2.1 - - [21/Feb/2024:12:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "a "quoted" agent" 1.700';
  const withEnd =
    '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" $request_time';
  assert.equal(entryOf({ format: 'nginx-combined', template: withEnd }, raw).userAgent, 'a "quoted" agent');
});

test('lines that are no calls have a reason, and comments and empty lines are none of them', () => {
  const readings = readAll({ format: 'nginx-combined' }, [
    '',
    '# a comment',
    'no line of a log',
    '192.0.2.1 - - [21/Feb/2024:12:00:00 +0000] "-" 400 0 "-" "-"',
    '192.0.2.1 - - [31/Feb/2024:12:00:00 +0000] "GET / HTTP/1.1" 200 0 "-" "-"',
    '192.0.2.1 - - [21/Feb/2024:12:00:00 +0000] "GET / HTTP/1.1" 200 0 "-" "cut in the mid',
    String.raw`192.0.2.1 - - [21/Feb/2024:12:00:00 +0000] "\x16\x03\x01\x02" 400 0 "-" "-"`,
    '\u0000\u0001\u0002\uFFFD\u001b[2J',
    'evil\u001b]0;x\u0007 - - [21/Feb/2024:12:00:00 +0000] "GET / HTTP/1.1" 200 0 "-" "-"',
  ]);
  assert.deepEqual(
    readings.map(({ kind }) => kind),
    ['nothing', 'nothing', 'bad', 'bad', 'bad', 'bad', 'bad', 'bad', 'bad'],
  );
  assert.equal(reasonOf(readings[2]), 'not of the form of combined');
  assert.match(reasonOf(readings[3]) ?? '', /no request/);
  assert.match(reasonOf(readings[4]) ?? '', /no instant/);
});

test('JSON of nginx is read by the names of its variables, by names of a template, and by names that are given', () => {
  const plain = entryOf(
    { format: 'nginx-json' },
    '{"time_iso8601":"2024-02-21T12:00:00+00:00","remote_addr":"192.0.2.1","host":"ws.caiso.com","request_method":"POST","request_uri":"/sst/cmri/A?x=1","status":200,"body_bytes_sent":12,"request_time":0.5,"http_user_agent":"a \\"b\\"","nested":{"ssl_client_s_dn":"CN=A","ssl_client_verify":"SUCCESS"}}',
  );
  assert.deepEqual([plain.atMs, plain.path, plain.userAgent], [noon - 500, '/sst/cmri/A', 'a "b"']);
  assert.equal(plain.certificate?.subject, 'CN=A');
  const template = '{"when":"$msec","who":"$remote_addr","what":"$request","answer":$status}';
  const said =
    '{"when":"1708516800.000","who":"192.0.2.2","what":"GET /x HTTP/1.1","answer":404,"remote_addr":"not asked"}';
  const named = entryOf({ format: 'nginx-json', template }, said);
  assert.deepEqual([named.atMs, named.source, named.status], [noon, '192.0.2.2', 404]);
  const fields = new Map<string, LogField>([['app.caller', 'source']]);
  const given = '{"app":{"caller":"192.0.2.3"},"ts":1708516800,"method":"GET","path":"/"}';
  assert.equal(entryOf({ format: 'nginx-json', fields }, given).source, '192.0.2.3');
  assert.equal(reasonOf(readAll({ format: 'nginx-json' }, ['{"half":'])[0]), 'no JSON');
  assert.equal(reasonOf(readAll({ format: 'nginx-json' }, ['[1]'])[0]), 'no JSON');
  assert.ok(readAll({ format: 'nginx-json' }, ['{"__proto__":{"status":"1"},"constructor":1}'])[0]?.kind === 'bad');
});

test('HAProxy is read as httplog and httpslog, behind a header of syslog or not, with and without captures', () => {
  const core =
    '198.51.100.4:39122 [21/Feb/2024:12:00:00.123] fe_ws~ be_ws/app1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0';
  const captured = `${core} {ws.caiso.com|Java/17#22x} {} "POST /sst/cmri/A HTTP/1.1"`;
  const lines = [
    captured,
    `Feb 21 12:00:00 lb1 haproxy[14389]: ${captured}`,
    `<134>1 2024-02-21T12:00:00Z lb1 haproxy 14389 - - ${captured}`,
    `${captured} 0/0000000000000000/0/0/1 ws.caiso.com/TLSv1.3/TLS_AES_256_GCM_SHA384`,
    `${core} "GET / HTTP/1.1"`,
    'Feb 21 12:00:00 lb1 haproxy[14389]: Server be_ws/app1 is DOWN, reason: Layer4 timeout',
  ];
  const readings = readAll({ format: 'haproxy' }, lines);
  const entries = readings.flatMap((each) => (each.kind === 'entry' ? [each.entry] : []));
  assert.deepEqual(
    entries.map(({ atMs }) => atMs),
    Array.from({ length: 5 }, () => noon + 123),
  );
  assert.deepEqual(
    entries.map(({ host }) => host),
    ['ws.caiso.com', 'ws.caiso.com', 'ws.caiso.com', 'ws.caiso.com', null],
  );
  assert.deepEqual([entries[0]?.userAgent, entries[0]?.listener, entries[0]?.scheme], ['Java/17"x', 'fe_ws', 'https']);
  assert.deepEqual([entries[0]?.durationMs, entries[0]?.firstByteMs, entries[0]?.sourcePort], [109, 69, 39_122]);
  assert.deepEqual(
    [entries[3]?.serverName, entries[3]?.tlsVersion, entries[3]?.tlsResumed],
    ['ws.caiso.com', 'TLSv1.3', true],
  );
  assert.equal(readings[5]?.kind, 'nothing');
});

test('a call that HAProxy saw cut off is not complete, and says how it ended', () => {
  const line =
    '198.51.100.4:39122 [21/Feb/2024:12:00:00.123] fe be/app1 10/0/30/-1/5000 -1 0 - - CH-- 1/1/1/1/0 0/0 "GET /x HTTP/1.1"';
  const entry = entryOf({ format: 'haproxy' }, line);
  assert.deepEqual([entry.status, entry.isComplete, entry.firstByteMs], [null, false, null]);
  assert.match(entry.outcome ?? '', /ended as CH-- \(termination state\); no answer is logged/);
});

test('an answer that was cut, or that a caller did not wait for, is not complete; one of the tier itself is', () => {
  const haproxy = (state: string, status: number) =>
    entryOf(
      { format: 'haproxy' },
      `198.51.100.4:39122 [21/Feb/2024:12:00:00.123] fe be/app1 10/0/30/9/5000 ${status} 10 - - ${state} 1/1/1/1/0 0/0 "GET /x HTTP/1.1"`,
    ).isComplete;
  assert.deepEqual(
    [haproxy('SD--', 200), haproxy('CD--', 200), haproxy('PR--', 403), haproxy('sH--', 504)],
    [false, false, true, true],
  );
  const template = '$remote_addr [$time_iso8601] "$request" $status "$request_completion"';
  const nginx = (status: number, completion: string) =>
    entryOf(
      { format: 'nginx-combined', template },
      `192.0.2.1 [2024-02-21T12:00:00Z] "GET / HTTP/1.1" ${status} "${completion}"`,
    );
  assert.deepEqual([nginx(200, 'OK').isComplete, nginx(200, '').isComplete], [true, false]);
  assert.deepEqual(
    [nginx(499, 'OK').isComplete, nginx(499, 'OK').outcome],
    [false, 'the caller left before the answer (499)'],
  );
});

test('a log-format of HAProxy tells the certificate by its own expressions, in the zone that is said', () => {
  const template =
    '%ci:%cp %tr %[req.hdr(host)] %HM %HU %ST %B %[ssl_c_verify] %{+Q}[ssl_c_s_dn] %[ssl_c_der,sha2(256),hex] %[ssl_c_serial,hex]';
  const line = `192.0.2.9:1024 21/Feb/2024:04:00:00.000 ws.caiso.com POST /sst/x?y 200 1 0 "/C=US/O=CAISO/OU=people/CN=A, B" ${'AB'.repeat(32)} 0A`;
  const entry = entryOf({ format: 'haproxy', template, zone: 'America/Los_Angeles' }, line);
  assert.equal(entry.atMs, noon);
  assert.equal(entry.certificate?.subject, String.raw`CN=A\, B,OU=people,O=CAISO,C=US`);
  assert.deepEqual([entry.certificate?.fingerprint, entry.certificate?.serial], ['ab'.repeat(32), '0A']);
  const json = entryOf(
    { format: 'haproxy-json', template: '%{+json}o %(client)ci %(at)Ts %(code)ST %(line)r' },
    '{"client":"192.0.2.9","at":1708516800,"code":503,"line":"GET / HTTP/1.1"}',
  );
  assert.deepEqual([json.source, json.atMs, json.status], ['192.0.2.9', noon, 503]);
});

test('an access log of AWS is read to its end, with fields that were added since', () => {
  const line =
    'h2 2024-02-21T12:00:00.900123Z app/ws/50dc6c495c0c9188 [2001:db8::9]:2817 10.0.0.1:80 0.000 0.400 0.000 502 - 1107 366 "POST https://ws.caiso.com:443/sst/cmri/A?x HTTP/2.0" "agent \\x22q\\x22" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:tg "Root=1-5" "ws.caiso.com" "arn:cert" 0 2024-02-21T12:00:00.000999Z "forward" "-" "-" "10.0.0.1:80" "-" "-" "-" TID_1 "added since"';
  const entry = entryOf({ format: 'alb' }, line);
  assert.deepEqual([entry.atMs, entry.durationMs, entry.firstByteMs], [noon, 900, 400]);
  assert.deepEqual(
    [entry.source, entry.sourcePort, entry.host, entry.scheme],
    ['2001:db8::9', 2817, 'ws.caiso.com:443', 'https'],
  );
  assert.deepEqual(
    [entry.status, entry.upstreamStatus, entry.endpoint, entry.requestBytes],
    [502, null, '10.0.0.1:80', 1107],
  );
});

test('a request log of BIG-IP is read by its template, and says what is known of resets and of pages about sessions', () => {
  const template =
    // biome-ignore lint/suspicious/noTemplateCurlyInString: BIG-IP writes fields of a request so
    '$CLIENT_IP ${X-SSL-Subject} $DATE_NCSA $VIRTUAL_NAME "${Host}" "$HTTP_REQUEST" $HTTP_STATCODE $RESPONSE_SIZE $RESPONSE_MSECS "${Content-Length}" "${User-Agent}"';
  const fields = new Map<string, LogField>([['X-SSL-Subject', 'subject']]);
  const lineOf = (request: string, status: string, length: string) =>
    `192.0.2.7 CN=A,O=B [21/Feb/2024:12:00:01 +0000] /Common/vs_ws "ws.caiso.com" "${request}" ${status} 10 1000 "${length}" "say "hello" there"`;
  const read = (line: string) => entryOf({ format: 'bigip-request', template, fields }, line);
  const plain = read(lineOf('POST /sst/cmri/A HTTP/1.1', '200', '1200'));
  assert.deepEqual([plain.atMs, plain.listener, plain.userAgent], [noon, '/Common/vs_ws', 'say "hello" there']);
  assert.deepEqual(
    [plain.certificate?.subject, plain.requestBytes, plain.framing],
    ['CN=A,O=B', 1200, 'content-length'],
  );
  assert.deepEqual([plain.isComplete, plain.outcome], [true, null]);
  const reset = read(lineOf('POST /sst/sibr/A HTTP/1.1', '0', '70000'));
  assert.deepEqual([reset.status, reset.isComplete], [null, false]);
  assert.match(reset.outcome ?? '', /past a buffer of 64 KiB/);
  assert.match(
    read(lineOf('GET /my.logout.php3?errorcode=20 HTTP/1.1', '200', '')).outcome ?? '',
    /about a session \(\/my\.logout\.php3\)/,
  );
  assert.match(
    read(lineOf('GET /vdesk/hangup.php3 HTTP/1.1', '302', '')).outcome ?? '',
    /about a session \(\/vdesk\/hangup\.php3\)/,
  );
  const combined = '$VIRTUAL_NAME $NCSA_COMBINED';
  const inner = '/Common/vs 192.0.2.7 - - [21/Feb/2024:12:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "x"';
  assert.deepEqual([entryOf({ format: 'bigip-request', template: combined }, inner).listener], ['/Common/vs']);
});

test('a session of APM becomes one call when its access policy has decided, or when it ended before', () => {
  const head = 'Feb 21 12:00:00 bigip1 notice tmm2[20226]: ';
  const readings = readAll({ format: 'bigip-apm' }, [
    `${head}01490500:5: /Common/portal:Common:1a2b3c4d: New session from client IP 192.0.2.8 (ST=California/CC=US/C=NA) at VIP 198.51.100.1 Listener /Common/vs_portal (Reputation=Unknown)`,
    'Feb 21 12:00:01 bigip1 info apmd[18544]: 01490506:6: /Common/portal:Common:1a2b3c4d: Received User-Agent header: Mozilla%2f5.0',
    'Feb 21 12:00:02 bigip1 notice apmd[18544]: 01490102:5: /Common/portal:Common:1a2b3c4d: Access policy result: LTM+APM_Mode',
    `${head}01490502:5: /Common/portal:Common:1a2b3c4d: Session deleted due to user logout request.`,
    `${head}01490500:5: 5e6f7a8b: New session from client IP 2001:db8::8 at VIP 198.51.100.1 Listener /Common/vs_portal`,
    `${head}01490501:5: 5e6f7a8b: Session deleted due to user inactivity.`,
    `${head}01490521:5: 00000000: Session statistics - bytes in: 1, bytes out: 2`,
    'no such line',
  ]);
  assert.deepEqual(
    readings.map(({ kind }) => kind),
    ['nothing', 'nothing', 'entry', 'nothing', 'nothing', 'entry', 'nothing', 'bad'],
  );
  const entries = readings.flatMap((each) => (each.kind === 'entry' ? [each.entry] : []));
  assert.deepEqual([entries[0]?.atMs, entries[0]?.source, entries[0]?.userAgent], [noon, '192.0.2.8', 'Mozilla/5.0']);
  assert.equal(entries[0]?.outcome, 'access policy result LTM+APM_Mode');
  assert.match(entries[1]?.outcome ?? '', /ended before its access policy did: user inactivity/);
});

test('the format of a file is told by its first lines, and none is where they fit none', () => {
  const of = (...lines: string[]) => detectFormat(lines, defaults);
  assert.equal(of('192.0.2.1 - - [21/Feb/2024:12:00:00 +0000] "GET / HTTP/1.1" 200 1 "-" "x"'), 'nginx-combined');
  assert.equal(
    of('{"time_iso8601":"2024-02-21T12:00:00+00:00","remote_addr":"192.0.2.1","request":"GET / HTTP/1.1"}'),
    'haproxy-json',
  );
  assert.equal(
    of(
      '198.51.100.4:39122 [21/Feb/2024:12:00:00.123] fe be/app1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 "GET / HTTP/1.1"',
    ),
    'haproxy',
  );
  assert.equal(of('what', 'is', 'this'), null);
});

test('a template that could not be read by says why', () => {
  const why = (options: Partial<LineOptions> & Pick<LineOptions, 'format'>) => {
    try {
      createLineReader({ ...defaults, ...options });
      return '';
    } catch (fault) {
      assert.ok(fault instanceof UnusableTemplate, String(fault));
      return fault.message;
    }
  };
  assert.match(
    why({ format: 'nginx-combined', template: '$remote_addr$status' }),
    /nothing stands between \$remote_addr and \$status/,
  );
  assert.match(why({ format: 'nginx-combined', template: 'plain' }), /no variable/);
  assert.match(why({ format: 'bigip-request', template: '$CLIENT_IPP $HTTP_REQUEST' }), /no parameter \$CLIENT_IPP/);
  assert.match(why({ format: 'haproxy', template: '%{+Q}o %ci' }), /\+Q before each name/);
  assert.match(why({ format: 'haproxy-json', template: '{}' }), /no member/);
  assert.match(why({ format: 'alb', template: 'x' }), /take no template/);
  assert.match(why({ format: 'nginx-combined', template: `$status ${'x'.repeat(9_000)}` }), /longer than 8192/);
});

test('a line that a template could be laid over in many ways is given up, not tried for ever', () => {
  const template = Array.from({ length: 60 }, (_, at) => `$custom_${at}`).join(' ');
  const reader = createLineReader({ ...defaults, format: 'nginx-combined', template: `${template} "$request"` });
  assert.equal(reader.read('a '.repeat(200_000)).kind, 'bad');
});

test('every field that can be named is one', () => {
  assert.ok(isLogField('subject'));
  assert.ok(!isLogField('toString'));
});
