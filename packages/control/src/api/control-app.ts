// The listener of control and what holds for every route: who may call it, what it may send, and how a refusal is answered. Areas
// add their routes; what one of them says of itself in `config.access` is decided here, before it runs.
import { constants, randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Server } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { type FastifyBaseLogger, type FastifyInstance, type FastifyRequest, fastify } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { type Access, type Account, permissionOf } from '../access/account.ts';
import type { Caller } from '../access/identify-caller.ts';
import { foreignOrigin } from '../access/same-site.ts';
import type { ControlConfig } from '../config/control-config.ts';
import { brokenRequest } from './broken-request.ts';
import { ControlRefusal } from './control-refusal.ts';
import { serveOpenApi } from './openapi.ts';
import { pageFields, problemPage, wantsPage } from './page.ts';
import { problemBody, problemFields, refusalOf } from './problem-answer.ts';
import { createRequestCounts } from './request-counts.ts';
import { createRouteTable, type RouteTable } from './route-table.ts';
import { boundSources } from './source-connections.ts';
import { holdsStorable } from './storable-text.ts';

/** What areas add their routes to. */
export type ControlApp = FastifyInstance<Server, IncomingMessage, ServerResponse, FastifyBaseLogger, ZodTypeProvider>;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may call the route; control does not start with a route that does not say. */
    access?: Access;
  }
  interface FastifyRequest {
    /** Who calls. Only on routes that need an account. */
    readonly account: Account;
    /** The one participant whose things this request may see; null where there is no such bound. */
    readonly participantScope: string | null;
    /** What is known of the caller, on every route. */
    caller: Caller;
    scope: string | null;
  }
}

/** What control says of itself, beside its answers. */
export type ControlNotice =
  | { readonly kind: 'defect'; readonly id: string; readonly route: string; readonly cause: string }
  | { readonly kind: string; readonly [fact: string]: unknown };

/** What an app is made of. */
export interface ControlAppOptions {
  readonly bounds: ControlConfig['bounds'];
  /** PEM texts of the listener. */
  readonly tls: { readonly cert: string; readonly key: string };
  readonly callerOf: (request: FastifyRequest) => Caller | Promise<Caller>;
  readonly notice: (notice: ControlNotice) => void;
}

/** An app, the table of its routes, and how it comes to an end. */
export interface CreatedApp {
  readonly app: ControlApp;
  readonly routes: RouteTable;
  /** From now on requests are refused with `control.draining`. */
  readonly drain: () => void;
  /** New connections are shown this certificate; those that are open stay. */
  readonly showCertificate: (tls: ControlAppOptions['tls']) => void;
}

/** Makes the app. Routes are added to it before it listens; each must state its access, or adding it throws. */
export async function createControlApp(options: ControlAppOptions): Promise<CreatedApp> {
  const { bounds } = options;
  let isDraining = false;
  const routes = createRouteTable();
  const answerFault = createFaultAnswer(options);
  const app = createListener(options, answerFault);
  app.server.maxConnections = bounds.connectionsMax;
  boundSources(app.server, bounds.connectionsPerSourceMax);
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  parseBodies(app);
  app.addHook('onRoute', (route) => routes.add(route));
  app.addHook('onRequest', async (_request, reply) => {
    void reply.headers(answerFields);
    if (!isDraining) return;
    void reply.header('connection', 'close');
    throw new ControlRefusal('control.draining', {}, { retryAfterMs: 5_000 });
  });
  guardRequests(app, options);
  app.setErrorHandler((error, request, reply) => answerFault(error, request, reply as never));
  answerUnknown(app, routes);
  await serveOpenApi(app);
  return {
    app,
    routes,
    drain() {
      isDraining = true;
    },
    showCertificate(next) {
      app.server.setSecureContext({ ...next, ...contextSettings });
    },
  };
}

function createListener({ bounds, tls }: ControlAppOptions, answerFault: FaultAnswer): ControlApp {
  return fastify<Server>({
    https: {
      ...tls,
      ...contextSettings,
      // A certificate is asked for and judged by us, per request.
      requestCert: true,
      rejectUnauthorized: false,
      handshakeTimeout: bounds.handshakeTimeoutMs,
      maxHeaderSize: bounds.headerBytesMax,
      headersTimeout: bounds.headerTimeoutMs,
      // Without it, it is answered by us, as every refusal is.
      requireHostHeader: false,
      connectionsCheckingInterval: checkEveryMs,
    },
    bodyLimit: bounds.bodyBytesMax,
    keepAliveTimeout: bounds.keepAliveMs,
    requestTimeout: bounds.requestTimeoutMs,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    logger: false,
    clientErrorHandler: brokenRequest,
    frameworkErrors: (error, request, reply) => void answerFault(error, request, reply.headers(answerFields) as never),
    routerOptions: { maxParamLength: 400 },
  }).withTypeProvider<ZodTypeProvider>();
}

/** JSON alone is read everywhere, and none that no store can hold. */
function parseBodies(app: ControlApp): void {
  app.removeContentTypeParser(['text/plain', 'application/json']);
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text, done) =>
    parseJson(request, String(text), (fault, value) =>
      fault === null && !holdsStorable(value)
        ? done(new ControlRefusal('control.malformed_request', { found: unstorable('body') }))
        : done(fault, value),
    ),
  );
}

/** Finds out who calls and whether they may, before anything of a route runs. */
function guardRequests(app: ControlApp, { bounds, callerOf }: ControlAppOptions): void {
  const counts = createRequestCounts(bounds.requestsPerAccountMax);
  decorateRequests(app);
  app.addHook('onRequest', async (request, reply) => {
    refuseOddHead(request);
    request.caller = await callerOf(request);
    const { account } = request.caller;
    const by = request.caller.account === null ? 'nobody' : request.caller.by;
    const foreign = foreignOrigin(request.method, request.headers, by);
    if (foreign !== null) throw foreign;
    const { access } = request.routeOptions.config;
    if (account === null) {
      if (access?.roles === 'anyone') return;
      throw request.caller.refusal;
    }
    reply.raw.once('close', counts.take(account));
    if (access === undefined) return; // There is no such route, which is told to whoever has an account.
    request.scope = scopeGranted(account, access, request);
  });
}

function decorateRequests(app: ControlApp): void {
  app.decorateRequest('caller');
  app.decorateRequest('scope', null);
  app.decorateRequest('account', {
    getter() {
      const { account } = this.caller;
      if (account === null) throw new TypeError('a route for anyone has no account');
      return account;
    },
  });
  app.decorateRequest('participantScope', {
    getter() {
      return this.scope;
    },
  });
}

function scopeGranted(account: Account, access: Access, request: FastifyRequest): string | null {
  const permission = permissionOf(account, access, request.params as Readonly<Record<string, string>>);
  switch (permission.verdict) {
    case 'granted':
      return permission.participantScope;
    case 'not_found':
      throw new ControlRefusal('control.not_found', { path: pathOf(request) });
    case 'not_permitted': {
      const needs = access.roles === 'anyone' ? [] : access.roles;
      throw new ControlRefusal('control.not_permitted', { account: account.name, has: account.roles, needs });
    }
  }
}

/** Answers what no route takes: with the methods that there are, or that there is nothing. */
function answerUnknown(app: ControlApp, routes: RouteTable): void {
  app.setNotFoundHandler((request, reply) => {
    const path = pathOf(request);
    const allowed = routes.methodsAt(path);
    if (allowed.length === 0) throw new ControlRefusal('control.not_found', { path });
    void reply.header('allow', allowed.join(', '));
    throw new ControlRefusal('control.method_not_allowed', { method: request.method, path, allowed });
  });
}

type FaultAnswer = (error: unknown, request: FastifyRequest, reply: AnsweringReply) => AnsweringReply;

/** The one place that turns what was thrown into an answer. A defect is answered with an id, under which its cause is told. */
function createFaultAnswer({ bounds, notice }: ControlAppOptions): FaultAnswer {
  const defect = (error: unknown, request: FastifyRequest): ControlRefusal => {
    const id = randomBytes(4).toString('hex');
    const cause = error instanceof Error ? (error.stack ?? error.message) : String(error);
    notice({ kind: 'defect', id, route: `${request.method} ${request.routeOptions.url ?? ''}`, cause });
    return new ControlRefusal('control.defect', { id });
  };
  return (error, request, reply) => {
    const refusal = refusalOf(error, request.routeOptions.bodyLimit ?? bounds.bodyBytesMax) ?? defect(error, request);
    const body = problemBody(refusal);
    const isPage = wantsPage(request.headers.accept);
    const fields = { ...problemFields(refusal), ...(isPage ? pageFields : {}) };
    // Serialized here: a route's own schemas describe its answers, and a refusal is the same everywhere.
    return reply
      .code(body.status)
      .headers(fields)
      .send(isPage ? problemPage(body) : JSON.stringify(body));
  };
}

/** What Node and Fastify let through, and no store or reader of a log should meet. */
function refuseOddHead({ raw, url }: FastifyRequest): void {
  const hosts = raw.rawHeaders.filter((name, at) => at % 2 === 0 && name.toLowerCase() === 'host');
  if (hosts.length !== 1)
    throw new ControlRefusal('control.malformed_request', { found: `it has ${hosts.length} Host fields, and not one` });
  if (url.includes('%00')) throw new ControlRefusal('control.malformed_request', { found: unstorable('target') });
}

function unstorable(what: 'body' | 'target'): string {
  return `its ${what} holds a zero byte or half a character, which no text has`;
}

interface AnsweringReply {
  code(status: number): AnsweringReply;
  headers(fields: Readonly<Record<string, string>>): AnsweringReply;
  send(body: string): AnsweringReply;
}

/** The socket of a request, which is always one of TLS. */
export function socketOf(request: FastifyRequest): TLSSocket {
  return request.raw.socket as TLSSocket;
}

function pathOf({ url }: FastifyRequest): string {
  return (url.split('?', 1)[0] ?? '').slice(0, 300);
}

/** How often it is looked for connections that take too long, in milliseconds: the bounds hold to this. */
const checkEveryMs = 2_000;

/** Answers are for whoever asked and for nobody between; nothing here is ever framed, sniffed or led away from. */
const answerFields = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const;

/**
 * TLS 1.3, and of TLS 1.2 only what has forward secrecy and authenticated encryption (RFC 9325 §4.2). Nothing is resumed, so that every
 * connection has shown its certificate.
 */
const contextSettings = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.3',
  ciphers: [
    'TLS_AES_256_GCM_SHA384',
    'TLS_CHACHA20_POLY1305_SHA256',
    'TLS_AES_128_GCM_SHA256',
    'ECDHE-ECDSA-AES256-GCM-SHA384',
    'ECDHE-RSA-AES256-GCM-SHA384',
    'ECDHE-ECDSA-AES128-GCM-SHA256',
    'ECDHE-RSA-AES128-GCM-SHA256',
  ].join(':'),
  honorCipherOrder: true,
  secureOptions: constants.SSL_OP_NO_TICKET | constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_COMPRESSION,
} as const;
