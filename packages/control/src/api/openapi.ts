// The published description of the API (OpenAPI 3.1), made from the schemas that requests and answers are held against.
import fastifySwagger from '@fastify/swagger';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { type Access, everyone } from '../access/account.ts';
import { sessionCookieName } from '../access/session-cookie.ts';
import type { ControlApp } from './control-app.ts';
import { problemSchema } from './problem-answer.ts';

/** Version of the API, in `info.version`. */
const apiVersion = '1.0.0';

/** Describes every route that is added after it, and serves the description. */
export async function serveOpenApi(app: ControlApp): Promise<void> {
  await app.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Headgate control',
        description:
          'One truth for gateways and people: accounts, snapshots, the ledger of evidence, events. Every refusal is a Problem.',
        version: apiVersion,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: {
        securitySchemes: {
          // OpenAPI 3.1 has it, the types of the plugin do not.
          certificate: { type: 'mutualTLS', description: 'The client certificate of an account.' } as never,
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: sessionCookieName,
            description: 'The session that a one-time link began.',
          },
        },
      },
    },
    transform: (route) => {
      const { schema, url } = jsonSchemaTransform(withProblem(route));
      return { schema: { ...schema, ...accessWords(route.route.config?.access) }, url };
    },
    // Without it the document has references that lead nowhere; with it, a schema that is only answered has a second name for input.
    transformObject: (document) => withoutUnused(jsonSchemaTransformObject(document) as OpenApiDocument),
  });
  app.get(
    '/v1/openapi.json',
    {
      config: { access: { roles: [...everyone, 'node'] } },
      schema: {
        summary: 'This description',
        tags: ['control'],
        response: { 200: z.looseObject({ openapi: z.string() }).describe('An OpenAPI 3.1 document.') },
      },
    },
    () => app.swagger() as unknown as { openapi: string },
  );
}

/** Who may, as the description says it: to programs that read security requirements, and in words. */
function accessWords(access: Access | undefined): object {
  if (access === undefined || access.roles === 'anyone') return { security: [] };
  return { security: [{ certificate: [] }, { session: [] }], 'x-headgate-roles': access.roles };
}

/** A document as far as its schemas need be known. */
interface OpenApiDocument {
  readonly components?: { readonly schemas?: Readonly<Record<string, object>> };
}

/** Leaves out schemas that nothing refers to, and what only those refer to. */
function withoutUnused<Document extends OpenApiDocument>(document: Document): Document {
  const schemas = document.components?.schemas ?? {};
  const rest = { ...document, components: { ...document.components, schemas: undefined } };
  const used = new Set<string>();
  const waiting = [JSON.stringify(rest)];
  for (let text = waiting.pop(); text !== undefined; text = waiting.pop()) {
    for (const [, name = ''] of text.matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (used.has(name)) continue;
      used.add(name);
      waiting.push(JSON.stringify(schemas[name] ?? {}));
    }
  }
  const kept = Object.fromEntries(Object.entries(schemas).filter(([name]) => used.has(name)));
  return { ...document, components: { ...document.components, schemas: kept } };
}

type Route = Parameters<typeof jsonSchemaTransform>[0];

function withProblem(route: Route): Route {
  const response = (route.schema as { response?: object } | undefined)?.response;
  const problem = { description: 'A refusal', content: { 'application/problem+json': { schema: problemSchema } } };
  return { ...route, schema: { ...route.schema, response: { ...response, default: problem } } };
}
