// One load on one server: what the generator is told, and what it says afterwards.

/** What the generator sends, and how. Bodies are files, because a command line has no room for 1 MB. */
export interface Load {
  readonly host: string;
  readonly path: string;
  /** Numbers 1 to this are appended to the path in turn; 0 appends nothing. */
  readonly services: number;
  readonly method: 'GET' | 'POST';
  readonly bodyFile?: string;
  readonly fields: readonly string[];
  readonly connections: number;
  /** Loopback addresses that calls come from, in turn. */
  readonly sources: number;
  /** A new connection for every call. */
  readonly fresh?: boolean;
  /** Open loop: calls per second; without it the next call follows the answer. */
  readonly ratePerSecond?: number;
  readonly warmupSeconds: number;
  readonly seconds: number;
}

/** What one load showed. Counts and times are of the measured seconds, without the warm-up. */
export interface LoadResult {
  readonly seconds: number;
  readonly calls: number;
  readonly errors: number;
  readonly firstError: string;
  /** Calls of an open loop that were due and never begun. */
  readonly missed: number;
  readonly handshakes: number;
  readonly resumed: number;
  /** CPU time of the server's processes. */
  readonly serverCpuSeconds: number;
  /** CPU time of the whole machine, in steps of a clock tick. */
  readonly machineBusySeconds: number;
  readonly generatorCpuSeconds: number;
  /** CPU time of the bench's other processes: back end and bench. */
  readonly knownCpuSeconds: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  /** Calls by HTTP status; 0 for an answer without one. */
  readonly status: Readonly<Record<string, number>>;
}

/** Where a load goes, and whose CPU time is read meanwhile. */
export interface LoadTarget {
  readonly port: number;
  /** PEM file of the caller: certificate, then key. */
  readonly certificateFile: string;
  /** Processes of the server. */
  readonly serverPids: readonly number[];
  /** The bench's own processes beside server and generator. */
  readonly knownPids: readonly number[];
}

/** Words for the generator. */
export function generatorWords(load: Load, { port, certificateFile, serverPids, knownPids }: LoadTarget): string[] {
  const pairs = [
    ['--port', String(port)],
    ['--host', load.host],
    ['--path', load.path],
    ['--services', String(load.services)],
    ['--method', load.method],
    ['--certificate', certificateFile],
    ['--connections', String(load.connections)],
    ['--sources', String(load.sources)],
    ['--warmup', String(load.warmupSeconds)],
    ['--seconds', String(load.seconds)],
  ];
  return [
    ...pairs.flat(),
    ...load.fields.flatMap((field) => ['--field', field]),
    ...(load.bodyFile === undefined ? [] : ['--body', load.bodyFile]),
    ...(load.fresh === true ? ['--fresh'] : []),
    ...(load.ratePerSecond === undefined ? [] : ['--rate', String(load.ratePerSecond)]),
    ...serverPids.flatMap((pid) => ['--watch', String(pid)]),
    ...knownPids.flatMap((pid) => ['--known', String(pid)]),
  ];
}

/** CPUs that others kept busy meanwhile, on average; below 0.3 a run counts as quiet. */
export function foreignCpus(result: LoadResult): number {
  const ours = result.serverCpuSeconds + result.generatorCpuSeconds + result.knownCpuSeconds;
  return Math.max(0, (result.machineBusySeconds - ours) / result.seconds);
}

/** Reads what the generator printed. Raises an error that quotes it when it is not what the generator prints. */
export function parseLoadResult(text: string): LoadResult {
  const read = objectOf(parseJson(text), text);
  const number = (from: Readonly<Record<string, unknown>>, name: string): number => {
    const value = from[name];
    if (typeof value === 'number' && Number.isFinite(value) && value >= 0) return value;
    throw new Error(`the generator printed no ${name}: ${text.slice(0, 300)}`);
  };
  const latency = objectOf(read.latencyUs, text);
  const status = objectOf(read.status, text);
  return {
    seconds: number(read, 'seconds'),
    calls: number(read, 'calls'),
    errors: number(read, 'errors'),
    firstError: typeof read.firstError === 'string' ? read.firstError : '',
    missed: number(read, 'missed'),
    handshakes: number(read, 'handshakes'),
    resumed: number(read, 'resumed'),
    serverCpuSeconds: number(read, 'watchedCpuSeconds'),
    machineBusySeconds: number(read, 'machineBusySeconds'),
    generatorCpuSeconds: number(read, 'ownCpuSeconds'),
    knownCpuSeconds: number(read, 'knownCpuSeconds'),
    p50Us: number(latency, 'p50'),
    p99Us: number(latency, 'p99'),
    p999Us: number(latency, 'p999'),
    status: Object.fromEntries(Object.keys(status).map((name) => [name, number(status, name)])),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Error(`the generator printed no JSON: ${text.slice(0, 300)}`, { cause });
  }
}

function objectOf(value: unknown, text: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value };
  throw new Error(`the generator printed no object: ${text.slice(0, 300)}`);
}
