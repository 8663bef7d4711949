// A back end under test: a real server whose answer the test decides, which keeps what it was sent.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as the back end received it. */
export interface ReceivedRequest {
  readonly method: string;
  readonly target: string;
  /** Names and values, flat, in the order and case received. */
  readonly rawFields: readonly string[];
  /** Names in lower case. */
  readonly fields: NodeJS.Dict<string | string[]>;
  readonly body: Buffer;
}

/** A running back end. */
export interface TestUpstream {
  readonly url: string;
  readonly received: readonly ReceivedRequest[];
  /** Changes the answer from now on. */
  answerWith(answer: UpstreamAnswer): void;
  close(): Promise<void>;
}

/** Decides an answer once the whole request was read. */
export type UpstreamAnswer = (
  request: ReceivedRequest,
  response: ServerResponse,
  incoming: IncomingMessage,
) => void | Promise<void>;

/** A small SOAP 1.1 answer. */
export const soapAnswer: UpstreamAnswer = (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/xml; charset=utf-8' });
  response.end(
    '<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/"><SOAP-ENV:Body><ok/></SOAP-ENV:Body></SOAP-ENV:Envelope>',
  );
};

/** Starts a back end on a free port of loopback. */
export async function startTestUpstream(first: UpstreamAnswer = soapAnswer): Promise<TestUpstream> {
  let answer = first;
  const received: ReceivedRequest[] = [];
  // Takes twice the fields that the gateway takes, since ours are added on the way.
  const server = createServer({ maxHeaderSize: 32_768 }, (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('error', () => undefined); // A caller that goes away is part of some tests.
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const request = {
        method: incoming.method ?? '',
        target: incoming.url ?? '',
        rawFields: incoming.rawHeaders,
        fields: incoming.headers,
        body: Buffer.concat(chunks),
      };
      received.push(request);
      void answer(request, response, incoming);
    });
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    answerWith: (next) => {
      answer = next;
    },
    close: async () => {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}
