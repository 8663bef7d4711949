// The demo's participants at work: each calls from its own address at a modest pace, through old and new addresses, the way the
// deck's customers do. Some are ready for the cutover, some are not, one is impatient.

import { readFile } from 'node:fs/promises';
import { createSession, invoke, isClientProblem, type OpenCatalogue, type Session } from '@headgate/client';
import { parse } from 'yaml';
import { type DemoWorld, demoParticipants } from './demo-world.ts';

/** A fleet that calls until it is stopped. */
export interface Fleet {
  /** Calls that never reached the gateway, by problem code: the evidence cannot show them. */
  readonly unsent: ReadonlyMap<string, number>;
  /** Rejects with the first defect of a caller; never resolves. */
  readonly broken: Promise<never>;
  stop(): Promise<void>;
}

interface Habit {
  readonly participant: string;
  readonly generation: 'new' | 'old';
  readonly service: string;
  readonly everyMs: number;
  readonly sample?: true;
  /** A submit whose sample is sent once before, so that there is something to retrieve. */
  readonly first?: string;
}

/** Who calls what, where and how often. Charlie asks for prices twice as often as acceptable use allows, and is refused half the time. */
const habits: readonly Habit[] = [
  { participant: 'alpha-energy', generation: 'new', service: 'cmri/RetrieveMarketAwards', everyMs: 6_000 },
  { participant: 'alpha-energy', generation: 'new', service: 'sibr/SubmitRawBidSet', everyMs: 9_000, sample: true },
  { participant: 'bravo-municipal', generation: 'old', service: 'cmri/RetrieveMarketAwards', everyMs: 4_000 },
  { participant: 'bravo-municipal', generation: 'old', service: 'sibr/RetrieveRawBidSet', everyMs: 7_000 },
  { participant: 'charlie-storage', generation: 'new', service: 'cmri/RetrieveSchedulePrices', everyMs: 2_500 },
  {
    participant: 'charlie-storage',
    generation: 'old',
    service: 'drrs/RetrieveDRRegistrations',
    everyMs: 11_000,
    first: 'drrs/SubmitDRRegistrations',
  },
  { participant: 'delta-trading', generation: 'new', service: 'ads/getDispatchBatchesSinceUID', everyMs: 5_000 },
  { participant: 'delta-trading', generation: 'new', service: 'stlmt/RetrieveMeterData', everyMs: 31_000 },
];

/** Starts everybody. Refused calls are part of the picture and are shown by the evidence, not here. */
export async function startFleet(
  world: DemoWorld,
  catalogue: OpenCatalogue,
  ports: { readonly tls: number },
): Promise<Fleet> {
  const anchorsPem = await readFile(`${world.folder}/server-anchors.pem`, 'utf8');
  const sessions = new Map<string, Session>();
  const sessionOf = async ({ participant, generation }: Habit): Promise<Session> => {
    const key = `${participant}/${generation}`;
    const known = sessions.get(key);
    if (known !== undefined) return known;
    const profile = parse(await readFile(world.profile(participant), 'utf8')) as { certificate: string; key: string };
    const session = await createSession({
      catalogue,
      generation,
      credential: {
        certificate: await readFile(profile.certificate, 'utf8'),
        key: await readFile(profile.key, 'utf8'),
      },
      anchorsPem,
      connectTo: { host: '127.0.0.1', port: ports.tls },
      localAddress: demoParticipants.find(({ id }) => id === participant)?.source,
      pacing: false,
    });
    sessions.set(key, session);
    return session;
  };

  const unsent = new Map<string, number>();
  const timers: NodeJS.Timeout[] = [];
  const inFlight = new Set<Promise<void>>();
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined); // Whoever starts the fleet looks at it too.
  const begin = (calls: () => Promise<void>) => {
    const done = calls()
      .catch(broken.reject)
      .finally(() => inFlight.delete(done));
    inFlight.add(done);
  };
  const begun = await Promise.all(habits.map(async (habit) => ({ habit, session: await sessionOf(habit) })));
  for (const { habit, session } of begun) {
    const work = () => callOnce(habit, session, unsent);
    timers.push(setInterval(() => begin(work), habit.everyMs));
    begin(async () => {
      if (habit.first !== undefined) await callOnce({ service: habit.first, sample: true }, session, unsent);
      await work();
    });
  }
  return {
    unsent,
    broken: broken.promise,
    async stop() {
      for (const timer of timers) clearInterval(timer);
      await Promise.all(inFlight);
      for (const session of sessions.values()) session.close();
    },
  };
}

async function callOnce(
  { service, sample }: Pick<Habit, 'service' | 'sample'>,
  session: Session,
  unsent: Map<string, number>,
): Promise<void> {
  try {
    await invoke(service, { sample: sample ?? false }, session);
  } catch (error) {
    if (!isClientProblem(error)) throw error;
    if (error.refusedBy === 'client' || error.refusedBy === 'network')
      unsent.set(error.code, (unsent.get(error.code) ?? 0) + 1);
  }
}
