// A bar that a person at a terminal sees while long work is under way, and that is gone afterwards.
import type { CliContext } from '../context.ts';

/** A bar. */
export interface ProgressBar {
  /** `done` of `all` bytes, and words that stand behind the bar. */
  told(done: number, words: string): void;
  end(): void;
}

/** How often it is drawn, in milliseconds, and how many characters it has. */
const drawEveryMs = 200;
const barChars = 24;

/** A bar over so many bytes; nothing is shown where nobody looks, or before 200 ms of work. */
export function createProgressBar(all: number, { stderr, clock }: Pick<CliContext, 'stderr' | 'clock'>): ProgressBar {
  const isShown = stderr.isTTY === true;
  let lastMs = clock();
  return {
    told(done, words) {
      const nowMs = clock();
      if (!isShown || nowMs - lastMs < drawEveryMs) return;
      lastMs = nowMs;
      const share = all === 0 ? 1 : Math.min(1, done / all);
      const filled = Math.round(share * barChars);
      const bar = `${'█'.repeat(filled)}${'░'.repeat(barChars - filled)}`;
      stderr.write(`\r\u001b[K${bar} ${String(Math.floor(share * 100)).padStart(3)} %  ${words}`);
    },
    end() {
      if (isShown) stderr.write('\r\u001b[K');
    },
  };
}
