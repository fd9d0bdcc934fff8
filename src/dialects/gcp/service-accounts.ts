// google.iam.admin.v1.IAM: service accounts and their keys. Roles and the policies of accounts are not built yet.

import { create } from '@bufbuild/protobuf';
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import {
  IAM,
  ListServiceAccountKeysRequest_KeyType as KeyType,
  ListServiceAccountKeysResponseSchema,
  ListServiceAccountsResponseSchema,
} from '../../../gen/google/iam/admin/v1/iam_pb.js';
import { parseAccountId } from '../../core/name.ts';
import {
  createAccountKey,
  deleteAccountKey,
  disableAccountKey,
  enableAccountKey,
  getAccountKey,
  listAccountKeys,
  prepareAccountKey,
} from '../../ops/account-keys.ts';
import { createAccount, deleteAccount, getAccount, listAccounts } from '../../ops/accounts.ts';
import { then } from '../../ops/maybe.ts';
import { checkKeyRequest, encodeAccountKey, encodeCreatedKey, parseAccountKeyName } from './account-keys.ts';
import { missing, serviceMethods } from './call.ts';
import { decodePage } from './decode.ts';
import { encodeAccount } from './encode.ts';
import { parseAccountName, parseProjectName } from './names.ts';

const policies = missing('The IAM policy of a service account');
const customRoles = missing('Managing custom roles');

export const serviceAccountsMethods = serviceMethods(IAM, {
  listServiceAccounts: (request, call) => {
    const command = { project: parseProjectName(request.name, 'name'), ...decodePage(request) };
    return then(call.run(listAccounts, command), ({ project, accounts, nextPageToken }) =>
      create(ListServiceAccountsResponseSchema, {
        accounts: accounts.map((account) => encodeAccount({ project, account })),
        nextPageToken,
      }),
    );
  },
  getServiceAccount: (request, call) =>
    then(call.run(getAccount, { account: parseAccountName(request.name) }), encodeAccount),
  createServiceAccount: (request, call) => {
    const { displayName = '', description = '' } = request.serviceAccount ?? {};
    const project = parseProjectName(request.name, 'name');
    const command = { project, accountId: parseAccountId(request.accountId), displayName, description };
    return then(call.run(createAccount, command), encodeAccount);
  },
  deleteServiceAccount: (request, call) =>
    then(call.run(deleteAccount, { account: parseAccountName(request.name) }), () => create(EmptySchema)),
  updateServiceAccount: missing('UpdateServiceAccount'),
  patchServiceAccount: missing('PatchServiceAccount'),
  undeleteServiceAccount: missing('UndeleteServiceAccount'),
  enableServiceAccount: missing('EnableServiceAccount'),
  disableServiceAccount: missing('DisableServiceAccount'),
  listServiceAccountKeys: (request, call) => {
    const account = parseAccountName(request.name);
    // The keys that Google manages itself have no counterpart here.
    const isWanted = request.keyTypes.length === 0 || request.keyTypes.includes(KeyType.USER_MANAGED);
    return then(call.run(listAccountKeys, { account }), ({ keys, ...of }) =>
      create(ListServiceAccountKeysResponseSchema, {
        keys: isWanted ? keys.map((key) => encodeAccountKey({ ...of, key })) : [],
      }),
    );
  },
  getServiceAccountKey: (request, call) =>
    then(call.run(getAccountKey, parseAccountKeyName(request.name)), (found) =>
      encodeAccountKey(found, request.publicKeyType),
    ),
  createServiceAccountKey: (request, call) => {
    const account = parseAccountName(request.name);
    checkKeyRequest(request);
    return then(call.run(prepareAccountKey, { account }), () =>
      then(call.newAccountKey(), (pair) => {
        const made = { id: pair.id, publicKey: pair.publicKey };
        return then(call.run(createAccountKey, { account, made }), (result) => encodeCreatedKey(result, pair));
      }),
    );
  },
  uploadServiceAccountKey: missing('UploadServiceAccountKey'),
  deleteServiceAccountKey: (request, call) =>
    then(call.run(deleteAccountKey, parseAccountKeyName(request.name)), () => create(EmptySchema)),
  disableServiceAccountKey: (request, call) =>
    then(call.run(disableAccountKey, parseAccountKeyName(request.name)), () => create(EmptySchema)),
  enableServiceAccountKey: (request, call) =>
    then(call.run(enableAccountKey, parseAccountKeyName(request.name)), () => create(EmptySchema)),
  signBlob: missing('SignBlob'),
  signJwt: missing('SignJwt'),
  getIamPolicy: policies,
  setIamPolicy: policies,
  testIamPermissions: policies,
  queryGrantableRoles: missing('QueryGrantableRoles'),
  listRoles: missing('ListRoles'),
  getRole: missing('GetRole'),
  createRole: customRoles,
  updateRole: customRoles,
  deleteRole: customRoles,
  undeleteRole: customRoles,
  queryTestablePermissions: missing('QueryTestablePermissions'),
  queryAuditableServices: missing('QueryAuditableServices'),
  lintPolicy: missing('LintPolicy'),
});
