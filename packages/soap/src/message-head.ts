// The head of a message as it stands on the wire: the envelope alone, or the root part of a multipart message.
import { type EnvelopeHead, type HeadBounds, readHead } from './head.ts';
import type { HeaderPath } from './header-path.ts';
import { bareId, type MimePartPrefix, parseContentType, readMultipartPrefix } from './multipart.ts';
import { scanRootPart } from './multipart-scan.ts';

/**
 * Reads the head of the envelope in the first bytes of a message, by its Content-Type. In multipart/* the envelope is
 * the part that `start` names, else the first (RFC 2387 section 3.2). Never throws; a Content-Type that cannot be read
 * is refused only where it claims to be multipart. `path` is that of `readHead`.
 */
export function readMessageHead(
  contentType: string,
  prefix: Uint8Array,
  bounds?: Partial<HeadBounds>,
  path: HeaderPath | null = null,
): EnvelopeHead {
  if (!/^\s*multipart\//i.test(contentType)) return readHead(prefix, bounds, path);
  const parsed = parseContentType(contentType);
  if (parsed === null) return badMultipart;
  const boundary = parsed.parameters.get('boundary') ?? '';
  const start = parsed.parameters.get('start');
  const scanned = scanRootPart(boundary, start, prefix);
  if (scanned !== 'undecided') return readHead(scanned, bounds, path);

  const parts = readMultipartPrefix(boundary, prefix);
  if (typeof parts === 'string') return badMultipart;
  const root = rootOf(parts, start);
  return root === null ? { kind: 'unfinished' } : readHead(root.body, bounds, path);
}

const badMultipart = { kind: 'refused', reason: 'bad_multipart', at: 0 } as const;

function rootOf(parts: readonly MimePartPrefix[], start: string | undefined): MimePartPrefix | null {
  if (start === undefined) return parts[0] ?? null;
  return parts.find(({ fields }) => bareId(fields.get('content-id') ?? '') === bareId(start)) ?? null;
}
