// A plain JSON system, for an operator whose systems speak JSON: it stores what is written below a path and gives it back.
import { documentBytesMax, documentDepthMax, type StoredDocument } from '../state/documents.ts';
import { type Incoming, jsonReply, methodNotAllowed, type Reply } from '../wire/message.ts';
import type { World } from '../world.ts';

// At least 2 and at most 9 segments of 64 characters, none of them `.` or `..`.
const documentPath = /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._~-]{1,64}){2,9}$/;

/** Answers a request below a document prefix: GET reads a document or lists what is below, POST adds, PUT writes, DELETE removes. */
export function answerDocuments(incoming: Incoming, world: World): Reply {
  const { method, path } = incoming;
  if (!documentPath.test(path)) return problem(404, 'Not found', `${path} is not a document path.`);
  switch (method) {
    case 'GET':
    case 'HEAD':
      return read(path, world);
    case 'POST':
      return write(incoming, (content) => created(world.documents.add(path, content, world.clock())));
    case 'PUT':
      return write(incoming, (content) => put(path, content, world));
    case 'DELETE':
      return world.documents.remove(path) ? { status: 204, fields: {}, body: '' } : missing(path);
    default:
      return methodNotAllowed('GET, HEAD, POST, PUT, DELETE');
  }
}

function read(path: string, { documents }: World): Reply {
  const document = documents.get(path);
  if (document !== undefined) return jsonReply(200, document.content);
  const below = documents.below(path);
  return below.length > 0 ? jsonReply(200, { items: below.map(toListed) }) : missing(path);
}

function put(path: string, content: unknown, { documents, clock }: World): Reply {
  const isKnown = documents.get(path) !== undefined;
  const document = documents.put(path, content, clock());
  return isKnown ? jsonReply(200, document.content) : created(document);
}

function created(document: StoredDocument): Reply {
  const reply = jsonReply(201, toListed(document));
  return { ...reply, fields: { ...reply.fields, location: document.path } };
}

function toListed({ path, number, content, writtenMs }: StoredDocument) {
  return { path, number, writtenAt: new Date(writtenMs).toISOString(), content };
}

function write(incoming: Incoming, store: (content: unknown) => Reply): Reply {
  if (incoming.body.length > documentBytesMax) {
    return problem(413, 'Document too large', `A document has at most ${documentBytesMax} bytes.`);
  }
  try {
    const content: unknown = JSON.parse(incoming.body.toString('utf8'));
    return isDeeperThan(content, documentDepthMax)
      ? problem(400, 'Too deep', 'A document is at most 64 deep.')
      : store(content);
  } catch (error) {
    if (error instanceof SyntaxError) return problem(400, 'Not JSON', 'The body is not a JSON document.');
    throw error;
  }
}

function isDeeperThan(content: unknown, depthMax: number): boolean {
  let level: unknown[] = [content];
  for (let depth = 0; depth <= depthMax; depth += 1) {
    level = level.flatMap((value): unknown[] =>
      typeof value === 'object' && value !== null ? Object.values(value) : [],
    );
    if (level.length === 0) return false;
  }
  return true;
}

function missing(path: string): Reply {
  return problem(404, 'Not found', `There is no document at ${path}.`);
}

function problem(status: number, title: string, detail: string): Reply {
  const reply = jsonReply(status, { type: 'about:blank', title, status, detail });
  return { ...reply, fields: { 'content-type': 'application/problem+json' } };
}
