// The command line of the bench: what is measured, how often, and where the result goes.

import { parseArgs } from 'node:util';
import { type MetricId, metricIds } from './metrics.ts';
import { type ServerName, serverNames } from './servers.ts';

/** What one run of the bench does. */
export interface BenchOptions {
  /** Times that every server is measured at every metric, in turn. From 1 to 50. */
  readonly rounds: number;
  /** Short runs, to see that everything works. Its numbers are not for quoting. */
  readonly quick: boolean;
  readonly metrics: readonly MetricId[];
  /** Headgate is always among them. */
  readonly servers: readonly ServerName[];
  /** Whether table and chart are copied to docs/. */
  readonly publish: boolean;
}

/** What may be said, for a person who said something else. */
export const usage = `npm run bench -- [options]

  --quick            short runs and one round: shows that everything works
  --rounds N         rounds, 1 to 50 (default 5; 1 with --quick)
  --only A,B         metrics: ${metricIds.join(', ')}
  --peers A,B        beside Headgate: ${serverNames.filter((name) => name !== 'headgate').join(', ')} (default all)
  --publish          put the table and the chart into docs/bench.md when every run was right
  --help             this text`;

/** The options, the request for help, or what is wrong with the words and which would be right. */
export type ParsedOptions =
  | { readonly kind: 'options'; readonly options: BenchOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'refused'; readonly sentence: string };

/** Reads the words after `npm run bench --`. */
export function parseOptions(words: readonly string[]): ParsedOptions {
  try {
    const { values } = parseArgs({
      args: [...words],
      options: {
        quick: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        only: { type: 'string' },
        peers: { type: 'string' },
        publish: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) return { kind: 'help' };
    const servers = chosenOf('--peers', values.peers, serverNames);
    return {
      kind: 'options',
      options: {
        rounds: values.rounds === undefined ? (values.quick ? 1 : 5) : roundsOf(values.rounds),
        quick: values.quick,
        metrics: chosenOf('--only', values.only, metricIds),
        servers: serverNames.filter((name) => name === 'headgate' || servers.includes(name)),
        publish: values.publish,
      },
    };
  } catch (error) {
    return { kind: 'refused', sentence: error instanceof Error ? error.message : String(error) };
  }
}

function roundsOf(text: string): number {
  const rounds = Number(text);
  if (Number.isInteger(rounds) && rounds >= 1 && rounds <= 50) return rounds;
  throw new RangeError(`--rounds ${text}: give a whole number from 1 to 50`);
}

function chosenOf<Name extends string>(option: string, text: string | undefined, known: readonly Name[]): Name[] {
  if (text === undefined) return [...known];
  const asked = text.split(',').filter((word) => word !== '');
  const foreign = asked.find((word) => !known.some((name) => name === word));
  if (foreign !== undefined) throw new RangeError(`${option} ${foreign}: give one or more of ${known.join(', ')}`);
  if (asked.length === 0) throw new RangeError(`${option}: give one or more of ${known.join(', ')}`);
  return known.filter((name) => asked.includes(name));
}
