// Variables as text that a shell, a library or a CI system reads: each format with its own quoting, so that a value
// arrives as it is whatever is in it. No value may hold a NUL: no environment can.

import { RunFailure } from './failure.ts';

export const ENV_FORMATS = ['shell', 'powershell', 'dotenv', 'json', 'github'] as const;

export type EnvFormat = (typeof ENV_FORMATS)[number];

/** What needs no quotes in any reader of .env files, not even in those that know none (docker --env-file). */
const BARE = /^[A-Za-z0-9_.,:/@%+=~-]*$/;

const printers: Readonly<
  Record<EnvFormat, (variables: Readonly<Record<string, string>>, delimiter: string) => string>
> = {
  // POSIX 2.2.2: nothing in single quotes is special but the single quote.
  shell: lines((name, value) => `export ${name}='${value.replaceAll("'", "'\\''")}'`),
  // about_Quoting_Rules: a single quote in single quotes is doubled. PowerShell takes typographic ones for it too.
  powershell: lines((name, value) => `$env:${name} = '${value.replace(/['\u2018\u2019\u201a\u201b]/g, '$&$&')}'`),
  dotenv: lines((name, value) => `${name}=${BARE.test(value) ? value : dotenvQuoted(name, value)}`),
  json: (variables) => `${JSON.stringify(variables, null, 2)}\n`,
  // The file that GITHUB_ENV names: a delimiter that no value has, so that no value can end early and set another.
  github: (variables, delimiter) => lines((name, value) => `${name}<<${delimiter}\n${value}\n${delimiter}`)(variables),
};

/** The text of `variables`; `delimiter` is a word that cannot be guessed by whoever chose a value. */
export function formatEnv(format: EnvFormat, variables: Readonly<Record<string, string>>, delimiter: string): string {
  return printers[format](variables, delimiter);
}

function lines(line: (name: string, value: string) => string) {
  return (variables: Readonly<Record<string, string>>): string =>
    Object.entries(variables)
      .map(([name, value]) => `${line(name, value)}\n`)
      .join('');
}

/**
 * As python-dotenv reads it: in single quotes, with `\'` and `\\` the only escapes. It takes a backslash before the
 * closing quote for an escape whatever stands before it, so a value that ends in one cannot be written.
 */
function dotenvQuoted(name: string, value: string): string {
  if (value.endsWith('\\')) throw new RunFailure(`${name} ends in a backslash, which a .env file cannot hold`);
  return `'${value.replace(/[\\']/g, '\\$&')}'`;
}
