// Tells a person how far the bench is: one line that is rewritten on a terminal, one line per step elsewhere.

/** Where progress is said. */
export interface Progress {
  /** One more step begins. */
  step(words: string): void;
  /** Something that stays to be read. */
  note(words: string): void;
  /** Leaves the line clean. */
  end(): void;
}

/** Progress over so many steps on a stream such as standard error. */
export function createProgress(stream: NodeJS.WriteStream, steps: number): Progress {
  let done = 0;
  const clear = () => {
    if (stream.isTTY) stream.write('\r\x1b[K');
  };
  return {
    step(words) {
      done += 1;
      const line = `${String(done).padStart(String(steps).length)}/${steps} ${words}`;
      clear();
      stream.write(stream.isTTY ? line.slice(0, Math.max(20, stream.columns - 1)) : `${line}\n`);
    },
    note(words) {
      clear();
      stream.write(`bench: ${words}\n`);
    },
    end: clear,
  };
}
