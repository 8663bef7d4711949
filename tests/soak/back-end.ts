// The back end of the soaks, in a process of its own. It answers everything once it was sent, keeps nothing, and says much where
// it is asked for `ReadMuch`. Its first message is its port; it ends with its parent.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const much = Buffer.alloc(4 * 1_048_576, ' ');

const server = createServer((asked, response) => {
  asked.on('error', () => undefined); // Callers that are shed break off.
  asked.resume();
  asked.on('end', () => {
    response.setHeader('content-type', asked.url?.startsWith('/soap') === true ? 'text/xml' : 'application/json');
    response.end(asked.url?.includes('ReadMuch') === true ? much : '<ok/>');
  });
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
