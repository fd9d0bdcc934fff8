// google.iam.admin.v1.IAM: service accounts. Their keys, roles and policies are not built yet.

import { create } from '@bufbuild/protobuf';
import { EmptySchema } from '@bufbuild/protobuf/wkt';
import { IAM, ListServiceAccountsResponseSchema } from '../../../gen/google/iam/admin/v1/iam_pb.js';
import { parseAccountId } from '../../core/name.ts';
import { createAccount, deleteAccount, getAccount, listAccounts } from '../../ops/accounts.ts';
import { then } from '../../ops/engine.ts';
import { missing, serviceMethods } from './call.ts';
import { decodePage } from './decode.ts';
import { encodeAccount } from './encode.ts';
import { parseAccountName, parseProjectName } from './names.ts';

const keys = missing('Managing the keys of a service account');
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
  listServiceAccountKeys: keys,
  getServiceAccountKey: keys,
  createServiceAccountKey: keys,
  uploadServiceAccountKey: keys,
  deleteServiceAccountKey: keys,
  disableServiceAccountKey: keys,
  enableServiceAccountKey: keys,
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
