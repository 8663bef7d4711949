// The changes that an operator makes in a transition: each writes files and says what is right from then on. They stand in tracks,
// within which order matters; how the tracks mix is chance.
import type { State } from './history.ts';
import type { World } from './world.ts';

/** A change of files that can be used. */
export interface Change {
  readonly kind: 'change';
  readonly what: string;
  /** Writes the files; what of the state is another one then. */
  readonly write: (world: World, now: State) => Promise<Partial<State>>;
}

/** A file that nobody can use; whatever was in force stays. */
export interface Breakage {
  readonly kind: 'breakage';
  readonly what: string;
  readonly file: string;
  readonly text: string;
  /** What the operator is told. */
  readonly finding: RegExp;
  /**
   * By `apply`, which is refused; by a notice of the gateway, where everything else is taken; or by what the gateway says to a signal.
   */
  readonly toldBy: 'apply' | 'notice' | 'signal';
}

/** One step of a run. `together`: several ask for it at once. */
export type Step = (Change | Breakage) & { readonly together?: true };

const change = (what: string, write: Change['write']): Change => ({ kind: 'change', what, write });
const breakage = (what: string, broken: Omit<Breakage, 'kind' | 'what'>): Breakage => ({
  kind: 'breakage',
  what,
  ...broken,
});

/** Every track once, mixed by chance. `lastList` is the number of the newest list so far; what it is then comes with the steps. */
export function stepsOfOneRound(
  random: () => number,
  lastList: number,
): { readonly steps: readonly Step[]; readonly lastList: number } {
  const tracks: Step[][] = [
    authorityTrack(),
    listTrack(lastList),
    serverTrack(),
    chainTrack(),
    rightsTrack(),
    brokenFiles.map((each) => each),
  ];
  return { steps: mixed(tracks, random), lastList: lastList + 4 };
}

function authorityTrack(): Step[] {
  const becomes = (what: string, legacyAuthority: State['legacyAuthority']) =>
    change(what, async (world) => {
      await world.writeTrust(legacyAuthority);
      return { legacyAuthority };
    });
  return [
    becomes('an authority of users is added', 'counts'),
    becomes('an authority of users is withdrawn', 'withdrawn'),
    becomes('an authority of users is put back', 'counts'),
    becomes('an authority of users is taken out of the file', 'absent'),
  ];
}

function listTrack(lastList: number): Step[] {
  const number = (ahead: number): number => lastList + ahead;
  return [
    change('a list revokes a caller', async (world) => {
      await world.writeList({ number: number(1), revoked: ['listed'] });
      return { revoked: ['listed'] };
    }),
    change('a list releases the caller', async (world) => {
      await world.writeList({ number: number(2), revoked: [] });
      return { revoked: [] };
    }),
    change('a delta revokes another caller', async (world) => {
      await world.writeList({ number: number(3), base: number(2), revoked: ['delta'] });
      return { revoked: ['delta'] };
    }),
    change('a list behind the delta releases it', async (world) => {
      await world.writeList({ number: number(4), revoked: [] });
      return { revoked: [] };
    }),
  ];
}

function serverTrack(): Step[] {
  return (['current', 'legacy', 'current'] as const).map((family, at) =>
    change(
      `certificate and key of servers are renewed, ${at === 0 ? 'of the same' : 'of another'} authority`,
      async (world, now) => ({
        shown: { ...now.shown, ...(await world.renewServer(family)) },
      }),
    ),
  );
}

function chainTrack(): Step[] {
  return (['current', 'legacy'] as const).map((family) =>
    change(`a host moves to its ${family} chain`, async (world, now) => ({
      shown: { ...now.shown, ...(await world.moveChain(family)) },
    })),
  );
}

function rightsTrack(): Step[] {
  const become = (what: string, rights: State['rights']) =>
    change(what, async (world) => {
      await world.writeRights(rights);
      return { rights };
    });
  return [
    become('the right to submit is taken', 'read'),
    become('the right to submit is given back', 'submit'),
    { ...become('an enrolment is taken, and several ask for it at once', 'none'), together: true },
    { ...become('the enrolment is given back, and several ask for it at once', 'submit'), together: true },
  ];
}

const brokenFiles: readonly Breakage[] = [
  breakage('a chain that is none', { file: 'server.pem', text: 'none\n', finding: /server\.pem/, toldBy: 'apply' }),
  breakage('a key that is none', { file: 'server.key', text: 'none\n', finding: /server\.key/, toldBy: 'apply' }),
  breakage('a trust file without sense', {
    file: 'trust.yaml',
    text: 'bundles: 7\n',
    finding: /trust\.yaml/,
    toldBy: 'apply',
  }),
  breakage('an authority that is none', {
    file: 'current-anchor.pem',
    text: 'none\n',
    finding: /current-anchor\.pem/,
    toldBy: 'apply',
  }),
  breakage('rights without sense', {
    file: 'provisioning.yaml',
    text: '{"format": 1, "participants": 7}',
    finding: /provisioning\.yaml/,
    toldBy: 'apply',
  }),
  breakage('a configuration without sense', {
    file: 'gateway.json',
    text: '{',
    finding: /the old files stay in force: .*gateway\.json/,
    toldBy: 'signal',
  }),
  breakage('a list that is none', {
    file: 'users.crl',
    text: 'none\n',
    finding: /"revocation-list-refused".*users\.crl/,
    toldBy: 'notice',
  }),
  breakage('a delta that is none', {
    file: 'users-delta.crl',
    text: 'none\n',
    finding: /"revocation-list-refused".*users-delta\.crl/,
    toldBy: 'notice',
  }),
];

/** The tracks as one, each in its order. */
function mixed(tracks: readonly Step[][], random: () => number): readonly Step[] {
  const left = tracks.map((track) => [...track]);
  const steps: Step[] = [];
  for (;;) {
    const open = left.filter((track) => track.length > 0);
    const step = open[Math.floor(random() * open.length)]?.shift();
    if (step === undefined) return steps;
    steps.push(step);
  }
}
