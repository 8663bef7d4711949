// A market system's user interface, small and real: a page that asks for its data every minute, keeps a WebSocket open, and writes
// down whatever goes wrong. It knows of sessions as the operator's guide says that a UI should, unless it is made to know of none.
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { answerFrames } from '../conformance/gateway/web-socket-upstream.ts';

/** A running site. */
export interface UiSite {
  readonly url: string;
  /** Forms that it was sent. */
  readonly forms: readonly string[];
  close(): Promise<void>;
}

/** What the page wrote down. */
export interface PageLog {
  /** Answers with data. */
  readonly polls: number;
  /** What came back over WebSockets, and how many were opened and closed. */
  readonly heard: number;
  readonly opened: number;
  readonly closed: number;
  /** Everything that failed, with what the person was told of it; an empty text is an end without a word. */
  readonly failures: readonly { readonly what: string; readonly told: string }[];
  /** What stands on the page for the person now. */
  readonly notice: string;
}

/** Starts a site. Its page is at every path that ends in `/offers`. */
export async function startUiSite({ knowsSessions }: { readonly knowsSessions: boolean }): Promise<UiSite> {
  const forms: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    if (request.url?.includes('/data') === true) {
      response.setHeader('content-type', 'application/json');
      response.end('{"offers":3}');
      return;
    }
    response.setHeader('content-type', 'text/html; charset=utf-8');
    if (request.method !== 'POST') {
      response.end(pageText(knowsSessions));
      return;
    }
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      forms.push(body);
      response.end('<!doctype html><html lang="en"><title>Taken</title><p id="taken">Your offer was taken.</p></html>');
    });
  });
  server.on('upgrade', (request: IncomingMessage, socket: Socket) => {
    const key = String(request.headers['sec-websocket-key']);
    // RFC 6455 §1.3.
    const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => answerFrames(socket, bytes));
  });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.listen(0, '127.0.0.1', resolve);
  await promise;
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    forms,
    async close() {
      const closed = Promise.withResolvers<void>();
      for (const socket of sockets) socket.destroy();
      server.close(() => closed.resolve());
      server.closeAllConnections();
      await closed.promise;
    },
  };
}

function pageText(knowsSessions: boolean): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Offers</title></head><body>
<h1>Offers</h1>
<form method="post"><label>Price <input name="price" id="price"></label> <button id="send">Send</button></form>
<p><button id="refresh">Refresh</button></p>
<p id="notice" role="status"></p>
<p><button id="on" hidden>Go on</button></p>
<script>
const log = { polls: 0, heard: 0, opened: 0, closed: 0, failures: [] };
const busy = new Set();
const notice = document.getElementById('notice');
const on = document.getElementById('on');
let socket = null;
let speaks = true;

/** Keeps account of what is under way. */
function during(work) {
  busy.add(work);
  const done = () => busy.delete(work);
  work.then(done, done);
  return work;
}
function tell(text, canGoOn) {
  notice.textContent = text;
  on.hidden = !canGoOn;
}
function failed(what, told, canGoOn) {
  log.failures.push({ what, told });
  tell(told, canGoOn);
}
async function ask(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch (fault) {
    failed(path + ': ' + fault, '', false);
    return null;
  }
  if (!response.ok) {
    const type = response.headers.get('content-type') ?? '';
    if (!type.includes('problem+json')) failed(path + ': ' + response.status + ' ' + type, '', false);
    else {
      const problem = await response.json();
      failed(problem.code, problem.detail + ' ' + problem.fix, problem.code === 'admission.session_ended');
    }
    return null;
  }
  const ends = response.headers.get('headgate-session-ends');
  if (ends !== null && ends.includes(';soon')) tell('Your session ends in ' + parseInt(ends) + ' seconds.', true);
  else tell('', false);
  return response;
}
async function poll() {
  const answer = await ask('/offers/data', { headers: { 'headgate-session': 'passive' } });
  if (answer !== null && (await answer.json()).offers === 3) log.polls += 1;
}
async function refresh() {
  const answer = await ask('/offers/data?refresh');
  if (answer !== null) log.polls += 1;
}
async function goOn() {
  const answer = await ask('/headgate/session', { method: 'POST' });
  if (answer !== null && socket.readyState > 1) open();
}
function open() {
  socket = new WebSocket('wss://' + location.host + '/offers/live');
  let wasOpen = false;
  during(new Promise((done) => {
    socket.onopen = () => { wasOpen = true; log.opened += 1; done(); };
    socket.onmessage = () => { log.heard += 1; };
    socket.onclose = () => {
      if (wasOpen) log.closed += 1;
      else failed('the WebSocket could not be opened', notice.textContent, !on.hidden);
      done();
      setTimeout(() => void during(openAgain()), 1000);
    };
  }));
}
async function openAgain() {
  if (${knowsSessions}) {
    const answer = await fetch('/headgate/session');
    if (answer.ok) {
      const session = await answer.json();
      if (session.state === 'ended') {
        failed('the session ended', 'Your session ended at ' + session.ends + '.', true);
        return;
      }
    }
  }
  open();
}
function settled() {
  return busy.size === 0 ? log : Promise.allSettled([...busy]).then(settled);
}

document.getElementById('refresh').onclick = () => void during(refresh());
on.onclick = () => void during(goOn());
setInterval(() => void during(poll()), 60000);
setInterval(() => { if (speaks && socket.readyState === 1) socket.send('?'); }, 60000);
open();
</script></body></html>`;
}
