// The grammar of --set-secrets, as gcloud run deploy has it: NAME=SECRET:VERSION sets a variable,
// /path=SECRET:VERSION makes a file; SECRET may be projects/P/secrets/S, its version also /versions/V. Items are
// separated by commas, or by another character where the flag begins with ^C^ (gcloud topic escaping).

import { assertBindable } from './environment.ts';
import { RunFailure } from './failure.ts';

export interface SecretReference {
  /** Project id or number. */
  readonly project: string;
  readonly secret: string;
  /** A number, `latest` or an alias. */
  readonly version: string;
}

export type Binding =
  | { readonly kind: 'variable'; readonly name: string; readonly reference: SecretReference }
  | { readonly kind: 'file'; readonly path: string; readonly reference: SecretReference };

const BINDINGS_MAX = 100;
const PATH_CHARS_MAX = 1024;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]{0,254}$/;
const SECRET = /^[A-Za-z0-9_-]{1,255}$/;
const PROJECT = /^(?:[a-z][a-z0-9.:-]{0,62}|\d{1,20})$/;
const VERSION = /^(?:[1-9]\d{0,8}|[A-Za-z][A-Za-z0-9_-]{0,62})$/;
const FULL = /^projects\/([^/]+)\/secrets\/([^/:]+)(?:[:]([^/]*)|\/versions\/([^/]*))?$/;

/**
 * Reads the raw values of every --set-secrets on the line; `project` is that of a secret without one.
 * @throws RunFailure naming the item that is wrong. References are names, never values, so they may be shown.
 */
export function parseBindings(flags: readonly string[], project: string): Binding[] {
  const bindings: Binding[] = [];
  const taken = new Set<string>();
  for (const item of flags.flatMap(splitItems)) {
    const separator = item.indexOf('=');
    if (separator < 1) throw malformed(item, 'expected NAME=SECRET:VERSION or /path=SECRET:VERSION');
    const key = item.slice(0, separator).trim();
    const reference = parseReference(item, item.slice(separator + 1).trim(), project);
    if (taken.has(key)) throw malformed(item, `${key} is given twice`);
    taken.add(key);
    bindings.push(key.startsWith('/') ? file(item, key, reference) : variable(item, key, reference));
  }
  if (bindings.length > BINDINGS_MAX) throw new RunFailure(`--set-secrets: at most ${BINDINGS_MAX} secrets in one run`);
  assertDisjoint(bindings.filter((binding) => binding.kind === 'file').map(({ path }) => path));
  return bindings;
}

/** `projects/P/secrets/S/versions/V`. */
export function versionName({ project, secret, version }: SecretReference): string {
  return `projects/${project}/secrets/${secret}/versions/${version}`;
}

/** True where the reference is to one version by its number, which means the same value for ever. */
export function isPinned({ version }: SecretReference): boolean {
  return /^\d+$/.test(version);
}

function splitItems(flag: string): string[] {
  const escaped = /^\^([^^]+)\^/.exec(flag);
  const items = escaped === null ? flag.split(',') : flag.slice(escaped[0].length).split(escaped[1] as string);
  return items.map((item) => item.trim()).filter((item) => item !== '');
}

function variable(item: string, name: string, reference: SecretReference): Binding {
  if (!VARIABLE.test(name)) throw malformed(item, 'a variable is letters, digits and _, not beginning with a digit');
  assertBindable(name);
  return { kind: 'variable', name, reference };
}

function file(item: string, path: string, reference: SecretReference): Binding {
  if (path.length > PATH_CHARS_MAX) throw malformed(item, `the path is over ${PATH_CHARS_MAX} characters`);
  if (/\p{Cc}/u.test(path)) throw malformed(item, 'the path has control characters');
  if (
    path
      .split('/')
      .slice(1)
      .some((part) => part === '' || part === '.' || part === '..')
  ) {
    throw malformed(item, 'the path must name a file, without empty parts, . or ..');
  }
  if (/^\/(?:proc|sys)(?:\/|$)/.test(path)) throw malformed(item, 'no file can be made there');
  return { kind: 'file', path, reference };
}

function parseReference(item: string, text: string, project: string): SecretReference {
  const full = FULL.exec(text);
  const [name, version] = full === null ? splitVersion(text) : [full[2] as string, full[3] ?? full[4]];
  const owner = full?.[1] ?? project;
  if (full === null && text.includes('/')) throw malformed(item, 'another project is written projects/P/secrets/S:V');
  if (!SECRET.test(name)) throw malformed(item, 'a secret is 1 to 255 letters, digits, - and _');
  if (!PROJECT.test(owner)) throw malformed(item, 'the project is neither an id nor a number');
  if (!version) throw malformed(item, `no version is given: ${name}:latest means the newest`);
  if (!VERSION.test(version)) throw malformed(item, 'a version is a number, latest or an alias');
  return { project: owner, secret: name, version };
}

function splitVersion(text: string): [string, string | undefined] {
  const colon = text.indexOf(':');
  return colon < 0 ? [text, undefined] : [text.slice(0, colon), text.slice(colon + 1)];
}

/** A path cannot be a file and the directory of another. */
function assertDisjoint(paths: readonly string[]): void {
  const known = new Set(paths);
  for (const path of paths) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const parent = path.slice(0, end);
      if (known.has(parent))
        throw new RunFailure(`--set-secrets: ${parent} cannot be a file and the directory of ${path}`);
    }
  }
}

function malformed(item: string, why: string): RunFailure {
  return new RunFailure(`--set-secrets: [${item.slice(0, 300)}]: ${why}`);
}
