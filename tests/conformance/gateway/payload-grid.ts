// Payloads around the lines where the market's old front end reset connections (64 KB, 1 MB), in every framing and pace, before
// back ends that answer early or break off. Whatever happens, the caller reads one whole answer.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { readFault } from '@headgate/soap';
import { type RawAnswer, type RawCaller, soapRequest, type TestGateway } from '@headgate/testkit';
import fc from 'fast-check';
import { callsTo, noLimits } from './calls.ts';
import type { Operator } from './operators.ts';

const limitBytes = 1_048_576;

/** One call of the grid. */
interface Payload {
  readonly sizeBytes: number;
  readonly chunked: boolean;
  /** Bytes per write; between two writes the event loop turns. */
  readonly pieceBytes: number;
  readonly backEnd: 'reads-all' | 'answers-early' | 'answers-early-and-closes' | 'breaks-off';
  /** Bytes after which a back end that breaks off does. */
  readonly breaksAfter: number;
  readonly operation: 'submit' | 'retrieve';
}

const around = [
  61_440,
  65_535,
  65_536,
  65_537,
  131_072,
  limitBytes - 1,
  limitBytes,
  limitBytes + 1,
  2_097_152,
  4_194_304,
];

const payloads: fc.Arbitrary<Payload> = fc.record({
  sizeBytes: fc.oneof(fc.constantFrom(...around), fc.integer({ min: 60_000, max: 4_194_304 })),
  chunked: fc.boolean(),
  pieceBytes: fc.constantFrom(1_460, 16_384, 65_536, 5_000_000),
  backEnd: fc.constantFrom('reads-all', 'answers-early', 'answers-early-and-closes', 'breaks-off'),
  breaksAfter: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: limitBytes })),
  operation: fc.constantFrom('submit', 'retrieve'),
});

/** How many calls ended in which way. */
export interface GridCounts {
  readonly calls: number;
  /** By code of the refusal, `served` for none. */
  readonly ways: Readonly<Record<string, number>>;
}

/** Makes `calls` calls to an operator and asserts of each that its answer was whole and the right one. Prints a seed by its failure. */
export async function runPayloadGrid(operator: Operator, calls: number, seed: number): Promise<GridCounts> {
  const backEnd = await startBackEnd();
  const { open, start } = callsTo(operator);
  const gateway = await start({
    policy: noLimits,
    path: { bodyBytesMax: limitBytes },
    upstreams: [{ system: '*', environment: '*', infrastructure: '*', endpoints: [backEnd.url] }],
  });
  const ways: Record<string, number> = {};
  let kept: RawCaller | null = null;
  try {
    for (const [at, payload] of fc.sample(payloads, { numRuns: calls, seed }).entries()) {
      const what = `call ${at} of seed ${seed} at ${operator.name}: ${JSON.stringify(payload)}`;
      backEnd.behaveAs(payload);
      const caller: RawCaller = kept ?? (await open(gateway));
      const sent = await send(operator, caller, payload);
      const answer = await caller.answer().catch((cause: unknown) => assert.fail(`${what}: ${String(cause)}`));
      const way = wayOf(answer);
      ways[way] = (ways[way] ?? 0) + 1;
      assertRight(payload, answer, way, sent.digest, what);
      kept = answer.fields.get('connection') === 'close' ? null : caller;
      if (kept === null) caller.destroy();
    }
    await assertBystander(gateway, backEnd);
    return { calls, ways };
  } finally {
    kept?.destroy();
    await gateway.close();
    backEnd.close();
  }
}

async function send(operator: Operator, caller: RawCaller, { sizeBytes, chunked, pieceBytes, operation }: Payload) {
  const body = Buffer.alloc(sizeBytes, ' ');
  body.write(soapRequest);
  const framing = chunked
    ? { 'Content-Length': null, 'Transfer-Encoding': 'chunked' }
    : { 'Content-Length': String(sizeBytes) };
  caller.write(callsTo(operator).post('', { path: operator[operation].call.path, fields: framing }));
  for (let at = 0; at < sizeBytes; at += pieceBytes) {
    const piece = body.subarray(at, at + pieceBytes);
    caller.write(
      chunked
        ? Buffer.concat([Buffer.from(`${piece.byteLength.toString(16)}\r\n`), piece, Buffer.from('\r\n')])
        : piece,
    );
    if (caller.socket.writableNeedDrain) await Promise.race([once(caller.socket, 'drain'), caller.ended()]);
    else await turn();
  }
  if (chunked) caller.write('0\r\n\r\n');
  return { digest: digestOf(body) };
}

function wayOf(answer: RawAnswer): string {
  if (answer.status === 200) return 'served';
  return readFault(answer.body)?.problem.code ?? `no fault of ours: ${answer.status}`;
}

function assertRight(
  { sizeBytes, backEnd, breaksAfter }: Payload,
  answer: RawAnswer,
  way: string,
  digest: string,
  what: string,
): void {
  if (sizeBytes > limitBytes) {
    // A back end that answered before the body grew too long was heard first.
    const heard = backEnd === 'reads-all' ? [] : ['served', 'forward.response_incomplete'];
    assert.ok(['inspection.body_too_large', ...heard].includes(way), `${what}: ${way}`);
    if (way !== 'inspection.body_too_large') return;
    assert.match(readFault(answer.body)?.text ?? '', new RegExp(String(limitBytes)), what);
    return;
  }
  switch (backEnd) {
    case 'reads-all':
      assert.equal(way, 'served', what);
      assert.ok(answer.body.includes(digest), `${what}: the body arrived changed`);
      return;
    case 'answers-early':
      assert.equal(way, 'served', what);
      return;
    case 'answers-early-and-closes':
      assert.ok(['served', 'forward.response_incomplete'].includes(way), `${what}: ${way}`);
      return;
    case 'breaks-off':
      assert.equal(way, breaksAfter <= sizeBytes ? 'forward.response_incomplete' : 'served', what);
  }
}

async function assertBystander(gateway: TestGateway, backEnd: BackEnd): Promise<void> {
  backEnd.behaveAs({ backEnd: 'reads-all', breaksAfter: 0 });
  assert.equal((await gateway.call({ source: '127.0.9.9' })).status, 200, 'a bystander is served');
}

interface BackEnd {
  readonly url: string;
  behaveAs(behaviour: Pick<Payload, 'backEnd' | 'breaksAfter'>): void;
  close(): void;
}

async function startBackEnd(): Promise<BackEnd> {
  let behaviour: Pick<Payload, 'backEnd' | 'breaksAfter'> = { backEnd: 'reads-all', breaksAfter: 0 };
  const server: Server = createServer((request, response) => {
    request.on('error', () => undefined); // Calls that are broken off are what it is for.
    behaviours[behaviour.backEnd](request, response, behaviour.breaksAfter);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    behaveAs: (next) => {
      behaviour = next;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const behaviours: Record<
  Payload['backEnd'],
  (request: IncomingMessage, response: ServerResponse, breaksAfter: number) => void
> = {
  'reads-all'(request, response) {
    const hash = createHash('sha256');
    request.on('data', (piece: Buffer) => hash.update(piece));
    request.on('end', () => answerWith(response, hash.digest('hex')));
  },
  'answers-early'(request, response) {
    request.resume();
    answerWith(response, 'early');
  },
  'answers-early-and-closes'(request, response) {
    answerWith(response, 'early', { connection: 'close' });
    response.on('finish', () => request.socket.destroy());
  },
  'breaks-off'(request, response, breaksAfter) {
    let seenBytes = 0;
    const look = () => {
      if (seenBytes >= breaksAfter) request.socket.destroy();
    };
    request.on('data', (piece: Buffer) => {
      seenBytes += piece.byteLength;
      look();
    });
    request.on('end', () => answerWith(response, 'whole after all'));
    look();
  },
};

function answerWith(response: ServerResponse, word: string, fields: Record<string, string> = {}): void {
  response.writeHead(200, { 'content-type': 'text/xml; charset=utf-8', ...fields });
  response.end(`<ok>${word}</ok>`);
}

function digestOf(body: Buffer): string {
  return createHash('sha256').update(body).digest('hex');
}
