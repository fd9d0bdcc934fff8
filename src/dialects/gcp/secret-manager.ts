// google.cloud.secretmanager.v1.SecretManagerService, on global and regional secrets.

import { create } from '@bufbuild/protobuf';
import { type Empty, EmptySchema } from '@bufbuild/protobuf/wkt';
import {
  ListSecretsResponseSchema,
  ListSecretVersionsResponseSchema,
  SecretManagerService,
} from '../../../gen/google/cloud/secretmanager/v1/service_pb.js';
import { TestIamPermissionsResponseSchema } from '../../../gen/google/iam/v1/iam_policy_pb.js';
import { enableManagedRotation, rotateSecret } from '../../ops/managed-rotation.ts';
import { then } from '../../ops/maybe.ts';
import { getSecretPolicy, setSecretPolicy, testPermissions } from '../../ops/policies.ts';
import { listSecrets } from '../../ops/secret-list.ts';
import { createSecret, deleteSecret, getSecret, updateSecret } from '../../ops/secrets.ts';
import {
  accessVersion,
  addVersion,
  destroyVersion,
  disableVersion,
  enableVersion,
  getVersion,
  listVersions,
} from '../../ops/versions.ts';
import { type Call, serviceMethods } from './call.ts';
import { decodeEtag, decodeFilteredPage, decodePayload } from './decode.ts';
import { decodeCreateSecret, decodeUpdateSecret } from './decode-secret.ts';
import { encodeAccessed } from './encode.ts';
import { encodeSecret, encodeVersion, isSpellable } from './encode-secret.ts';
import { parseParent, parseSecretRef, parseVersionName, parseVersionNumber } from './names.ts';
import { decodePolicy, encodePolicy, requestedVersion } from './policy-codec.ts';

const empty = (): Empty => create(EmptySchema);

function move(operation: typeof enableVersion) {
  return (request: { readonly name: string; readonly etag: string }, call: Call) => {
    const command = { ...parseVersionNumber(request.name, call.location), ...decodeEtag(request.etag) };
    return then(call.run(operation, command), encodeVersion);
  };
}

export const secretManagerMethods = serviceMethods(SecretManagerService, {
  listSecrets: (request, call) => {
    const command = { ...parseParent(request.parent, call.location), ...decodeFilteredPage(request) };
    return then(call.run(listSecrets, command), ({ project, secrets, total, nextPageToken }) =>
      create(ListSecretsResponseSchema, {
        secrets: secrets.filter(isSpellable).map((secret) => encodeSecret({ project, secret })),
        nextPageToken,
        totalSize: total,
      }),
    );
  },
  createSecret: (request, call) =>
    then(call.run(createSecret, decodeCreateSecret(request, call.location)), encodeSecret),
  addSecretVersion: (request, call) => {
    const command = { ...parseSecretRef(request.parent, 'parent', call.location), ...decodePayload(request.payload) };
    return then(call.run(addVersion, command), encodeVersion);
  },
  getSecret: (request, call) =>
    then(call.run(getSecret, parseSecretRef(request.name, 'name', call.location)), encodeSecret),
  updateSecret: (request, call) =>
    then(call.run(updateSecret, decodeUpdateSecret(request, call.location)), encodeSecret),
  deleteSecret: (request, call) => {
    const command = { ...parseSecretRef(request.name, 'name', call.location), ...decodeEtag(request.etag) };
    return then(call.run(deleteSecret, command), empty);
  },
  listSecretVersions: (request, call) => {
    const command = { ...parseSecretRef(request.parent, 'parent', call.location), ...decodeFilteredPage(request) };
    return then(call.run(listVersions, command), ({ project, secret, versions, total, nextPageToken }) =>
      create(ListSecretVersionsResponseSchema, {
        versions: versions.map((version) => encodeVersion({ project, secret, version })),
        nextPageToken,
        totalSize: total,
      }),
    );
  },
  getSecretVersion: (request, call) =>
    then(call.run(getVersion, parseVersionName(request.name, call.location)), encodeVersion),
  accessSecretVersion: (request, call) =>
    then(call.run(accessVersion, parseVersionName(request.name, call.location)), encodeAccessed),
  disableSecretVersion: move(disableVersion),
  enableSecretVersion: move(enableVersion),
  destroySecretVersion: move(destroyVersion),
  setIamPolicy: (request, call) => {
    const command = { ...parseSecretRef(request.resource, 'resource', call.location), ...decodePolicy(request) };
    return then(call.run(setSecretPolicy, command), ({ policy }) => encodePolicy(policy, command.version));
  },
  getIamPolicy: (request, call) => {
    const asked = requestedVersion(request);
    const command = parseSecretRef(request.resource, 'resource', call.location);
    return then(call.run(getSecretPolicy, command), ({ policy }) => encodePolicy(policy, asked));
  },
  testIamPermissions: (request, call) => {
    const ref = parseSecretRef(request.resource, 'resource', call.location);
    return then(call.run(testPermissions, { ...ref, permissions: request.permissions }), ({ permissions }) =>
      create(TestIamPermissionsResponseSchema, { permissions: [...permissions] }),
    );
  },
  // The credentials of a database that the first may carry are never read.
  enableManagedRotation: (request, call) =>
    then(call.run(enableManagedRotation, parseSecretRef(request.parent, 'parent', call.location)), encodeVersion),
  rotateSecret: (request, call) =>
    then(call.run(rotateSecret, parseSecretRef(request.parent, 'parent', call.location)), encodeVersion),
});
