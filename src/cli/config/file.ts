// The CLI's own settings: one JSON file, `$COFFER_CONFIG`, else `coffer/config.json` in the user's configuration home
// (XDG base directories). It holds properties, never a credential.

import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { CliError } from '../error.ts';

export interface Config {
  readonly core?: { readonly project?: string };
}

const CONFIG_CHARS_MAX = 64 * 1024;

export function configPath(env: NodeJS.ProcessEnv): string {
  const home = env['XDG_CONFIG_HOME'] || join(env['HOME'] || homedir(), '.config');
  return env['COFFER_CONFIG'] || join(home, 'coffer', 'config.json');
}

/** @throws CliError where the file is there and cannot be understood. */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const path = configPath(env);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw new CliError(`cannot read the configuration ${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
  const config = text.length > CONFIG_CHARS_MAX ? undefined : parse(text);
  if (config === undefined) throw new CliError(`the configuration ${path} is damaged: remove it or mend it`);
  return config;
}

/** Writes the whole file at once, so that a reader never meets half of it. @throws CliError where it cannot. */
export function writeConfig(env: NodeJS.ProcessEnv, config: Config): void {
  const path = configPath(env);
  const draft = `${path}.${process.pid}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    writeFileSync(draft, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
    renameSync(draft, path);
  } catch (error) {
    throw new CliError(`cannot write the configuration ${path}: ${(error as NodeJS.ErrnoException).code}`);
  }
}

function parse(text: string): Config | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const core = (value as { core?: unknown }).core;
  if (core === undefined) return {};
  if (typeof core !== 'object' || core === null) return undefined;
  const { project } = core as { project?: unknown };
  if (project === undefined) return { core: {} };
  return typeof project === 'string' ? { core: { project } } : undefined;
}
