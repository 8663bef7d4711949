// Who the caller is, as control sees it.
import { z } from 'zod';
import { everyone, roles } from '../access/account.ts';
import type { ControlApp } from './control-app.ts';
import { escaped, page, pageFields, wantsPage } from './page.ts';

const meSchema = z
  .strictObject({
    id: z.string(),
    name: z.string(),
    roles: z.array(z.enum(roles)),
    participant: z
      .string()
      .nullable()
      .describe('The participant that the account belongs to; null for the operator’s.'),
    node: z.string().nullable().describe('The gateway that it is; null for people and programs.'),
    by: z.enum(['certificate', 'session']).describe('How this request is known to be of the account.'),
    sessionEnds: z.iso.datetime().nullable().describe('When the session ends at the latest; null without one.'),
  })
  .meta({ id: 'Me' });

type Me = z.infer<typeof meSchema>;

/** Adds `GET /v1/me`. */
export function meRoutes(app: ControlApp): void {
  app.get(
    '/v1/me',
    {
      config: { access: { roles: [...everyone, 'node'] } },
      schema: {
        summary: 'Who I am',
        tags: ['access'],
        response: {
          200: {
            description: 'The account; a page for a browser.',
            content: { 'application/json': { schema: meSchema }, 'text/html': { schema: z.string() } },
          },
        },
      },
    },
    ({ account, caller, headers }, reply) => {
      const { id, name, roles: held, participant, node } = account;
      const session = caller.account === null ? null : caller.session;
      const me: Me = {
        id,
        name,
        roles: [...held],
        participant,
        node,
        by: session === null ? 'certificate' : 'session',
        sessionEnds: session === null ? null : new Date(session.endsMs).toISOString(),
      };
      const isPage = wantsPage(headers.accept);
      void reply.headers(isPage ? pageFields : { 'content-type': 'application/json; charset=utf-8' });
      return isPage ? mePage(me) : me;
    },
  );
}

function mePage({ name, roles: held, participant, sessionEnds }: Me): string {
  const of = participant === null ? '' : ` of ${participant}`;
  const lines = [`<p>You are ${escaped(`${name}${of}: ${held.join(', ')}`)}.</p>`];
  if (sessionEnds !== null) {
    lines.push(
      `<p>The session ends at ${escaped(sessionEnds)} at the latest.</p>`,
      '<form method="post" action="/v1/sign-out"><button>Sign out</button></form>',
    );
  }
  return page('Headgate control', lines.join('\n'));
}
