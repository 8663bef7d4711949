// Records of an import on their way to control: in order, packed, one batch after the other while the next is being made.
import { Readable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { RecordSink } from '@headgate/imports';
import { CliRefusal } from '../cli-refusal.ts';
import type { AskedControl } from '../control/ask-control.ts';
import { ControlSaidNo } from '../control/control-said-no.ts';
import { exitCodes } from '../exit-codes.ts';

/** Sent from this many characters on: below the 8 MiB that control takes, whatever they are in bytes. */
const batchCharacters = 2_097_152;

/** How often a batch is sent while control is busy, and how long is waited at most each time, in seconds. */
const triesMax = 30;
const waitSecondsMax = 30;

/** How far control has each log. */
interface Taken {
  readonly acknowledged: readonly { readonly boot: string; readonly thread: number; readonly sequence: number }[];
}

const pack = promisify(gzip);

/** Sends records as those of the import `name`. */
export function createControlSink(asked: Pick<AskedControl, 'post'>, name: string): RecordSink {
  let lines: string[] = [];
  let characters = 0;
  /** The last sequence of each log in the batch that is being made. */
  let last = new Map<string, number>();
  let sending: Promise<unknown> = Promise.resolve();

  function begin(): void {
    const [text, marks] = [lines.join(''), last];
    lines = [];
    characters = 0;
    last = new Map();
    sending = send(text, marks);
    // It is waited for with the next batch; until then nobody looks at it.
    sending.catch(() => undefined);
  }

  async function send(text: string, marks: ReadonlyMap<string, number>): Promise<void> {
    const packed = await pack(text, { level: 1 });
    const taken = await untilTaken(packed);
    for (const [boot, sequence] of marks)
      if (!taken.acknowledged.some((each) => each.boot === boot && each.sequence >= sequence))
        throw new CliRefusal(
          `control did not take record ${sequence} of ${name}; see that it is of the same version`,
          exitCodes.failed,
        );
  }

  async function untilTaken(packed: Uint8Array): Promise<Taken> {
    for (let turn = 1; ; turn += 1) {
      const fields = {
        'content-type': 'application/x-ndjson',
        'content-encoding': 'gzip',
        'content-length': String(packed.byteLength),
      };
      try {
        return await asked.post<Taken>(`/v1/imports/${name}/records`, { stream: Readable.from([packed]), fields });
      } catch (fault) {
        if (!(fault instanceof ControlSaidNo) || fault.problem.status !== 503 || turn >= triesMax) throw fault;
        await wait(Math.min(fault.problem.retryAfterSeconds ?? 1, waitSecondsMax) * 1_000);
      }
    }
  }

  return {
    add(record) {
      const line = `${JSON.stringify(record)}\n`;
      lines.push(line);
      characters += line.length;
      last.set(record.boot, record.sequence);
    },
    async settle() {
      if (characters < batchCharacters) return;
      await sending;
      begin();
    },
    async commit() {
      await sending;
      if (lines.length > 0) begin();
      await sending;
      return { outputBytes: null };
    },
    close: () => Promise.resolve(),
  };
}
