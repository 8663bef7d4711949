// The API of what control holds itself: participants with their credentials and rights, and positions. A change is proved against all
// the rest before it is taken, and is in force with the next snapshot.
import { type Credential, credentialKey, type Participant, provisioningSchema } from '@headgate/contract';
import { z } from 'zod';
import { type Account, everyone, staff } from '../access/account.ts';
import type { ControlApp } from '../api/control-app.ts';
import { ControlRefusal } from '../api/control-refusal.ts';
import type { Snapshots } from './snapshots.ts';

const participantSchema = provisioningSchema.shape.participants.element;
const credentialSchema = participantSchema.shape.credentials.element;
const reasonSchema = z.string().trim().min(1).max(900).describe('Why: it stands in the journal for ever.');
const idSchema = z.string().min(1).max(80);
const keySchema = z
  .string()
  .min(1)
  .max(600)
  .describe('As differences name it: `subject CN=…`, `fingerprint …`, or `serial … of …`.');
const tags = ['provisioning'];
const place = z.strictObject({ participant: idSchema });
const nothing = { 204: z.void().describe('Recorded; in force with the next snapshot.') };
const pageMax = 200;

/** Adds the routes. */
export function provisioningRoutes(app: ControlApp, snapshots: Snapshots): void {
  const at = (id: string) => `/v1/provisioning/participants/${id}`;
  const participantAt = async (id: string): Promise<Participant> => {
    const found = (await snapshots.participants()).find((each) => each.id === id);
    if (found === undefined) throw new ControlRefusal('control.not_found', { path: at(id) });
    return found;
  };
  /** Changes one participant; what it was is read first, and whoever changes it at the same time is told. */
  const change = async (
    account: Account,
    reason: string,
    id: string,
    to: (before: () => Promise<Participant>) => Promise<Participant | null>,
  ): Promise<void> => {
    const before = (await snapshots.held()).marks.get(id) ?? null;
    const participant = await to(() => participantAt(id));
    await snapshots.changeParticipants(account.id, { reason, participants: [{ id, before, participant }] });
  };
  readRoutes(app, snapshots, participantAt);
  app.put(
    '/v1/provisioning/participants/:participant',
    {
      config: { access: { roles: ['operator'] } },
      schema: {
        summary: 'Put a participant, with all of its credentials and rights',
        tags,
        params: place,
        body: z.strictObject({ reason: reasonSchema, participant: participantSchema }),
        response: nothing,
      },
    },
    async ({ params, body: { reason, participant }, account }, reply) => {
      if (participant.id !== params.participant)
        throw new ControlRefusal('control.invalid_request', {
          faults: [`body.participant.id: it must be ${params.participant}, as in the address`],
        });
      await change(account, reason, participant.id, async () => participant);
      return reply.code(204).send();
    },
  );
  app.post(
    '/v1/provisioning/participants/:participant/end',
    {
      config: { access: { roles: ['operator'] } },
      schema: {
        summary: 'End a participant with all of its credentials',
        tags,
        params: place,
        body: z.strictObject({ reason: reasonSchema }),
        response: nothing,
      },
    },
    async ({ params, body: { reason }, account }, reply) => {
      await change(account, reason, params.participant, async (before) => {
        await before();
        return null;
      });
      return reply.code(204).send();
    },
  );
  credentialRoutes(app, change);
  positionRoutes(app, snapshots);
}

function readRoutes(app: ControlApp, snapshots: Snapshots, participantAt: (id: string) => Promise<Participant>): void {
  app.get(
    '/v1/provisioning/participants',
    {
      config: { access: { roles: everyone } },
      schema: {
        summary: 'Participants as the next snapshot would have them, by id',
        tags,
        querystring: z.strictObject({
          after: idSchema.optional().describe('Only ids behind this one.'),
          limit: z.coerce.number().pipe(z.int().min(1).max(pageMax)).default(50),
        }),
        response: { 200: z.strictObject({ participants: z.array(participantSchema), next: idSchema.nullable() }) },
      },
    },
    async ({ query: { after = '', limit }, participantScope }) => {
      const all = (await snapshots.participants())
        .filter(({ id }) => id > after && (participantScope === null || id === participantScope))
        .toSorted((one, other) => (one.id < other.id ? -1 : 1));
      const page = all.slice(0, limit);
      return { participants: page, next: all.length > limit ? (page.at(-1)?.id ?? null) : null };
    },
  );
  app.get(
    '/v1/provisioning/participants/:participant',
    {
      config: { access: { roles: everyone, participant: 'participant' } },
      schema: {
        summary: 'One participant as the next snapshot would have it',
        tags,
        params: place,
        response: { 200: participantSchema },
      },
    },
    ({ params: { participant } }) => participantAt(participant),
  );
}

type Change = (
  account: Account,
  reason: string,
  id: string,
  to: (before: () => Promise<Participant>) => Promise<Participant | null>,
) => Promise<void>;

function credentialRoutes(app: ControlApp, change: Change): void {
  app.post(
    '/v1/provisioning/participants/:participant/credentials',
    {
      config: { access: { roles: ['operator'] } },
      schema: {
        summary: 'Enrol a credential, or put another in place of the same one',
        tags,
        params: place,
        body: z.strictObject({ reason: reasonSchema, credential: credentialSchema }),
        response: nothing,
      },
    },
    async ({ params, body: { reason, credential }, account }, reply) => {
      await change(account, reason, params.participant, async (before) => {
        const participant = await before();
        const others = participant.credentials.filter((each) => credentialKey(each) !== credentialKey(credential));
        return { ...participant, credentials: [...others, credential] };
      });
      return reply.code(204).send();
    },
  );
  app.post(
    '/v1/provisioning/participants/:participant/credentials/end',
    {
      config: { access: { roles: ['operator'] } },
      schema: {
        summary: 'End a credential',
        tags,
        params: place,
        body: z.strictObject({ reason: reasonSchema, credential: keySchema }),
        response: nothing,
      },
    },
    async ({ params, body: { reason, credential: key }, account }, reply) => {
      await change(account, reason, params.participant, async (before) =>
        withCredential(await before(), key, () => []),
      );
      return reply.code(204).send();
    },
  );
  app.post(
    '/v1/provisioning/participants/:participant/credentials/rights',
    {
      config: { access: { roles: ['operator'] } },
      schema: {
        summary: 'Put the rights of a credential',
        tags,
        params: place,
        body: z.strictObject({
          reason: reasonSchema,
          credential: keySchema,
          rights: credentialSchema.shape.rights,
        }),
        response: nothing,
      },
    },
    async ({ params, body: { reason, credential: key, rights }, account }, reply) => {
      await change(account, reason, params.participant, async (before) =>
        withCredential(await before(), key, (credential) => [{ ...credential, rights }]),
      );
      return reply.code(204).send();
    },
  );
}

function withCredential(
  participant: Participant,
  key: string,
  to: (credential: Credential) => readonly Credential[],
): Participant {
  const { id, credentials } = participant;
  if (!credentials.some((each) => credentialKey(each) === key))
    throw new ControlRefusal('control.not_found', { path: `/v1/provisioning/participants/${id}, credential ${key}` });
  return {
    ...participant,
    credentials: credentials.flatMap((each) => (credentialKey(each) === key ? to(each) : [each])),
  };
}

const writtenPositions = z
  .record(z.string().min(1).max(700), z.string().min(1).max(80).nullable())
  .default({})
  .describe('Null: as the catalogue says.');

function positionRoutes(app: ControlApp, snapshots: Snapshots): void {
  app.get(
    '/v1/positions',
    {
      config: { access: { roles: staff } },
      schema: {
        summary: 'Where addresses and chains stand, where that differs from the catalogue, for the next snapshot',
        tags,
        response: {
          200: z.strictObject({
            positions: z.record(z.string(), z.string()),
            chainPositions: z.record(z.string(), z.string()),
          }),
        },
      },
    },
    async () => {
      const { positions, chainPositions } = await snapshots.held();
      return { positions, chainPositions };
    },
  );
  app.post(
    '/v1/positions',
    {
      config: { access: { roles: ['operator'] } },
      schema: {
        summary: 'Move addresses, hosts or chains, in force together with the next snapshot',
        tags,
        body: z.strictObject({ reason: reasonSchema, positions: writtenPositions, chainPositions: writtenPositions }),
        response: nothing,
      },
    },
    async ({ body, account }, reply) => {
      await snapshots.changePositions(account.id, body);
      return reply.code(204).send();
    },
  );
}
