// The `az` of a run: Azure's libraries ask the command line for a token where they find no other identity. It answers that
// one question by the run's managed identity and hands every other command on to the user's own `az`. It holds no secret,
// so it may lie on a disk; what is kept in memory cannot be executed everywhere.

import { accessSync, chmodSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { shellQuote } from '../command.ts';

export interface AzCommand {
  /** The folder to put first in PATH. */
  readonly folder: string;
  remove(): void;
}

const PROGRAM = `'use strict';
const { request } = require('node:http');
const fail = (text) => {
  process.stderr.write('ERROR: ' + text + '\\n');
  process.exitCode = 1;
};
const given = {};
const args = process.argv.slice(4);
for (let at = 0; at < args.length; at++) {
  const [, name, value] = /^--?([a-z-]+)(?:=(.*))?$/s.exec(args[at]) ?? [];
  if (name !== undefined) given[name] = value ?? args[at + 1] ?? '';
}
const resource = given.resource ?? (given.scope ?? '').replace(/\\/\\.default$/, '');
const { IDENTITY_ENDPOINT: endpoint, IDENTITY_HEADER: secret } = process.env;
if (resource === '') fail('coffer run: az account get-access-token needs --resource or --scope');
else if (!endpoint || !secret) fail('coffer run: IDENTITY_ENDPOINT and IDENTITY_HEADER are gone from the environment');
else {
  const url = endpoint + '?api-version=2019-08-01&resource=' + encodeURIComponent(resource);
  const asked = request(url, { headers: { 'x-identity-header': secret }, timeout: 30000 }, (answer) => {
    let text = '';
    answer.setEncoding('utf8').on('data', (chunk) => (text += chunk)).on('end', () => {
      const told = JSON.parse(text);
      if (answer.statusCode !== 200) return fail('coffer run: ' + told.error_description);
      const [, tenant] = JSON.parse(Buffer.from(told.access_token.split('.')[1], 'base64url')).iss.match(/net\\/([^/]+)/);
      const at = new Date(told.expires_on * 1000);
      const two = (number) => String(number).padStart(2, '0');
      const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-');
      const expiresOn = day + ' ' + [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':') + '.000000';
      const { access_token: accessToken, expires_on } = told;
      const shown = { accessToken, expiresOn, expires_on: Number(expires_on), subscription: tenant, tenant, tokenType: 'Bearer' };
      process.stdout.write(JSON.stringify(shown, null, 2) + '\\n');
    });
  });
  asked.on('timeout', () => asked.destroy(new Error('no answer')));
  asked.on('error', (error) => fail('coffer run: ' + error.message));
  asked.end();
}
`;

function script(folder: string, program: string): string {
  return `#!/bin/sh
if [ "$1" = account ] && [ "$2" = get-access-token ]; then
  unset NODE_OPTIONS
  exec ${shellQuote(process.execPath)} ${shellQuote(program)} "$@"
fi
IFS=:
for place in $PATH; do
  [ "$place" = ${shellQuote(folder)} ] && continue
  [ -x "$place/az" ] && exec "$place/az" "$@"
done
echo 'az: coffer run answers az account get-access-token alone, and there is no other az on PATH' >&2
exit 127
`;
}

/** Writes the command into a folder below `place`, or below the system's own where nothing there can be executed. */
export function makeAzCommand(place: string): AzCommand {
  for (const parent of [place, tmpdir()]) {
    const folder = mkdtempSync(join(parent, 'coffer-az-'));
    const remove = () => rmSync(folder, { recursive: true, force: true });
    const program = join(folder, 'az.cjs');
    const command = join(folder, 'az');
    writeFileSync(program, PROGRAM, { mode: 0o400, flag: 'wx' });
    writeFileSync(command, script(folder, program), { mode: 0o500, flag: 'wx' });
    chmodSync(command, 0o500);
    try {
      accessSync(command, constants.X_OK);
      process.once('exit', remove);
      return {
        folder: dirname(command),
        remove: () => {
          process.off('exit', remove);
          remove();
        },
      };
    } catch {
      remove();
    }
  }
  throw new Error('no place from which az could be executed');
}
