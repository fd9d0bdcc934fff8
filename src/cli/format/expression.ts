// Parses the value of --format: `NAME[ATTRIBUTES](COLUMN,…)` (`gcloud topic formats`, `gcloud topic projections`).
// A command's own default format is written in the same language; what it says of a key (transforms, heading) also
// holds where the user names that key without saying otherwise, and its headings are aliases.

import { CliError } from '../error.ts';
import { type Path, parsePath, pathText } from './path.ts';
import { Scanner } from './scanner.ts';

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
  readonly #at: Scanner;
  readonly #defaults: Format | undefined;

  constructor(text: string, defaults: Format | undefined) {
    this.#at = new Scanner('--format', text);
    this.#defaults = defaults;
  }

  format(): Format {
    this.#at.space();
    const name = this.#at.match(/[a-zA-Z]+/y) ?? this.#at.fail('a format name');
    const attributes = new Map<string, string>();
    this.#at.space();
    if (this.#at.take('[')) this.#attributes(attributes);
    this.#at.space();
    const columns = this.#at.take('(') ? this.#columns(name === 'get') : [];
    this.#at.space();
    if (!this.#at.isAtEnd) this.#at.fail('the end');
    return { name: name.toLowerCase(), attributes, columns: distinct(columns) };
  }

  #attributes(into: Map<string, string>): void {
    do {
      this.#at.space();
      const name = this.#at.match(/[\w-]+/y) ?? this.#at.fail('an attribute');
      const value = this.#at.take('=') ? this.#value(/[^,\]]*/y) : '1';
      into.set(name, value.replaceAll('\\n', '\n').replaceAll('\\t', '\t'));
      this.#at.space();
    } while (this.#at.take(','));
    if (!this.#at.take(']')) this.#at.fail(']');
  }

  #columns(raw: boolean): Column[] {
    const columns: Column[] = [];
    this.#at.space();
    if (this.#at.take(')')) return columns;
    do columns.push(this.#column(raw));
    while (this.#at.take(','));
    if (!this.#at.take(')')) this.#at.fail(')');
    return columns;
  }

  #column(raw: boolean): Column {
    this.#at.space();
    let key = this.#at.match(/(?:[\w@$.-]|\[-?\d*\]|"[^"]*"|'[^']*')+/y) ?? this.#at.fail('a key');
    const transforms: TransformCall[] = [];
    if (this.#at.take('(')) {
      const dot = key.lastIndexOf('.');
      transforms.push({ name: key.slice(dot + 1), args: this.#args() });
      key = dot < 0 ? '' : key.slice(0, dot);
      for (let next = this.#at.match(/\.\w+\(/y); next !== undefined; next = this.#at.match(/\.\w+\(/y)) {
        transforms.push({ name: next.slice(1, -1), args: this.#args() });
      }
    }
    const path = parsePath(key);
    if (path === undefined) this.#at.fail(`a key instead of ${key}`);
    return this.#withAttributes(path, transforms, raw);
  }

  #withAttributes(path: Path, transforms: TransformCall[], raw: boolean): Column {
    const known = this.#known(path);
    let label = known?.label;
    let sort: number | undefined;
    let reverse = false;
    this.#at.space();
    while (this.#at.take(':')) {
      const name = this.#at.match(/[\w-]+/y) ?? this.#at.fail('an attribute');
      const value = this.#at.take('=') ? this.#value(/[^:,)]*/y) : undefined;
      if (name === 'label') label = value ?? '';
      else if (name === 'sort') sort = Number(value);
      else if (name === 'reverse') reverse = true;
      else if (!IGNORED_ATTRIBUTES.has(name)) this.#at.fail(`an attribute that is known instead of ${name}`);
      this.#at.space();
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
    this.#at.space();
    if (this.#at.take(')')) return args;
    do {
      this.#at.space();
      args.push(this.#value(/[^,)]*/y));
      this.#at.space();
    } while (this.#at.take(','));
    if (!this.#at.take(')')) this.#at.fail(')');
    return args;
  }

  /** A quoted string, or what `bare` matches; `name="quoted"` keeps its name. */
  #value(bare: RegExp): string {
    const name = this.#at.match(/\w+=(?=["'])/y) ?? '';
    const quoted = this.#at.match(/"[^"]*"|'[^']*'/y);
    return quoted === undefined ? (this.#at.match(bare) ?? '').trim() : name + quoted.slice(1, -1);
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
