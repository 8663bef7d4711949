// Who the caller is, as control sees it.
import { z } from 'zod';
import { everyone, roles } from '../access/account.ts';
import type { ControlApp } from './control-app.ts';

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
  })
  .meta({ id: 'Me' });

/** Adds `GET /v1/me`. */
export function meRoutes(app: ControlApp): void {
  app.get(
    '/v1/me',
    {
      config: { access: { roles: [...everyone, 'node'] } },
      schema: { summary: 'Who I am', tags: ['access'], response: { 200: meSchema } },
    },
    ({ account, caller }) => {
      const { id, name, roles: held, participant, node } = account;
      const by: 'certificate' | 'session' = caller.account === null ? 'session' : caller.by;
      return { id, name, roles: [...held], participant, node, by };
    },
  );
}
