// The flags that gcloud takes anywhere on the line, before the group too. They are read and taken out first, so that
// no command has to know them. What follows `--` is not ours.

import { UsageError } from './error.ts';

export interface Globals {
  readonly project?: string;
  readonly format?: string;
  readonly flatten?: string;
  readonly impersonate?: string;
  readonly quiet: boolean;
  readonly debug: boolean;
}

export interface CommandLine {
  readonly globals: Globals;
  /** What is left for the command: groups, arguments, its own flags. */
  readonly inputs: readonly string[];
  /** What stood behind `--`; undefined where there was none. */
  readonly rest?: readonly string[];
}

/** Flags with a value. Those mapped to undefined are gcloud's, mean nothing to Coffer, and are accepted. */
const VALUED: Readonly<Record<string, 'project' | 'format' | 'flatten' | 'impersonate' | 'verbosity' | undefined>> = {
  '--project': 'project',
  '--format': 'format',
  '--flatten': 'flatten',
  '--impersonate-service-account': 'impersonate',
  '--verbosity': 'verbosity',
  '--account': undefined,
  '--billing-project': undefined,
  '--configuration': undefined,
  '--trace-token': undefined,
};

const SWITCHES: Readonly<Record<string, 'quiet' | 'debug' | undefined>> = {
  '--quiet': 'quiet',
  '-q': 'quiet',
  '--log-http': undefined,
  '--no-log-http': undefined,
  '--user-output-enabled': undefined,
};

/** Those that do something, for completion. */
export const GLOBAL_FLAGS: readonly { readonly word: string; readonly brief: string }[] = [
  { word: '--project', brief: 'the project to work in' },
  { word: '--format', brief: 'how to print: json, yaml, value(KEY), table(KEY), csv(KEY), none' },
  { word: '--flatten', brief: 'one item for each element of a list' },
  { word: '--impersonate-service-account', brief: 'act as this service account' },
  { word: '--quiet', brief: 'ask nothing' },
  { word: '--verbosity', brief: 'debug shows where a crash was' },
];

const VERBOSITIES = ['debug', 'info', 'warning', 'error', 'critical', 'none'];

/**
 * Splits the arguments into gcloud-wide flags, the command's own, and what follows `--`.
 * @throws UsageError for a gcloud-wide flag without its value.
 */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const end = argv.indexOf('--');
  const own = end < 0 ? argv : argv.slice(0, end);
  const values: Partial<Record<'project' | 'format' | 'flatten' | 'impersonate' | 'verbosity', string>> = {};
  const inputs: string[] = [];
  let quiet = false;
  for (let index = 0; index < own.length; index++) {
    const input = own[index] as string;
    const equals = input.startsWith('--') ? input.indexOf('=') : -1;
    const name = equals < 0 ? input : input.slice(0, equals);
    if (Object.hasOwn(VALUED, name)) {
      const value = equals < 0 ? own[++index] : input.slice(equals + 1);
      if (value === undefined || (equals < 0 && value.startsWith('--'))) {
        throw new UsageError(`argument ${name}: expected one argument`);
      }
      const target = VALUED[name];
      if (target !== undefined) values[target] = value;
    } else if (Object.hasOwn(SWITCHES, name)) {
      if (SWITCHES[name] === 'quiet') quiet = equals < 0 || input.slice(equals + 1) !== 'false';
    } else if (name.startsWith('--') && name.slice(2) in Object.prototype) {
      // The scanner looks flags up in plain objects, where these would be found.
      throw new UsageError(`unrecognized arguments: ${name}`);
    } else {
      inputs.push(equals < 0 ? input : `${name}=${protect(input.slice(equals + 1))}`);
    }
  }
  if (values.verbosity !== undefined && !VERBOSITIES.includes(values.verbosity)) {
    throw new UsageError(`argument --verbosity: must be one of ${VERBOSITIES.join(', ')}`);
  }
  const { verbosity, ...named } = values;
  const globals = { ...named, quiet, debug: verbosity === 'debug' };
  return { globals, inputs, ...(end < 0 ? {} : { rest: argv.slice(end + 1) }) };
}

// The scanner does not see `--flag=` (nothing behind the equals sign) as a flag, nor a value with a line break. An
// argument cannot hold a NUL, so NUL marks both until the flag is parsed.

function protect(value: string): string {
  return value === '' ? '\u0000e' : value.replaceAll('\n', '\u0000n');
}

/** The value as it was typed. */
export function unprotect(value: string): string {
  return value === '\u0000e' ? '' : value.replaceAll('\u0000n', '\n');
}
