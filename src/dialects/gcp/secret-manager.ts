// google.cloud.secretmanager.v1.SecretManagerService on global secrets.

import { create } from '@bufbuild/protobuf';
import { type Empty, EmptySchema } from '@bufbuild/protobuf/wkt';
import {
  ListSecretsResponseSchema,
  ListSecretVersionsResponseSchema,
  SecretManagerService,
} from '../../../gen/google/cloud/secretmanager/v1/service_pb.js';
import { TestIamPermissionsResponseSchema } from '../../../gen/google/iam/v1/iam_policy_pb.js';
import { Fault } from '../../core/error.ts';
import type { Maybe } from '../../core/ports.ts';
import { then } from '../../ops/engine.ts';
import type { Operation } from '../../ops/operation.ts';
import { getSecretPolicy, setSecretPolicy, testPermissions } from '../../ops/policies.ts';
import { createSecret, deleteSecret, getSecret, listSecrets, updateSecret } from '../../ops/secrets.ts';
import {
  accessVersion,
  addVersion,
  destroyVersion,
  disableVersion,
  enableVersion,
  getVersion,
  listVersions,
  type VersionRef,
} from '../../ops/versions.ts';
import { type Call, missing, serviceMethods } from './call.ts';
import {
  checkPolicyRequest,
  decodeAddVersion,
  decodeCreateSecret,
  decodeEtag,
  decodePage,
  decodePolicy,
  decodeUpdateSecret,
} from './decode.ts';
import { encodeAccessed, encodePolicy, encodeSecret, encodeVersion, isSpellable } from './encode.ts';
import type { VersionName } from './names.ts';
import { NO_VERSION, parseProjectName, parseSecretRef, parseVersionName, parseVersionNumber } from './names.ts';

const empty = (): Empty => create(EmptySchema);

/** Runs an operation on one version; what it says of the version, it says in the request's spelling. */
function onVersion<C extends Omit<VersionRef, 'selector'>, R>(
  call: Call,
  operation: Operation<C, R>,
  name: VersionName,
  command: C,
): Maybe<R> {
  if (name.selector !== NO_VERSION) return call.run(operation, command);
  const fail = (error: unknown): never => {
    throw error instanceof Fault ? asAsked(error, name) : error;
  };
  try {
    const result = call.run(operation, command);
    return result instanceof Promise ? result.catch(fail) : result;
  } catch (error) {
    return fail(error);
  }
}

function asAsked(fault: Fault, { asked, project, key }: VersionName): Fault {
  if (fault.code === 'PERMISSION_DENIED') {
    return new Fault(fault.code, {
      ...fault.facts,
      resource: `projects/${project}/secrets/${key}/versions/${asked}`,
    });
  }
  if (fault.code !== 'VERSION_NOT_FOUND') return fault;
  return /^[0-9]/.test(asked)
    ? new Fault('VERSION_NOT_FOUND', { ...fault.facts, version: asked })
    : new Fault('ALIAS_NOT_FOUND', { ...fault.facts, alias: asked });
}

function move(operation: typeof enableVersion) {
  return (request: { readonly name: string; readonly etag: string }, call: Call) => {
    const name = parseVersionNumber(request.name);
    const { project, key, selector: number } = name;
    const command = { project, key, number, ...decodeEtag(request.etag) };
    return then(onVersion(call, operation, name, command), encodeVersion);
  };
}

export const secretManagerMethods = serviceMethods(SecretManagerService, {
  listSecrets: (request, call) => {
    const command = { project: parseProjectName(request.parent, 'parent'), ...decodePage(request) };
    return then(call.run(listSecrets, command), ({ project, secrets, total, nextPageToken }) =>
      create(ListSecretsResponseSchema, {
        secrets: secrets.filter(isSpellable).map((secret) => encodeSecret({ project, secret })),
        nextPageToken,
        totalSize: total,
      }),
    );
  },
  createSecret: (request, call) => then(call.run(createSecret, decodeCreateSecret(request)), encodeSecret),
  addSecretVersion: (request, call) =>
    then(call.run(addVersion, decodeAddVersion(request.parent, request.payload)), encodeVersion),
  getSecret: (request, call) => then(call.run(getSecret, parseSecretRef(request.name, 'name')), encodeSecret),
  updateSecret: (request, call) => then(call.run(updateSecret, decodeUpdateSecret(request)), encodeSecret),
  deleteSecret: (request, call) =>
    then(call.run(deleteSecret, { ...parseSecretRef(request.name, 'name'), ...decodeEtag(request.etag) }), empty),
  listSecretVersions: (request, call) => {
    const command = { ...parseSecretRef(request.parent, 'parent'), ...decodePage(request) };
    return then(call.run(listVersions, command), ({ project, secret, versions, total, nextPageToken }) =>
      create(ListSecretVersionsResponseSchema, {
        versions: versions.map((version) => encodeVersion({ project, secret, version })),
        nextPageToken,
        totalSize: total,
      }),
    );
  },
  getSecretVersion: (request, call) => {
    const name = parseVersionName(request.name);
    return then(onVersion(call, getVersion, name, name), encodeVersion);
  },
  accessSecretVersion: (request, call) => {
    const name = parseVersionName(request.name);
    return then(onVersion(call, accessVersion, name, name), encodeAccessed);
  },
  disableSecretVersion: move(disableVersion),
  enableSecretVersion: move(enableVersion),
  destroySecretVersion: move(destroyVersion),
  setIamPolicy: (request, call) => {
    const command = { ...parseSecretRef(request.resource, 'resource'), ...decodePolicy(request) };
    return then(call.run(setSecretPolicy, command), ({ policy }) => encodePolicy(policy));
  },
  getIamPolicy: (request, call) => {
    checkPolicyRequest(request);
    return then(call.run(getSecretPolicy, parseSecretRef(request.resource, 'resource')), ({ policy }) =>
      encodePolicy(policy),
    );
  },
  testIamPermissions: (request, call) => {
    const command = { ...parseSecretRef(request.resource, 'resource'), permissions: request.permissions };
    return then(call.run(testPermissions, command), ({ permissions }) =>
      create(TestIamPermissionsResponseSchema, { permissions: [...permissions] }),
    );
  },
  enableManagedRotation: missing('EnableManagedRotation'),
  rotateSecret: missing('RotateSecret'),
});
