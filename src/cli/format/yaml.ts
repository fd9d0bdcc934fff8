// YAML as gcloud prints it: block style, lists not indented under their key, single quotes where a reader of YAML 1.1
// could take a string for something else. Loaded only where YAML is printed or read.

import { parse, stringify } from 'yaml';
import { CliError } from '../error.ts';

/** A document of its own, without the leading `---`. */
export function yamlText(value: unknown): string {
  return stringify(value, {
    indentSeq: false,
    singleQuote: true,
    compat: 'yaml-1.1',
    lineWidth: 80,
    aliasDuplicateObjects: false,
  });
}

/**
 * Reads one YAML or JSON document, for which `where` stands in errors. Aliases are bounded, and nothing but plain data
 * comes out.
 * @throws CliError where it is neither.
 */
export function parseYaml(text: string, where: string): unknown {
  try {
    return parse(text, { maxAliasCount: 50, schema: 'core', prettyErrors: false });
  } catch (error) {
    throw new CliError(`${where} is neither YAML nor JSON: ${(error as Error).message}`);
  }
}
