// Sessions of BIG-IP Access Policy Manager, as /var/log/apm tells of them line by line ("Logging and Reporting", techdocs.f5.com, BIG-IP
// APM 11 to 17; messages 0149xxxx). A session becomes one call of a person: when the access policy has decided, or when it ended before.
import type { ReadClock } from './clocks.ts';
import type { LineReading, LogEntry } from './log-entry.ts';
import { toName } from './logged-certificate.ts';

/** What is gathered of a session until it is told. */
interface Session {
  readonly atMs: number;
  readonly source: string;
  readonly listener: string | null;
  userAgent: string | null;
  subject: string | null;
  isTold: boolean;
}

/** Sessions that are held; the oldest goes when there are more. */
const sessionsMax = 100_000;

/** `Feb  6 12:14:14 host notice tmm[123]: 01490500:5: /Common/profile:Common:1f2e3d4c: words`; profile and partition came with 11.6. */
const message =
  /^(?:<\d{1,3}>)?(.{15}|\S{19,35}) (\S{1,255}) (?:[a-z]{3,8} )?([\w.-]{1,30})\[\d{1,10}\]: (0149[0-9a-f]{4}):\d: (?:\S{0,200}:)?([0-9a-f]{8}): (.*)$/;

/** A reader of one file: it remembers sessions, so that a file is read from its beginning. */
export function createApmReader(clock: ReadClock): (line: string) => LineReading {
  const sessions = new Map<string, Session>();
  return (line) => {
    const found = message.exec(line);
    if (found === null) return / (?:apmd?|tmm\d*|apd)\[\d+\]: /.test(line) ? nothing : bad('no message of APM');
    const [, stamp = '', , , , id = '', words = ''] = found;
    const atMs = clock(stamp);
    if (atMs === null) return bad('no instant that can be read');
    const begun = /^New session from client IP ([0-9A-Fa-f:.]{2,45}) .*?(?:Listener (\S{1,200}))?(?: \(|$)/.exec(
      words.replace(/ \(ST=[^)]{0,200}\)/, ''),
    );
    if (begun !== null) return begin(sessions, id, atMs, begun[1] ?? '', begun[2] ?? null);
    const session = sessions.get(id);
    return session === undefined ? nothing : follow(session, words, () => sessions.delete(id));
  };
}

const nothing: LineReading = { kind: 'nothing' };

function bad(reason: string): LineReading {
  return { kind: 'bad', reason };
}

function begin(
  sessions: Map<string, Session>,
  id: string,
  atMs: number,
  source: string,
  listener: string | null,
): LineReading {
  const [oldest] = sessions.keys();
  if (sessions.size >= sessionsMax && oldest !== undefined) sessions.delete(oldest);
  const copy = (text: string) => Buffer.from(text).toString();
  sessions.set(copy(id), {
    atMs,
    source: copy(source),
    listener: listener === null ? null : copy(listener),
    userAgent: null,
    subject: null,
    isTold: false,
  });
  return nothing;
}

function follow(session: Session, words: string, end: () => void): LineReading {
  const agent = /^Received User-Agent header: (.{1,400})/.exec(words)?.[1];
  if (agent !== undefined) session.userAgent = Buffer.from(decoded(agent).slice(0, 200)).toString();
  // A logging agent of the access policy, or debug level.
  const subject = /session\.ssl\.cert\.subject'?(?: is| set to|:|=) *'?([^']{3,400})/.exec(words)?.[1];
  if (subject !== undefined) session.subject = toName(Buffer.from(subject.trim()).toString());
  const result = /^Access policy result: (\S{1,60})/.exec(words)?.[1];
  if (result !== undefined) return told(session, `access policy result ${result}`);
  const ended = /^Session deleted(?: due to)? ?(.{0,80})/.exec(words)?.[1];
  if (ended === undefined) return nothing;
  end();
  return told(session, `the session ended before its access policy did: ${ended === '' ? 'deleted' : ended}`);
}

function told(session: Session, outcome: string): LineReading {
  if (session.isTold) return nothing;
  session.isTold = true;
  return { kind: 'entry', entry: entryOf(session, outcome) };
}

/** User agents are percent-encoded there. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.trim());
  } catch {
    return text.trim();
  }
}

function entryOf({ atMs, source, listener, userAgent, subject }: Session, outcome: string): LogEntry {
  const unknown = { serial: null, issuer: null, fingerprint: null, notAfter: null } as const;
  return {
    atMs,
    source,
    sourcePort: null,
    listener,
    scheme: 'https',
    host: null,
    serverName: null,
    tlsVersion: null,
    tlsResumed: null,
    method: 'GET', // A session begins with a page that a browser asks for.
    path: '/',
    asksDescription: false,
    contentType: null,
    contentEncoding: null,
    contentLength: null,
    framing: null,
    soapAction: null,
    cookies: null,
    userAgent,
    status: null,
    requestBytes: null,
    responseBytes: null,
    durationMs: null,
    firstByteMs: null,
    isComplete: true,
    certificate: subject === null ? null : { verdict: 'accepted', subject, ...unknown },
    upstream: null,
    endpoint: null,
    upstreamStatus: null,
    attempts: 1,
    outcome,
  };
}
