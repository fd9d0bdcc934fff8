// Managed rotation: the real service changes the password of a Cloud SQL user and adds it as a version, for secrets of a
// type that says so. No secret of this server has a type, so both answer, once the caller may know, what the real one
// answers for such a secret: it cannot be. Source: service.proto, `EnableManagedRotation` and `RotateSecret`.

import { Fault } from '../core/error.ts';
import { type Operation, operation, secretFacts } from './operation.ts';
import { type SecretRef, secretTarget } from './secrets.ts';
import type { VersionResult } from './versions.ts';

function managedRotation(name: string, help: string): Operation<SecretRef, VersionResult> {
  return operation<SecretRef, Record<never, never>, VersionResult>({
    name,
    help,
    kind: 'write',
    // Both add a version.
    permission: 'secretmanager.versions.add',
    target: (command) => secretTarget(command),
    decide: (input) => {
      const secret = input.secret(input.command);
      const project = input.project(input.command.project);
      throw new Fault('ROTATION_NOT_MANAGED', secretFacts(project, secret.name, secret.location));
    },
  });
}

export const enableManagedRotation: Operation<SecretRef, VersionResult> = managedRotation(
  'secrets.enableManagedRotation',
  'let the server rotate a secret of a type that has managed rotation',
);

export const rotateSecret: Operation<SecretRef, VersionResult> = managedRotation(
  'secrets.rotate',
  'rotate a secret whose rotation the server manages',
);
