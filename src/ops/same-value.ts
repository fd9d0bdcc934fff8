// Where else a value is kept. Equality alone already tells something, so asking takes the right to read the value itself,
// and the answer shows only what the caller may list.

import { SAME_VALUE_MAX } from '../core/limits.ts';
import type { VersionOfSecret } from '../core/ports.ts';
import { permits } from './judgement.ts';
import { nativeFields, nativeSecret, nativeVersion } from './native-ref.ts';
import { type Operation, operation, type Scope } from './operation.ts';
import { placeOf, refOf, secretTarget } from './secrets.ts';
import { found, rowOf, type VersionRef, versionTarget } from './versions.ts';

export interface SameValue {
  /** Other versions of the whole server with that value, oldest first. */
  readonly versions: readonly VersionOfSecret[];
}

export const sameValue: Operation<VersionRef & { readonly selector: number }, SameValue> = operation({
  name: 'versions.sameValue',
  help: 'list the versions that hold the same value as this one, of those that the caller may list',
  kind: 'read',
  permission: 'secretmanager.versions.access',
  api: {
    method: 'GET',
    path: '/versions:sameValue',
    fields: { ...nativeFields, ...nativeVersion },
    command: ({ version, ...ref }) => ({ ...nativeSecret(ref), selector: version }),
  },
  target: versionTarget,
  needs: (command) => {
    const row = { ...placeOf(command), ...rowOf(command.selector) };
    return {
      version: { need: 'version', ...row },
      same: { need: 'sameValue', ...row, limit: SAME_VALUE_MAX },
    } as const;
  },
  decide: (input) => {
    const { rows, caller, scope, now } = input;
    const { uid, number } = found(input, rows.version, input.command.selector);
    const mayList = ({ project, secret }: VersionOfSecret) => {
      const about: Scope = { ...scope, project, secret };
      const target = secretTarget(refOf({ project, secret }));
      return permits({ caller, permission: 'secretmanager.versions.list', target, scope: about, now });
    };
    const others = rows.same.filter(({ version }) => version.uid !== uid);
    return { result: { versions: others.filter(mayList) }, version: number };
  },
});
