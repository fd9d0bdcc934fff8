// What Vault's kv asks of secrets that no other dialect does: the names below a folder, and the shape of a value, which
// a writer must know so that it stays.

import { GLOBAL, type Location, type ProjectRef, type SecretName, secretKey } from '../../core/name.ts';
import type { Shape } from '../../core/vault/kv.ts';
import { wrappedBy } from '../customer-keys.ts';
import { type Operation, operation } from '../operation.ts';
import { placeOf, type SecretRef, secretTarget } from '../secrets.ts';

export interface ListNames {
  readonly project: ProjectRef;
  /** Absent: the global ones. */
  readonly location?: Location;
  /** Ends in `/`, or is empty. */
  readonly folder: string;
  /** The name after which to go on; empty: from the first. */
  readonly after: string;
}

export interface ListedNames {
  readonly names: readonly SecretName[];
  /** The last that was looked at, where there may be more. */
  readonly next?: SecretName;
}

const PAGE = 1000;

export const listNames: Operation<ListNames, ListedNames> = operation({
  name: 'secrets.listNames',
  help: 'list the names of the secrets in a folder',
  kind: 'read',
  permission: 'secretmanager.secrets.list',
  target: ({ project, folder }: ListNames) => ({
    project,
    asked: `projects/${project}/secrets/${folder}`.slice(0, 300),
  }),
  needs: ({ project, location = GLOBAL, folder, after }) =>
    ({
      names: {
        need: 'secretNames',
        project,
        location,
        prefix: secretKey(folder as SecretName),
        after: secretKey(after as SecretName),
        limit: PAGE,
      },
    }) as const,
  decide: (input) => {
    input.project(input.command.project);
    const { names } = input.rows;
    const last = names.length === PAGE ? names.at(-1) : undefined;
    // A name that is only spelled alike lies in no folder, and one that begins with a slash, as AWS's may, has no path.
    const inside = names.filter((name) => name.startsWith(input.command.folder) && !name.startsWith('/'));
    return { result: { names: inside, ...(last === undefined ? {} : { next: last }) } };
  },
});

/** Tells nothing of a value but whether it is an object, a text or neither. */
export const shapeOfCurrent: Operation<SecretRef, Shape | undefined> = operation({
  name: 'versions.shape',
  help: 'tell whether the current value of a secret is a JSON object, a text or neither',
  kind: 'read',
  permission: 'secretmanager.versions.add',
  target: (command: SecretRef) => secretTarget(command),
  needs: (command) => ({ row: { need: 'payload', ...placeOf(command), number: 0 } }) as const,
  decide: (input) => {
    input.secret(input.command);
    const project = input.project(input.command.project);
    const { row } = input.rows;
    return { result: { project, row, ...(row === undefined ? {} : wrappedBy(input, project, row.version)) } };
  },
  finish: ({ project, row, customerKey }, _command, { keyring }) => {
    if (row?.sealed === undefined) return undefined;
    const { version, sealed } = row;
    const place = {
      projectUid: project.uid,
      secretUid: version.secretUid,
      versionUid: version.uid,
      ...(customerKey === undefined ? {} : { customerKey }),
    };
    return keyring.shapeOf(project.wrappedKey, place, sealed);
  },
});
