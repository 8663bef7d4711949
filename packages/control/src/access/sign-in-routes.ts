// Signing in by a one-time link, signing out, and the sessions that are open. Opening a link only shows a button: what looks at links
// before people do (mail scanners, previews) does not use them up.
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { ControlApp } from '../api/control-app.ts';
import { ControlRefusal } from '../api/control-refusal.ts';
import { escaped, page, pageFields, wantsPage } from '../api/page.ts';
import type { Events } from '../events/event-log.ts';
import { everyone } from './account.ts';
import type { Accounts } from './accounts.ts';
import type { Attempts } from './attempts.ts';
import { beginCookie, endCookie } from './session-cookie.ts';
import type { LinkUse, Session, Sessions } from './sessions.ts';

/** What the routes stand on. */
export interface SignInRoutesOptions {
  readonly sessions: Sessions;
  readonly attempts: Attempts;
  readonly accounts: () => Accounts;
  readonly events: Events;
  /** Called when sessions have ended, so that what they hold open ends too. */
  readonly sessionsEnded: () => void;
}

const sessionSchema = z
  .strictObject({
    id: z.string(),
    account: z.string(),
    began: z.iso.datetime(),
    seen: z.iso.datetime().describe('Of its last request, to the minute.'),
    ends: z.iso.datetime().describe('At the latest.'),
    source: z.string(),
    userAgent: z.string().describe('What the browser said of itself.'),
    own: z.boolean().describe('Whether it is the one that asks.'),
  })
  .meta({ id: 'Session' });

const signedInSchema = z.strictObject({ account: z.string(), ends: z.iso.datetime() }).meta({ id: 'SignedIn' });

/** Adds `/v1/sign-in`, `/v1/sign-out` and `/v1/sessions`. */
export function signInRoutes(app: ControlApp, options: SignInRoutesOptions): void {
  signInPage(app);
  app.register((scope, _options, done) => {
    // For these routes alone: a form is the one thing that other sites can send without asking.
    scope.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, text, parsed) =>
      parsed(null, Object.fromEntries(new URLSearchParams(String(text)))),
    );
    signIn(scope as ControlApp, options);
    signOut(scope as ControlApp, options);
    done();
  });
  sessionList(app, options);
}

function signInPage(app: ControlApp): void {
  app.get(
    '/v1/sign-in',
    {
      config: { access: { roles: 'anyone' } },
      schema: {
        summary: 'The page of a one-time link',
        tags: ['access'],
        querystring: z.object({ link: z.string().max(200).optional() }),
        response: { 200: { description: 'A page with a button.', content: { 'text/html': { schema: z.string() } } } },
      },
    },
    // It says the same of every link: whether one is good is told to whoever uses it.
    ({ query: { link = '' } }, reply) => {
      const form = `<form method="post" action="/v1/sign-in"><input type="hidden" name="link" value="${escaped(link)}"><p>This link signs you in once.</p><button>Sign in</button></form>`;
      void reply.headers(pageFields);
      return page('Sign in to Headgate control', form);
    },
  );
}

function signIn(app: ControlApp, { sessions, attempts, accounts, events }: SignInRoutesOptions): void {
  app.post(
    '/v1/sign-in',
    {
      bodyLimit: 4_096,
      config: { access: { roles: 'anyone' } },
      schema: {
        summary: 'Sign in by a one-time link',
        tags: ['access'],
        body: z.strictObject({
          link: z.string().max(200).describe('The secret of the link: what stands behind `link=`.'),
        }),
        response: { 200: signedInSchema, 303: z.undefined().describe('A browser is signed in, and led to `/v1/me`.') },
      },
    },
    async (request, reply) => {
      const source = request.ip;
      const waitMs = attempts.waitMs(source);
      if (waitMs > 0) throw new ControlRefusal('control.too_many_attempts', { source }, { retryAfterMs: waitMs });
      const place = { source, userAgent: request.headers['user-agent'] ?? '' };
      const use = await sessions.useLink(request.body.link, place, (account) => accounts().byName(account) !== null);
      if (use.outcome !== 'signed_in') {
        attempts.failed(source);
        throw refusalOfLink(use);
      }
      const { session, secret } = use;
      void reply.header('set-cookie', beginCookie(secret));
      await events.publish('access.signed-in', { account: session.account, session: session.id, source });
      if (wantsPage(request.headers.accept)) return reply.code(303).header('location', '/v1/me').send(undefined);
      return { account: session.account, ends: new Date(session.endsMs).toISOString() };
    },
  );
}

function refusalOfLink({ outcome }: Exclude<LinkUse, { readonly outcome: 'signed_in' }>): ControlRefusal {
  switch (outcome) {
    case 'unknown':
      return new ControlRefusal('control.link_unknown', {});
    case 'used':
      return new ControlRefusal('control.link_used', {});
    case 'expired':
      return new ControlRefusal('control.link_expired', {});
  }
}

function sessionList(app: ControlApp, { sessions, events, sessionsEnded }: SignInRoutesOptions): void {
  app.get(
    '/v1/sessions',
    {
      config: { access: { roles: everyone } },
      schema: {
        summary: 'Sessions that are open',
        description: 'An operator sees all of them, everybody else their own.',
        tags: ['access'],
        response: { 200: z.strictObject({ sessions: z.array(sessionSchema) }) },
      },
    },
    async (request) => {
      const listed = await sessions.list(ownBound(request));
      return { sessions: listed.map((session) => toldSession(session, ownSession(request))) };
    },
  );
  app.delete(
    '/v1/sessions/:session',
    {
      config: { access: { roles: everyone } },
      schema: {
        summary: 'End a session',
        description: 'An operator may end any of them, everybody else their own.',
        tags: ['access'],
        params: z.object({ session: z.string().max(80) }),
        response: { 204: z.undefined().describe('It has ended.') },
      },
    },
    async (request, reply) => {
      const { session } = request.params;
      if (!(await sessions.end(session, ownBound(request))))
        throw new ControlRefusal('control.not_found', { path: `/v1/sessions/${session}` });
      sessionsEnded();
      await events.publish('access.session-ended', { session, by: request.account.name });
      return reply.code(204).send();
    },
  );
}

function signOut(app: ControlApp, { sessions, sessionsEnded }: SignInRoutesOptions): void {
  app.post(
    '/v1/sign-out',
    {
      config: { access: { roles: everyone } },
      schema: {
        summary: 'Sign out',
        description: 'Ends the session that asks. Whoever is known by a certificate stays so.',
        tags: ['access'],
        response: { 204: z.undefined().describe('The session has ended.') },
      },
    },
    async (request, reply) => {
      const own = ownSession(request);
      if (own !== null) await sessions.end(own, null);
      sessionsEnded();
      return ended(request, reply.header('set-cookie', endCookie));
    },
  );
}

function ended(request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (!wantsPage(request.headers.accept)) return reply.code(204).send();
  return reply
    .code(200)
    .headers(pageFields)
    .send(page('You are signed out', '<p>This browser has no session any more.</p>'));
}

/** The account whose sessions may be seen; null: everybody's. */
function ownBound({ account }: FastifyRequest): string | null {
  return account.roles.includes('operator') ? null : account.name;
}

function ownSession({ caller }: FastifyRequest): string | null {
  return caller.account === null ? null : (caller.session?.id ?? null);
}

function toldSession(
  { id, account, beganMs, seenMs, endsMs, source, userAgent }: Session,
  own: string | null,
): z.infer<typeof sessionSchema> {
  const [began, seen, ends] = [beganMs, seenMs, endsMs].map((ms) => new Date(ms).toISOString());
  return { id, account, began: began ?? '', seen: seen ?? '', ends: ends ?? '', source, userAgent, own: id === own };
}
