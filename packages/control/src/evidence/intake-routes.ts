// Where nodes and imports send their records.
import { z } from 'zod';
import type { ControlApp } from '../api/control-app.ts';
import { ControlRefusal } from '../api/control-refusal.ts';
import { takenAnswer } from './answer-schemas.ts';
import type { Ledger, TakeOutcome } from './ledger.ts';
import { type BodyEncoding, batchBytesMax } from './packed-chunk.ts';

const encodings: readonly BodyEncoding[] = ['identity', 'gzip', 'zstd'];

/** Adds the routes that records come by. */
export function intakeRoutes(app: ControlApp, { ledger }: { readonly ledger: Pick<Ledger, 'take'> }): void {
  app.addContentTypeParser(
    'application/x-ndjson',
    { parseAs: 'buffer', bodyLimit: batchBytesMax },
    (_request, body, done) => done(null, body),
  );
  const answers = { response: { 200: takenAnswer }, consumes: ['application/x-ndjson'], tags: ['evidence'] };
  app.post(
    '/v1/nodes/:node/records',
    {
      bodyLimit: batchBytesMax,
      config: { access: { roles: ['node'], node: 'node' } },
      schema: {
        ...answers,
        summary: 'Send records of a gateway',
        description:
          'Lines of evidence in order within each boot and thread, packed with zstd or gzip or not, at most 8 MiB unpacked. What was taken before is skipped; what is acknowledged is committed.',
        params: z.strictObject({ node: z.string().min(1).max(200) }),
      },
    },
    async ({ params, headers, body }) => toAnswer(await take(params.node, headers['content-encoding'], body)),
  );
  app.post(
    '/v1/imports/:name/records',
    {
      bodyLimit: batchBytesMax,
      config: { access: { roles: ['operator'] } },
      schema: {
        ...answers,
        summary: 'Send records that were read from a log',
        description: 'As records of a gateway, of the node `import:NAME`. Numbers may leave holes.',
        params: z.strictObject({ name: z.string().regex(/^[a-z0-9][a-z0-9.-]{0,62}$/) }),
      },
    },
    async ({ params, headers, body }) =>
      toAnswer(await take(`import:${params.name}`, headers['content-encoding'], body)),
  );

  async function take(node: string, said: string | undefined, body: unknown): Promise<TakeOutcome> {
    const encoding = encodings.find((each) => each === (said ?? 'identity').toLowerCase());
    if (encoding === undefined)
      throw new ControlRefusal('control.unsupported_media_type', { found: 'packed in a way other than zstd or gzip' });
    // A body of another form that some parser of control knows: acknowledging nothing of it would look like success.
    if (!(body instanceof Uint8Array))
      throw new ControlRefusal('control.unsupported_media_type', { found: 'not of application/x-ndjson' });
    return ledger.take({ node, encoding, body });
  }
}

function toAnswer(outcome: TakeOutcome): z.infer<typeof takenAnswer> {
  switch (outcome.kind) {
    case 'taken':
      return { acknowledged: [...outcome.acknowledged] };
    case 'busy':
      throw new ControlRefusal('control.ledger_busy', {}, { retryAfterMs: outcome.retryAfterMs });
    case 'too-many-threads':
      throw new ControlRefusal('control.too_many_boots', { limit: outcome.limit }, { retryAfterMs: 3_600_000 });
    case 'faulty':
      if (outcome.fault === 'too-large')
        throw new ControlRefusal('control.too_large', { what: 'body', limitBytes: batchBytesMax });
      throw new ControlRefusal('control.malformed_request', {
        found: 'its body is not packed as Content-Encoding says',
      });
  }
}
