// How fast a backtest replays: a generated month as evidence of two threads, one file packed, through the real command on one core.
// `node bench/backtest.ts [PARTICIPANTS]`; 90 participants make about a million calls.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createGzip } from 'node:zlib';
import { evidenceOfCall, generateMonth } from '@headgate/testkit';

const root = fileURLToPath(new URL('..', import.meta.url));
const participants = Number(process.argv[2] ?? 90);
const folder = await mkdtemp(join(tmpdir(), 'headgate-bench-backtest-'));

const plain = createWriteStream(join(folder, 'month.ndjson'));
const packed = createGzip({ level: 1 });
packed.pipe(createWriteStream(join(folder, 'month.t1.ndjson.gz')));
let calls = 0;
for (const day of generateMonth({ seed: 7, startMs: Date.UTC(2024, 1, 1), days: 29, participants, edgeMinutes: 20 })) {
  const lines: [endMs: number, line: string][][] = [[], []];
  for (const call of day) {
    calls += 1;
    const record = JSON.stringify(evidenceOfCall(call, calls, true));
    lines[calls % 2]?.push([call.atMs + call.durationMs, `${record}\n`]);
  }
  for (const [at, lane] of lines.entries()) {
    const to = at === 0 ? plain : packed;
    for (const [, line] of lane.sort(([a], [b]) => a - b)) if (!to.write(line)) await once(to, 'drain');
  }
}
plain.end();
packed.end();
await Promise.all([once(plain, 'close'), once(packed, 'end')]);

const policy = await readFile(join(root, 'catalogues', 'caiso', 'policy.yaml'), 'utf8');
const candidate = join(folder, 'candidate.yaml');
await writeFile(candidate, policy.replaceAll('quota: 30', 'quota: 20'));
const program = ['node', 'packages/cli/src/main.ts', 'policy', 'backtest', '--policy', candidate, '--evidence', folder];
const beganMs = performance.now();
const child = spawn('taskset', ['-c', '0', ...program], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
let peakKib = 0;
const watch = setInterval(() => {
  void readFile(`/proc/${child.pid}/status`, 'utf8').then(
    (status) => {
      peakKib = Math.max(peakKib, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
    },
    () => undefined,
  );
}, 200);
await once(child, 'close');
clearInterval(watch);
const seconds = (performance.now() - beganMs) / 1_000;
const { size } = await stat(join(folder, 'month.ndjson'));
process.stdout.write(
  `${calls.toLocaleString('en-US')} calls, ${Math.round((2 * size) / 1e6)} MB of records: ${seconds.toFixed(1)} s on one core, ${((calls / seconds / 1e6) * 60).toFixed(2)} million a minute, ${Math.round(peakKib / 1_024)} MiB at most\n`,
);
await rm(folder, { recursive: true });
