// The text of a BIG-IP configuration (bigip.conf, bigip_base.conf, SCF; versions 11 and later), as tmsh writes it: words, quoted words and
// braces, a statement to a line. Bodies of iRules are text. Any text is read: what cannot be is a fault with its line, and the next object
// that begins a line is read again.

/** One statement: words, and what stands in braces behind them. */
export interface Statement {
  readonly line: number;
  readonly words: readonly string[];
  /** Null where no braces follow; empty braces are an empty list. */
  readonly block: readonly Statement[] | null;
}

/** An object of the configuration, as `ltm virtual /Common/vs { … }`. */
export interface ConfigObject {
  readonly file: string;
  readonly line: number;
  /** `ltm virtual`, `ltm profile client-ssl`. */
  readonly kind: string;
  /** As written, mostly with its partition; empty where objects of the kind have none. */
  readonly name: string;
  readonly block: readonly Statement[];
  /** The body as it stands, of kinds that hold a program. */
  readonly text: string | null;
}

/** Something that is no configuration. */
export interface TextFault {
  readonly file: string;
  readonly line: number;
  readonly fault: string;
}

/** What a text holds. */
export interface ConfigText {
  readonly objects: readonly ConfigObject[];
  readonly faults: readonly TextFault[];
}

/** Largest text, in characters (64 Mi); deepest braces; most objects, statements and faults. */
const textCharactersMax = 67_108_864;
const depthMax = 64;
const objectsMax = 200_000;
const statementsMax = 2_000_000;
const faultsMax = 500;
/** Longest program; and how much is read in vain, in characters, behind what is not closed. */
const programCharactersMax = 4_194_304;
const vainCharactersMax = 134_217_728;

/** Modules of tmsh. Only they begin objects, so that reading can go on behind a fault. */
const modules =
  'analytics|api-protection|apm|asm|auth|cli|cm|dos|gtm|ilx|ltm|net|pem|saas|security|sslo|sys|transaction|util|vcmp|wam|websafe|wom';
const header = new RegExp(`^(?:${modules}) [a-z]`);
const nextHeader = new RegExp(`\\n(?=(?:${modules}) [a-z])`, 'g');

/** Kinds whose body is a program. */
const programs: ReadonlySet<string> = new Set([
  'ltm rule',
  'gtm rule',
  'pem irule',
  'cli script',
  'sys icall script',
  'sys application template',
]);

/** How many words say the kind, where it is not two. */
const threeWords: ReadonlySet<string> = new Set([
  'ltm profile',
  'ltm monitor',
  'ltm persistence',
  'ltm data-group',
  'ltm global-settings',
  'ltm message-routing',
  'ltm cipher',
  'apm profile',
  'apm policy',
  'apm resource',
  'apm aaa',
  'apm sso',
  'gtm monitor',
  'gtm pool',
  'gtm wideip',
  'auth remote-role',
  'net fdb',
  'net tunnels',
  'sys file',
  'sys icall',
  'sys application',
  'sys log-config',
  'sys crypto',
  'sys sflow',
  'sys url-db',
  'security firewall',
  'security dos',
  'security bot-defense',
  'security log',
]);

/** A word without quotes, and white space; both are looked for where reading stands. */
const word = /(?:[^\s{}\\]|\\[\s\S])+/y;
const spaces = /\s*/y;

class Broken extends Error {
  readonly line: number;

  constructor(line: number, fault: string) {
    super(fault);
    this.line = line;
  }
}

/** Reads a text. Never raises. */
export function parseConfigText(file: string, text: string): ConfigText {
  const objects: ConfigObject[] = [];
  const faults: TextFault[] = [];
  const note = (line: number, fault: string) => {
    if (faults.length < faultsMax) faults.push({ file, line, fault });
  };
  if (text.length > textCharactersMax) {
    note(1, `it is longer than ${textCharactersMax.toLocaleString('en-US')} characters, and was not read`);
    return { objects, faults };
  }
  const reader = new Reader(text);
  for (;;) {
    reader.toObject();
    if (reader.isAtEnd()) return { objects, faults };
    if (objects.length >= objectsMax) {
      note(
        reader.line(),
        `there are more than ${objectsMax.toLocaleString('en-US')} objects, and the rest was not read`,
      );
      return { objects, faults };
    }
    const from = reader.at;
    try {
      objects.push({ file, ...reader.object() });
    } catch (fault) {
      if (!(fault instanceof Broken)) throw fault;
      note(fault.line, fault.message);
      if (!reader.recover(from)) note(reader.line(), 'too much is not closed, and the rest was not read');
    }
  }
}

class Reader {
  at = 0;
  readonly #text: string;
  #statements = 0;
  #vain = 0;
  #countedTo = 0;
  #countedLines = 1;

  constructor(text: string) {
    this.#text = text;
  }

  isAtEnd(): boolean {
    return this.at >= this.#text.length;
  }

  /** The line that is read, counted on from the last answer. */
  line(at = this.at): number {
    if (at < this.#countedTo) {
      this.#countedTo = 0;
      this.#countedLines = 1;
    }
    for (
      let next = this.#text.indexOf('\n', this.#countedTo);
      next !== -1 && next < at;
      next = this.#text.indexOf('\n', next + 1)
    ) {
      this.#countedLines += 1;
      this.#countedTo = next + 1;
    }
    return this.#countedLines;
  }

  /** Passes over blank lines and comments. */
  toObject(): void {
    for (;;) {
      this.#spaces();
      if (this.#text[this.at] !== '#') return;
      this.#toLineEnd();
    }
  }

  object(): Omit<ConfigObject, 'file'> {
    const line = this.line();
    const start = this.at;
    const words: string[] = [];
    this.#blanks();
    while (!this.isAtEnd() && !/[{}\n]/.test(this.#text[this.at] ?? '')) {
      words.push(this.#word(line));
      if (words.length > 40) throw new Broken(line, 'a line of many words begins no object');
      this.#blanks();
    }
    const lineText = this.#text.slice(start, start + 60).split('\n', 1)[0] ?? '';
    if (this.#text[this.at] !== '{') throw new Broken(line, `no object begins so: ${lineText}`);
    if (!header.test(`${words.join(' ')} `)) {
      const isOld = /^(?:pool|virtual|node|monitor|profile|rule|class) /.test(lineText);
      throw new Broken(
        line,
        isOld ? `written before version 11, which is not read: ${lineText}` : `no module of tmsh: ${lineText}`,
      );
    }
    const { kind, name } = named(words);
    this.at += 1;
    if (!programs.has(kind)) return { line, kind, name, block: this.#block(1), text: null };
    return { line, kind, name, block: [], text: this.#program(line) };
  }

  /** Goes on at the next line that begins an object, behind where one was begun; false where it gives up. */
  recover(from: number): boolean {
    if (this.#vain > vainCharactersMax) {
      this.at = this.#text.length;
      return false;
    }
    nextHeader.lastIndex = from;
    const found = nextHeader.exec(this.#text);
    this.at = found === null ? this.#text.length : found.index + 1;
    return true;
  }

  #block(depth: number): readonly Statement[] {
    const opened = this.line();
    if (depth > depthMax) throw new Broken(opened, `braces stand more than ${depthMax} deep`);
    const statements: Statement[] = [];
    for (;;) {
      this.#toStatement(opened);
      if (this.#text[this.at] === '}') {
        this.at += 1;
        return statements;
      }
      this.#statements += 1;
      if (this.#statements > statementsMax) throw new Broken(opened, 'there are too many statements');
      statements.push(this.#statement(depth));
    }
  }

  #toStatement(opened: number): void {
    const text = this.#text;
    for (;;) {
      this.#spaces();
      if (this.isAtEnd()) throw new Broken(opened, 'a brace is not closed');
      // Where an object begins, the one before has ended, whatever its braces say.
      const isLineStart = text[this.at - 1] === '\n';
      if (isLineStart && header.test(text.slice(this.at, this.at + 40)))
        throw new Broken(opened, 'a brace is not closed');
      if (text[this.at] !== '#') return;
      this.#toLineEnd();
    }
  }

  #statement(depth: number): Statement {
    const line = this.line();
    const words: string[] = [];
    for (;;) {
      this.#blanks();
      const next = this.#text[this.at];
      if (next === undefined || next === '\n' || next === '}') return { line, words, block: null };
      if (next === '{') {
        this.at += 1;
        return { line, words, block: this.#block(depth + 1) };
      }
      words.push(this.#word(line));
    }
  }

  #word(line: number): string {
    const text = this.#text;
    if (text[this.at] === '"') return this.#quoted(line);
    word.lastIndex = this.at;
    const [found = ''] = word.exec(text) ?? [];
    // A backslash at the end of the text escapes nothing, and is passed over.
    this.at += Math.max(found.length, 1);
    return found.includes('\\') ? plain(found) : found;
  }

  #quoted(line: number): string {
    const text = this.#text;
    const start = this.at + 1;
    for (let at = start; at < text.length; at += 1) {
      if (text[at] === '\\') at += 1;
      else if (text[at] === '"') {
        this.at = at + 1;
        return plain(text.slice(start, at));
      }
    }
    this.#vain += text.length - start;
    throw new Broken(line, 'a quote is not closed');
  }

  /** Braces of Tcl count wherever they stand, but for those behind a backslash (Tcl(n), rule 6). */
  #program(line: number): string {
    const start = this.at;
    const brace = /[{}\\]/g;
    let depth = 1;
    for (brace.lastIndex = start; ; ) {
      const found = brace.exec(this.#text);
      if (found === null || found.index - start > programCharactersMax) {
        this.#vain += (found?.index ?? this.#text.length) - start;
        throw new Broken(line, 'the program is not closed');
      }
      if (found[0] === '\\') brace.lastIndex += 1;
      else depth += found[0] === '{' ? 1 : -1;
      if (depth > 0) continue;
      this.at = found.index + 1;
      return this.#text.slice(start, found.index);
    }
  }

  #spaces(): void {
    spaces.lastIndex = this.at;
    this.at += spaces.exec(this.#text)?.[0].length ?? 0;
  }

  #blanks(): void {
    while (this.#text[this.at] === ' ' || this.#text[this.at] === '\t' || this.#text[this.at] === '\r') this.at += 1;
  }

  #toLineEnd(): void {
    const end = this.#text.indexOf('\n', this.at);
    this.at = end === -1 ? this.#text.length : end;
  }
}

/** Backslashes before what means something to tmsh are taken off; `\\r` and the like are for whoever reads the value. */
function plain(text: string): string {
  return text.replace(/\\(["\\{}\s;$[\]#?])/g, '$1');
}

function named(words: readonly string[]): { readonly kind: string; readonly name: string } {
  const two = words.slice(0, 2).join(' ');
  const count = threeWords.has(two) ? 3 : 2;
  return { kind: words.slice(0, count).join(' '), name: words.slice(count).join(' ') };
}
