// The endpoints of one upstream: chooses the next among those that are up, and all of them when too few are.
import type { UpstreamOptions } from '../config-upstreams.ts';
import { endpointOf, type Phases } from '../config-upstreams.ts';
import type { Deadlines } from '../deadlines.ts';
import type { Endpoint, EndpointNotice, HashKey, Member, UpstreamGroup } from '../upstream.ts';
import {
  type Balance,
  type Choices,
  createConsistentHash,
  createLeastRequests,
  createRoundRobin,
  hashOf,
} from './balance.ts';
import { GroupMember } from './group-member.ts';
import { RetryBudget } from './retry-budget.ts';

/** A group that waits for the end of ejections until it is closed. */
export interface KeptGroup extends UpstreamGroup {
  readonly members: readonly GroupMember[];
  close(): void;
}

/** Creates the group of one entry of `upstreams`; `endpoints` are its own, in order. */
export function createUpstreamGroup(
  options: UpstreamOptions,
  phases: Phases,
  endpoints: readonly Endpoint[],
  deadlines: Deadlines,
  notice: (notice: EndpointNotice) => void,
): KeptGroup {
  const name = `${options.system}/${options.environment}/${options.infrastructure}`;
  const ejectedMax = Math.min(endpoints.length - 1, Math.floor((endpoints.length * options.ejection.maxPercent) / 100));
  const owner = {
    mayEject: () => countOf(members, (member) => member.isEjected) < ejectedMax,
    changed(member: GroupMember, isUp: boolean, reason: string) {
      const endpointsUp = countOf(members, (each) => each.isUp);
      const { url: endpoint } = member.endpoint;
      notice({ kind: isUp ? 'endpoint-up' : 'endpoint-down', upstream: name, endpoint, reason, endpointsUp });
    },
  };
  const members: readonly GroupMember[] = endpoints.map((endpoint, at) => {
    const written = options.endpoints[at];
    const { weight } = written === undefined ? { weight: 1 } : endpointOf(written);
    return new GroupMember(endpoint, weight, options, owner, deadlines);
  });
  const [only] = members;
  const choose = chooserOf(members, options);
  return {
    name,
    phases,
    members,
    hashKey: options.balance === 'consistent-hash' && members.length > 1 ? options.hashKey : null,
    retries: new RetryBudget(options.retry),
    next(hashText, tried) {
      if (members.length > 1) return choose(hashText, tried);
      return tried.length === 0 ? (only ?? null) : null;
    },
    close() {
      for (const member of members) member.close();
    },
  };
}

function chooserOf(
  members: readonly GroupMember[],
  options: UpstreamOptions,
): (hashText: string, tried: readonly Member[]) => Member | null {
  const balance = balanceOf(members, options.balance);
  const choices: Choices = {
    weights: new Float64Array(members.length),
    loads: new Float64Array(members.length),
    hash: 0,
  };
  const asksLoads = options.balance === 'least-requests';
  const asksHash: HashKey | null = options.balance === 'consistent-hash' ? options.hashKey : null;
  const wholeWeight = members.reduce((sum, { weight }) => sum + weight, 0);
  const chosenAmong = (tried: readonly Member[], downToo: boolean): Member | null => {
    let upWeight = 0;
    for (const [index, member] of members.entries()) {
      if (member.isUp) upWeight += member.weight;
      choices.weights[index] = (downToo || member.isUp) && !tried.includes(member) ? member.weightNow() : 0;
      if (asksLoads) choices.loads[index] = member.endpoint.load;
    }
    if (!downToo && upWeight * 100 < options.panicPercent * wholeWeight) return chosenAmong(tried, true);
    return members[balance(choices)] ?? null;
  };
  return (hashText, tried) => {
    if (asksHash !== null) choices.hash = hashOf(hashText);
    // Rather one that is down than none: what checks and earlier calls told may be over, and an attempt costs little.
    return chosenAmong(tried, false) ?? chosenAmong(tried, true);
  };
}

function balanceOf(members: readonly GroupMember[], kind: UpstreamOptions['balance']): Balance {
  switch (kind) {
    case 'round-robin':
      return createRoundRobin(members.length);
    case 'least-requests':
      return createLeastRequests(members.length);
    case 'consistent-hash':
      return createConsistentHash(members.map(({ endpoint, weight }) => ({ name: endpoint.url, weight })));
  }
}

function countOf<Each>(all: readonly Each[], holds: (each: Each) => boolean): number {
  return all.reduce((count, each) => count + (holds(each) ? 1 : 0), 0);
}
