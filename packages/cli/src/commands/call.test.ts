import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import test from 'node:test';
import { profileFor, runLine } from '../cli.fixture.ts';

const clock = () => Date.now();
const ads: RequestListener = (request, response) => {
  request.resume();
  const result =
    '<n:isNewTrajDataResponse xmlns:n="urn-com-caiso-ads-webservices-api"><result>true</result></n:isNewTrajDataResponse>';
  response.writeHead(200, { 'content-type': 'text/xml', 'headgate-exchange': '0A' });
  response.end(
    `<S:Envelope xmlns:S="http://schemas.xmlsoap.org/soap/envelope/"><S:Body>${result}</S:Body></S:Envelope>`,
  );
};
const refusal: RequestListener = (request, response) => {
  request.resume();
  response.writeHead(429, { 'content-type': 'application/problem+json', 'headgate-exchange': '0B' });
  const text = '429: CAISO Acceptable Use Policy Violation. Please retry your request after 4 seconds.';
  response.end(
    JSON.stringify({ code: 'admission.acceptable_use', detail: text, forwarded: 'no', retryAfterSeconds: 4 }),
  );
};
const call = ['call', 'ads', 'isNewTrajData', '--set', 'batchUID=-1', '--no-pacing'];

test('an answer is printed as a table under its facts', async (t) => {
  const profile = await profileFor(t, ads);
  const { code, stdout } = await runLine([...call, '--profile', profile], { clock });
  assert.equal(code, 0);
  assert.equal(
    stdout,
    '1 row, answer not signed (this market’s usually are not), exchange 0A\n\nresult\n──────\ntrue\n',
  );
});

test('an answer that no market signs, a public archive, is told without a word on signatures', async (t) => {
  // a.csv: NODE,MW and X,1
  const archive =
    'UEsDBBQAAAAAAAAAIQARmzstDAAAAAwAAAAFAAAAYS5jc3ZOT0RFLE1XClgsMQpQSwECFAMUAAAAAAAAACEAEZs7LQwAAAAMAAAABQAAAAAAAAAAAAAAgAEAAAAAYS5jc3ZQSwUGAAAAAAEAAQAzAAAALwAAAAAA';
  const oasis = createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'application/x-zip-compressed', 'headgate-exchange': '0C' });
    response.end(Buffer.from(archive, 'base64'));
  }).listen(0, '127.0.0.1');
  await once(oasis, 'listening');
  t.after(() => oasis.close());
  const place = `127.0.0.1:${(oasis.address() as AddressInfo).port}`;
  const line = ['call', 'oasis', 'SingleZip', '--plain', '--no-pacing', '--connect-to', place];
  const { code, stdout } = await runLine(line, { clock });
  assert.deepEqual([code, stdout], [0, '1 row, exchange 0C\n\nNODE  MW\n────  ──\nX     1\n']);
});

test('with --json standard output is one object for each call and nothing else', async (t) => {
  const profile = await profileFor(t, ads);
  const { code, stdout } = await runLine([...call, '--profile', profile, '--json', '--repeat', '2'], { clock });
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { call: number; ok: boolean; rows: unknown });
  assert.deepEqual(
    [code, lines.map(({ call: number, ok, rows }) => [number, ok, rows])],
    [
      0,
      [
        [1, true, [{ result: 'true' }]],
        [2, true, [{ result: 'true' }]],
      ],
    ],
  );
});

test('--show prints both sides of the exchange and never the key', async (t) => {
  const profile = await profileFor(t, ads);
  const { stdout } = await runLine([...call, '--profile', profile, '--show'], { clock });
  assert.match(stdout, /^> POST \/ADS\/APIWebService\/v8 HTTP\/1\.1\n> Host: adsws\.prod\.caiso\.com\n/);
  assert.match(stdout, /^< headgate-exchange: 0A$/m);
  assert.doesNotMatch(stdout, /PRIVATE KEY/);
});

test('a refusal is explained on standard error, and the command fails', async (t) => {
  const profile = await profileFor(t, refusal);
  const { code, stdout, stderr } = await runLine([...call, '--profile', profile], { clock });
  assert.deepEqual([code, stdout], [1, '']);
  assert.match(stderr, /^Acceptable use limit reached {2}admission\.acceptable_use$/m);
  assert.match(stderr, /^ {2}refused by: the gateway; not forwarded to the system, so repeating is safe$/m);
  assert.match(stderr, /^ {2}wait: {7}4 seconds$/m);
});

test('a refusal with --json is an object on standard output', async (t) => {
  const profile = await profileFor(t, refusal);
  const { code, stdout, stderr } = await runLine([...call, '--profile', profile, '--json'], { clock });
  const { ok, problem } = JSON.parse(stdout);
  assert.deepEqual(
    [code, stderr, ok, problem.code, problem.exchange],
    [1, '', false, 'admission.acceptable_use', '0B'],
  );
});

test('one refused call of several does not stop the others, and the command fails', async (t) => {
  let requests = 0;
  const profile = await profileFor(t, (request, response) => {
    requests += 1;
    return requests === 2 ? refusal(request, response) : ads(request, response);
  });
  const { code, stdout, stderr } = await runLine([...call, '--profile', profile, '--repeat', '3'], { clock });
  assert.deepEqual([code, requests], [1, 3]);
  assert.match(stderr, /^call 2 of 3: Acceptable use limit reached/);
  assert.match(stdout, /^call 3 of 3: 1 row/m);
});

test('an option of the command line wins over the profile', async (t) => {
  const profile = await profileFor(t, ads);
  const { code, stderr } = await runLine([...call, '--profile', profile, '--connect-to', '127.0.0.1:1'], { clock });
  assert.equal(code, 1);
  assert.match(stderr, /call\.connect_failed/);
});

test('a profile that is not there is refused in words of its own', async () => {
  const { code, stderr } = await runLine([...call, '--profile', '/nonexistent/you.yaml'], { clock });
  assert.equal(code, 4);
  assert.equal(
    stderr,
    'headgate call: no profile at /nonexistent/you.yaml; `npm start` writes .headgate/demo/you.yaml, and docs/reference/cli.md shows how to write one\n',
  );
});

test('a name that the request does not know is refused before anything is sent', async (t) => {
  let requests = 0;
  const profile = await profileFor(t, () => {
    requests += 1;
  });
  const line = ['call', 'cmri', 'RetrieveMarketAwards', '--profile', profile, '--set', 'tradeDte=2024-02-21'];
  const { code, stderr } = await runLine(line, { clock });
  assert.deepEqual([code, requests], [2, 0]);
  assert.match(stderr, /tradeDte: found a name that the request does not know; expected "tradeDate"/);
});

test('a submit without a document names both ways to give one', async (t) => {
  const profile = await profileFor(t, ads);
  const { code, stderr } = await runLine(['call', 'sibr', 'SubmitRawBidSet', '--profile', profile], { clock });
  assert.equal(code, 2);
  assert.match(stderr, /--payload FILE, or --sample/);
});

test('a profile with an unknown key is refused with file and line', async (t) => {
  const profile = await profileFor(t, ads);
  const file = join(dirname(profile), 'other.yaml');
  await writeFile(file, 'key: user-key.pem\ncertifcate: user.pem\n');
  const { code, stderr } = await runLine([...call, '--profile', file], { clock });
  assert.equal(code, 2);
  assert.match(stderr, /other\.yaml:2:1 .*certifcate/);
});

test('bids are read from YAML, and a wrong one is refused before anything is sent', async (t) => {
  let requests = 0;
  const profile = await profileFor(t, () => {
    requests += 1;
  });
  const file = join(dirname(profile), 'bids.yaml');
  await writeFile(
    file,
    'bids:\n  - { scid: EXA1, resource: R, start: 2024-02-22T08:00:00Z, stop: 2024-02-22T09:00:00Z, curve: [] }\n',
  );
  const { code, stderr } = await runLine(['call', 'sibr', 'SubmitRawBidSet', '--payload', file, '--profile', profile], {
    clock,
  });
  assert.deepEqual([code, requests], [2, 0]);
  assert.match(stderr, /bids\[0\]\.curve/);
});

test('a missing credential, an unknown system and a wrong option end with codes of their own', async () => {
  assert.equal((await runLine(['call', 'cmri', 'RetrieveMarketAwards'])).code, 4);
  assert.equal((await runLine(['call', 'moon', 'RetrieveMarketAwards'])).code, 3);
  assert.equal((await runLine(['call', 'cmri', 'RetrieveMarketAwards', '--repeat', '0'])).code, 2);
  assert.equal((await runLine(['call', 'cmri', 'RetrieveMarketAwards', '--set', 'x'])).code, 2);
  assert.equal((await runLine(['call', 'cmri', 'RetrieveMarketAwards', '--certificate', '/nonexistent'])).code, 4);
});
