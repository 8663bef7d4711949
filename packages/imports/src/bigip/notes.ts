// Gathers what does not translate.
import type { ConfigObject, Statement } from './tmsh-text.ts';
import type { Untranslated } from './translation.ts';

/** Most notes that are kept. */
const notesMax = 20_000;

/** Takes notes: the same one of the same place once. */
export class Notes {
  readonly #notes = new Map<string, Untranslated>();

  /** `where`: the statement that is meant, or null for the whole object. */
  add(object: ConfigObject, where: Statement | string | null, why: string, instead: string): void {
    if (this.#notes.size >= notesMax) return;
    const member = typeof where === 'string' ? where : (where?.words.join(' ').slice(0, 120) ?? null);
    const line = where === null || typeof where === 'string' ? object.line : where.line;
    const note = { file: object.file, line, object: nameOf(object), member, why, instead };
    this.#notes.set(JSON.stringify(note), note);
  }

  /** All of them, by file and line. */
  all(): readonly Untranslated[] {
    return [...this.#notes.values()].toSorted((a, b) =>
      a.file === b.file ? a.line - b.line : a.file < b.file ? -1 : 1,
    );
  }
}

/** An object as it is called in a configuration. */
export function nameOf({ kind, name }: Pick<ConfigObject, 'kind' | 'name'>): string {
  return name === '' ? kind : `${kind} ${name}`;
}
