// Whatever was thrown becomes a problem (RFC 9457) in the words of the catalogue: nothing of a library's sentence, and nothing of a
// stack, leaves the process.
import { controlProblems, problemType, toRetryAfterSeconds } from '@headgate/contract';
import type { FastifyError } from 'fastify';
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { ControlRefusal } from './control-refusal.ts';

/** What every refusal answers. */
export const problemSchema = z
  .strictObject({
    type: z.string().describe('`urn:headgate:problem:` and the code.'),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('Stable for ever. docs/reference/problems.md explains each.'),
    detail: z.string().describe('What happened, in a sentence.'),
    fix: z.string().describe('What to do next.'),
    retry: z.enum(['never', 'after', 'backoff']).describe('Whether repeating the request helps.'),
  })
  .meta({ id: 'Problem', description: 'Why a request was refused (RFC 9457).' });

/** A refusal in the form that is answered. */
export type ProblemBody = z.infer<typeof problemSchema>;

/** Media type of problems. */
const problemMediaType = 'application/problem+json; charset=utf-8';

/** The body of a refusal. */
export function problemBody({ code, detail }: ControlRefusal): ProblemBody {
  const { title, status, fix, retry } = controlProblems[code];
  return { type: problemType(code), title, status, code, detail, fix, retry };
}

/** The header fields of a refusal. */
export function problemFields({ retryAfterMs }: ControlRefusal): Readonly<Record<string, string>> {
  return {
    'content-type': problemMediaType,
    'cache-control': 'no-store',
    ...(retryAfterMs === undefined ? {} : { 'retry-after': String(toRetryAfterSeconds(retryAfterMs)) }),
  };
}

/** What Fastify and its parsers throw for what a caller sent, in our words; null for a defect. */
export function refusalOf(error: unknown, bodyBytesMax: number): ControlRefusal | null {
  if (error instanceof ControlRefusal) return error;
  if (!(error instanceof Error)) return null;
  if (hasZodFastifySchemaValidationErrors(error)) return invalidRequest(error);
  const { code = '', statusCode = 500 } = error as Partial<FastifyError>;
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return new ControlRefusal('control.too_large', { what: 'body', limitBytes: bodyBytesMax });
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return new ControlRefusal('control.unsupported_media_type', { found: 'of another content type' });
  const found = foundWords[code];
  if (found !== undefined) return new ControlRefusal('control.malformed_request', { found });
  // Every other fault of a request that a parser has: what it was is the parser's sentence, which stays here.
  if (statusCode >= 400 && statusCode < 500)
    return new ControlRefusal('control.malformed_request', { found: 'its body is not in the form that it states' });
  return null;
}

const foundWords: Readonly<Record<string, string>> = {
  FST_ERR_CTP_EMPTY_JSON_BODY: 'it states JSON and has no body',
  FST_ERR_CTP_INVALID_JSON_BODY: 'its body is no JSON',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'its body is not as long as Content-Length says',
  FST_ERR_BAD_URL: 'its target cannot be decoded',
  FST_ERR_MAX_PARAM_LENGTH: 'a part of its path is too long',
};

/** Most faults named at once. */
const faultsMax = 8;

function invalidRequest({ validation = [], validationContext }: Partial<FastifyError>): ControlRefusal {
  const faults = validation.slice(0, faultsMax).map(({ instancePath, keyword, params }) => {
    const place = [validationContext ?? 'request', ...instancePath.split('/').filter((part) => part !== '')]
      .join('.')
      .slice(0, 200);
    return `${place}: ${expectedBy(keyword, params)}`;
  });
  return new ControlRefusal('control.invalid_request', { faults });
}

function expectedBy(keyword: string, params: Readonly<Record<string, unknown>>): string {
  const words = (value: unknown): string => (Array.isArray(value) ? value.map(String).join(', ') : String(value));
  switch (keyword) {
    case 'invalid_type':
      return `it must be ${words(params.expected)}`;
    case 'invalid_value':
      return `it must be one of ${words(params.values)}`;
    case 'unrecognized_keys':
      return `there is no ${words(params.keys).slice(0, 200)}`;
    case 'too_small':
      return `it must be at least ${words(params.minimum)}`;
    case 'too_big':
      return `it must be at most ${words(params.maximum)}`;
    default:
      return 'it has another form';
  }
}
