// Writes docs/cli.md: what is common to all commands, and a table of them from the grammar itself, each with the example
// of its help. test/cli asks for the page when the grammar changes.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { commands } from '../src/cli/commands.ts';

const intro = `# The command line

Made by \`make docs\` from the grammar in \`src/cli\`. \`coffer help COMMAND\` shows every flag of a command.

The commands, their flags and what they print are those of \`gcloud\`; a script that says \`gcloud secrets\` runs with
\`coffer secrets\`. Results go to stdout, everything else to stderr. The exit code is 0, 1 where something could not be
done, and 2 where the command line is wrong.

## Anywhere on the line

| flag | what |
| --- | --- |
| \`--project=ID\` | the project; else \`CLOUDSDK_CORE_PROJECT\`, \`COFFER_PROJECT\`, \`GOOGLE_CLOUD_PROJECT\`, \`coffer config set project ID\` |
| \`--format=FORMAT\` | \`json\`, \`yaml\`, \`value(KEY)\`, \`csv(KEY)\`, \`table(KEY)\`, \`none\` |
| \`--flatten=KEY[]\` | one item for each element of a list |
| \`--impersonate-service-account=ADDRESS\` | act as this service account |
| \`--quiet\` | ask nothing; what would be asked is done |

Lists also take \`--filter\`, \`--sort-by\` (\`~KEY\` sorts downwards), \`--limit\`, \`--page-size\` and \`--uri\`. A filter goes to
the server where the server knows all of it, and is applied here where it does not (\`name~REGEX\`).

## Payloads

A payload comes from a file or from stdin (\`--data-file=-\`), never from an argument: arguments are seen by every user of
the machine and kept by shells. \`--out-file\` makes a file that only you can read.

## Durations and times

| | examples |
| --- | --- |
| duration | \`90\` (seconds), \`2592000s\`, \`30d\`, \`1d12h\`, \`P30D\`, \`PT1H30M\` |
| time | \`2030-01-31T12:00:00Z\`, \`2030-01-31\` (midnight of this place), \`+P1D\` or \`P1D\` (from now), \`-PT2H\` |

Lists and maps are \`a,b\` and \`k=v,l=w\`; values with commas take another separator: \`--set-annotations='^;^note=a, b;by=c'\`.

## Regional secrets

\`--location=REGION\` means the secrets of that region: \`projects/P/locations/REGION/secrets/S\`. A full name as argument
says its project and region itself.

## Current version, candidate, rollback

\`latest\` gives the current version, which is the newest one, as with gcloud, until one of these is used:

* \`coffer secrets versions add S --data-file=F --candidate\` adds a version that can be read by its number and does not
  become current.
* \`coffer secrets promote S N\` makes version N current.
* \`coffer secrets rollback S\` makes the version current again that was so before.

A version that is added without \`--candidate\` becomes current.

## Completion

\`\`\`sh
source <(coffer completion bash)      # in ~/.bashrc
source <(coffer completion zsh)       # in ~/.zshrc, after compinit
coffer completion fish | source       # in ~/.config/fish/config.fish
\`\`\`

Commands, flags, choices and regions are completed without a server. Names of secrets are asked of the server, which has
300 ms to answer; such a question is a list like any other, with its permission and its line in the audit log.

## Commands
`;

/** The whole of docs/cli.md. */
export function cliDoc(): string {
  const rows = commands().map(({ usage, brief, example }) => `| \`${usage}\` | ${brief} | \`${example}\` |`);
  return `${intro}\n| command | what it does | example |\n| --- | --- | --- |\n${rows.join('\n')}\n`;
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../docs/cli.md'), cliDoc());
