// Parses the value of --format: `NAME[ATTRIBUTES](COLUMN,…)` (`gcloud topic formats`, `gcloud topic projections`).
// A command's own default format is written in the same language; what it says of a key (transforms, heading) also
// holds where the user names that key without saying otherwise, and its headings are aliases.

import { CliError } from '../error.ts';
import { type Path, parsePath, pathText } from './path.ts';

export interface TransformCall {
  readonly name: string;
  readonly args: readonly string[];
}

export interface Column {
  readonly path: Path;
  readonly transforms: readonly TransformCall[];
  readonly label: string;
  /** Position in the order of sorting; undefined: not sorted by. */
  readonly sort?: number;
  readonly reverse: boolean;
}

export interface Format {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
  /** Empty where the format names no columns. */
  readonly columns: readonly Column[];
}

const FORMAT_CHARS_MAX = 4096;

/** @throws CliError naming the place that is not understood. */
export function parseFormat(text: string, defaults?: Format): Format {
  if (text.length > FORMAT_CHARS_MAX)
    throw new CliError(`--format: at most ${FORMAT_CHARS_MAX} characters are allowed`);
  return new Parser(text, defaults).format();
}

class Parser {
  readonly #text: string;
  readonly #defaults: Format | undefined;
  #position = 0;

  constructor(text: string, defaults: Format | undefined) {
    this.#text = text;
    this.#defaults = defaults;
  }

  format(): Format {
    this.#space();
    const name = this.#match(/[a-zA-Z]+/y) ?? this.#fail('a format name');
    const attributes = new Map<string, string>();
    this.#space();
    if (this.#take('[')) this.#attributes(attributes);
    this.#space();
    const columns = this.#take('(') ? this.#columns(name === 'get') : [];
    this.#space();
    if (this.#position < this.#text.length) this.#fail('the end');
    return { name: name.toLowerCase(), attributes, columns: distinct(columns) };
  }

  #attributes(into: Map<string, string>): void {
    do {
      this.#space();
      const name = this.#match(/[\w-]+/y) ?? this.#fail('an attribute');
      const value = this.#take('=') ? this.#value(/[^,\]]*/y) : '1';
      into.set(name, value.replaceAll('\\n', '\n').replaceAll('\\t', '\t'));
      this.#space();
    } while (this.#take(','));
    if (!this.#take(']')) this.#fail(']');
  }

  #columns(raw: boolean): Column[] {
    const columns: Column[] = [];
    this.#space();
    if (this.#take(')')) return columns;
    do columns.push(this.#column(raw));
    while (this.#take(','));
    if (!this.#take(')')) this.#fail(')');
    return columns;
  }

  #column(raw: boolean): Column {
    this.#space();
    let key = this.#match(/(?:[\w@$.-]|\[-?\d*\]|"[^"]*"|'[^']*')+/y) ?? this.#fail('a key');
    const transforms: TransformCall[] = [];
    if (this.#take('(')) {
      const dot = key.lastIndexOf('.');
      transforms.push({ name: key.slice(dot + 1), args: this.#args() });
      key = dot < 0 ? '' : key.slice(0, dot);
      for (let next = this.#match(/\.\w+\(/y); next !== undefined; next = this.#match(/\.\w+\(/y)) {
        transforms.push({ name: next.slice(1, -1), args: this.#args() });
      }
    }
    const path = parsePath(key);
    if (path === undefined) this.#fail(`a key instead of ${key}`);
    return this.#withAttributes(path, transforms, raw);
  }

  #withAttributes(path: Path, transforms: TransformCall[], raw: boolean): Column {
    const known = this.#known(path);
    let label = known?.label;
    let sort: number | undefined;
    let reverse = false;
    this.#space();
    while (this.#take(':')) {
      const name = this.#match(/[\w-]+/y) ?? this.#fail('an attribute');
      const value = this.#take('=') ? this.#value(/[^:,)]*/y) : undefined;
      if (name === 'label') label = value ?? '';
      else if (name === 'sort') sort = Number(value);
      else if (name === 'reverse') reverse = true;
      else if (!IGNORED_ATTRIBUTES.has(name)) this.#fail(`an attribute that is known instead of ${name}`);
      this.#space();
    }
    return {
      path: known?.path ?? path,
      transforms: raw ? [] : transforms.length > 0 || known === undefined ? transforms : known.transforms,
      label: label ?? heading(path, transforms),
      reverse,
      ...(sort === undefined ? {} : { sort }),
    };
  }

  #known(path: Path): Column | undefined {
    const text = pathText(path);
    return this.#defaults?.columns.find(
      (column) => (column.path.length > 0 && pathText(column.path) === text) || (text !== '' && column.label === text),
    );
  }

  #args(): string[] {
    const args: string[] = [];
    this.#space();
    if (this.#take(')')) return args;
    do {
      this.#space();
      args.push(this.#value(/[^,)]*/y));
      this.#space();
    } while (this.#take(','));
    if (!this.#take(')')) this.#fail(')');
    return args;
  }

  /** A quoted string, or what `bare` matches; `name="quoted"` keeps its name. */
  #value(bare: RegExp): string {
    const name = this.#match(/\w+=(?=["'])/y) ?? '';
    const quoted = this.#match(/"[^"]*"|'[^']*'/y);
    return quoted === undefined ? (this.#match(bare) ?? '').trim() : name + quoted.slice(1, -1);
  }

  #space(): void {
    this.#match(/\s+/y);
  }

  #take(char: string): boolean {
    if (this.#text[this.#position] !== char) return false;
    this.#position++;
    return true;
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#position += match[0].length;
    return match[0];
  }

  #fail(expected: string): never {
    const rest = this.#text.slice(this.#position, this.#position + 20);
    throw new CliError(`--format: expected ${expected} at [${rest || 'the end'}]`);
  }
}

/** What only changes the look of a terminal, and what we do not need. */
const IGNORED_ATTRIBUTES: ReadonlySet<string> = new Set(['align', 'alias', 'optional', 'width', 'wrap', 'format']);

/** The heading of a key that has none of its own: its last part in ANGRY_SNAKE_CASE, as gcloud makes it. */
function heading(path: Path, transforms: readonly TransformCall[]): string {
  const last = path.findLast((step) => typeof step === 'string') ?? transforms[0]?.name ?? '';
  return snake(last);
}

function snake(name: string): string {
  return name.replace(/(?<=[a-z0-9])[A-Z]+|(?!^)[A-Z](?=[a-z])/g, '_$&').toUpperCase();
}

/** Two columns of one heading are told apart by more of their path. */
function distinct(columns: readonly Column[]): Column[] {
  const seen = new Set<string>();
  return columns.map((column) => {
    let { label } = column;
    const names = column.path.filter((step) => typeof step === 'string');
    for (let from = names.length - 2; seen.has(label) && from >= 0; from--) {
      label = names.slice(from).map(snake).join('_');
    }
    seen.add(label);
    return label === column.label ? column : { ...column, label };
  });
}
