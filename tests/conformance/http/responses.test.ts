// What an upstream may send, well-formed and not: passed on whole, passed on as cut, or refused; never more, and never mixed up.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { SeenRequest } from './fooled-upstream.ts';
import { plainAnswer } from './fooled-upstream.ts';
import { type CorpusGateway, startCorpusGateway } from './harness.ts';
import { type ForwardedResponse, forgedText, type UpstreamResponse, upstreamResponses } from './upstream-responses.ts';
import { type Field, isEndToEnd } from './wire.ts';
import { fieldOf, type WireAnswer, WireCaller } from './wire-caller.ts';

/** Calls on their way at once. */
const batchSize = 8;

const numberOf = ({ target }: SeenRequest) => Number(/[?]n=(\d+)$/.exec(target)?.[1] ?? -1);

let gateway: CorpusGateway;
let calls = 0;
before(async () => {
  gateway = await startCorpusGateway((request) => {
    const response = upstreamResponses[numberOf(request)];
    if (response === undefined) return plainAnswer(request);
    const { bytes, delivery, upstreamEnds } = response;
    return { bytes, ends: upstreamEnds, ...(delivery === undefined ? {} : { delivery }) };
  });
});
after(() => gateway.close());

/** Lines of one name joined in order, but for cookies, which cannot be joined (RFC 9110 §5.3). */
function asLists(fields: readonly Field[]): Record<string, readonly string[]> {
  const names = [...new Set(fields.map(([name]) => name))].sort();
  return Object.fromEntries(
    names.map((each) => {
      const values = fields.flatMap(([name, value]) => (name === each ? [value] : []));
      return [each, each === 'set-cookie' ? values : [values.join(', ')]];
    }),
  );
}

function assertForwarded(answer: WireAnswer, expected: ForwardedResponse): void {
  assert.equal(answer.status, expected.status);
  const named = new Set(expected.fields.map(([name]) => name));
  const added = (name: string) => name === 'headgate-exchange' || (name === 'date' && !named.has('date'));
  const received = answer.fields.filter(([name]) => isEndToEnd(name) && !added(name));
  assert.deepEqual(asLists(received), asLists(expected.fields));
  if (expected.truncated === true) {
    assert.ok(!answer.complete, 'a cut answer looks whole');
    assert.ok(expected.body.subarray(0, answer.body.length).equals(answer.body), 'another body');
    return;
  }
  assert.ok(answer.complete, 'a whole answer is cut');
  assert.ok(answer.body.equals(expected.body), `another body: ${answer.body.toString('latin1', 0, 100)}`);
  // RFC 9110 §8.6.
  if (answer.status === 204) assert.equal(fieldOf(answer, 'content-length'), '', '204 with a Content-Length');
}

/** A refusal of ours, or an answer that visibly broke off. */
function assertRefused(answer: WireAnswer | null): void {
  if (answer === null || !answer.complete) return;
  assert.ok(answer.status === 502 || answer.status === 504, `it was answered ${answer.status}`);
  assert.match(fieldOf(answer, 'proxy-status'), /^headgate; error=/);
}

async function assertTreated(response: UpstreamResponse, number: number): Promise<void> {
  const caller = await WireCaller.open(gateway.port);
  try {
    const { requestMethod: method, expect } = response;
    const body = method === 'POST' ? 'content' : '';
    const length = method === 'POST' ? 'Content-Length: 7\r\n' : '';
    const head = `${method} /echo/x?n=${number} HTTP/1.1\r\nHost: data.example.test\r\n${length}\r\n`;
    calls += 1;
    await caller.send(Buffer.from(head + body));
    const answer = await caller.answer(method);
    const said = answer === null ? '' : JSON.stringify(answer.fields) + answer.body.toString('latin1');
    assert.ok(!said.includes(forgedText), 'the forged response came through');
    assert.ok(answer === null || answer.interim.every((status) => response.interim.includes(status)));
    if ('refused' in expect) assertRefused(answer);
    else if (expect.orRefused === true && (answer === null || fieldOf(answer, 'proxy-status') !== ''))
      assertRefused(answer);
    else {
      assert.ok(answer, 'no answer');
      assertForwarded(answer, expect.forwarded);
    }
    assert.equal(caller.unread.length, 0, `more than one answer: ${caller.unread.toString('latin1', 0, 100)}`);
  } finally {
    caller.destroy();
  }
}

const families = Map.groupBy(upstreamResponses.entries(), ([, { family }]) => family);

describe('an upstream response', () => {
  for (const [family, entries] of families) {
    test(`is treated as it must be: ${family}`, { timeout: 60_000 }, async () => {
      const faults: string[] = [];
      for (let at = 0; at < entries.length; at += batchSize) {
        await Promise.all(
          entries
            .slice(at, at + batchSize)
            .map(([number, response]) =>
              assertTreated(response, number).catch((fault: unknown) =>
                faults.push(`${response.name}: ${(fault as Error).message}`),
              ),
            ),
        );
        calls += 1;
        await gateway.bystander();
      }
      assert.deepEqual(faults, []);
    });
  }

  test('leaves no connection in use that may not be used again', () => {
    const { requests } = gateway.upstream;
    // An upstream that ends without having said so may be met by the next request on its way; all others said so.
    const marked = requests.flatMap((request, at) => {
      const response = upstreamResponses[numberOf(request)];
      return response?.reusable === false && !response.upstreamEnds
        ? [{ at, response, connection: request.connection }]
        : [];
    });
    assert.ok(marked.length > 0, 'no response of the corpus spoils its connection');
    const misused = marked.filter(({ at, connection }) =>
      requests.some((later, laterAt) => laterAt > at && later.connection === connection),
    );
    assert.deepEqual(
      misused.map(({ response }) => `${response.family}: ${response.name}`),
      [],
    );
    const connections = new Set(requests.map(({ connection }) => connection));
    assert.ok(connections.size < requests.length, 'no connection is used twice');
  });

  test('leaves one record each, and no defect', { timeout: 10_000 }, async () => {
    await gateway.recorded(calls);
    assert.equal(gateway.records.length, calls);
    assert.deepEqual(
      gateway.records.flatMap(({ response }) => (response.defect === null ? [] : [response.defect])),
      [],
    );
    assert.deepEqual(gateway.notices, []);
  });
});
