// Every command of node-vault's table, once or more, in an order in which each finds what it needs. The server begins
// uninitialised. A line for each call: the command and, where it was refused, the status and the text. What is told of
// an engine that the server does not have is told in the same way; whoever started this knows which those are.

import nodeVault from 'node-vault';

const [address, auditFile] = process.argv.slice(2);
const vault = nodeVault({ endpoint: address });
const called = new Set();

function told(name, error) {
  const status = error?.response?.statusCode;
  const said = error === undefined ? {} : { status: status ?? 0, text: error.message ?? String(error) };
  process.stdout.write(`${JSON.stringify({ name, ...said })}\n`);
}

async function call(name, args = {}, client = vault) {
  called.add(name);
  try {
    const answer = await client[name](args);
    told(name);
    return answer ?? {};
  } catch (error) {
    told(name, error);
    return {};
  }
}

/** A client of its own: the commands that make a token take it over. */
const as = (token) => nodeVault({ endpoint: address, token });

const rooted = () => as(made.root_token);

// Before anybody has a token.
await call('initialized');
const made = await call('init', { secret_shares: 3, secret_threshold: 2 });
await call('unseal', { key: made.keys[0] });
await call('unseal', { key: made.keys[1] });
vault.token = made.root_token;
await call('status');
await call('health');
await call('leader');
await call('stepDown');

await call('mounts');
await call('mount', { mount_point: 'secret', type: 'kv', options: { version: '2' } });
await vault.write('secret/data/app/db', { data: { user: 'app' } });
await vault.write('secret/data/app/db', { data: { user: 'two' } });
await call('destroySecretVersions', { path: 'app/db', versions: [1] });
await call('mount', { mount_point: 'other', type: 'kv' });
await call('remount', { from: 'other', to: 'moved' });
await call('unmount', { mount_point: 'moved' });

await call('addPolicy', { name: 'reader', rules: 'path "secret/data/*" { capabilities = ["read"] }' });
await call('policies');
await call('getPolicy', { name: 'reader' });
await call('addPolicy', { name: 'gone', rules: 'path "x" { capabilities = ["read"] }' });
await call('removePolicy', { name: 'gone' });

await call('auths');
await call('enableAuth', { mount_point: 'userpass', type: 'userpass' });
await call('enableAuth', { mount_point: 'approle', type: 'approle' });
await call('enableAuth', { mount_point: 'spare', type: 'userpass' });
await call('disableAuth', { mount_point: 'spare' });

await call('enableAudit', { name: 'file', type: 'file', options: { file_path: auditFile } });
await call('audits');
await call('disableAudit', { name: 'file' });

// Tokens.
await call('addTokenRole', { role_name: 'role', allowed_policies: 'reader' });
await call('tokenRoles');
await call('getTokenRole', { role_name: 'role' });
const { auth: one = {} } = await call('tokenCreate', { policies: ['reader'], ttl: '1h', renewable: true }, rooted());
const { auth: orphan = {} } = await call('tokenCreateOrphan', { policies: ['reader'], ttl: '1h' }, rooted());
const { auth: ofRole = {} } = await call('tokenCreateRole', { role_name: 'role', policies: ['reader'] }, rooted());
await call('tokenAccessors');
await call('tokenLookup', { token: one.client_token });
await call('tokenLookupAccessor', { accessor: one.accessor });
await call('tokenLookupSelf', {}, as(one.client_token));
await call('tokenRenew', { token: one.client_token, increment: 7200 }, rooted());
await call('tokenRenewSelf', { increment: 3600 }, as(one.client_token));
await call('tokenRevokeOrphan', { token: orphan.client_token });
await call('tokenRevokeAccessor', { accessor: ofRole.accessor });
await call('tokenRevokeSelf', {}, as(one.client_token));
const { auth: two = {} } = await call('tokenCreate', { policies: ['reader'] }, rooted());
await call('tokenRevoke', { token: two.client_token });
await call('removeTokenRole', { role_name: 'role' });

// Logging in.
await vault.write('auth/userpass/users/ann', { password: 'right', policies: 'reader' });
await call('userpassLogin', { username: 'ann', password: 'right' }, as(''));
await call('addApproleRole', { role_name: 'ci', policies: 'reader', secret_id_num_uses: 10 });
await call('approleRoles');
await call('getApproleRole', { role_name: 'ci' });
await call('updateApproleRoleId', { role_name: 'ci', role_id: 'ci-role' });
const { data: roleId = {} } = await call('getApproleRoleId', { role_name: 'ci' });
const { data: first = {} } = await call('getApproleRoleSecret', { role_name: 'ci', metadata: '{"by":"test"}' });
const { data: second = {} } = await call('getApproleRoleSecret', { role_name: 'ci' });
await call('approleSecretAccessors', { role_name: 'ci' });
await call('approleSecretLookup', { role_name: 'ci', secret_id: first.secret_id });
await call('approleSecretAccessorLookup', { role_name: 'ci', secret_id_accessor: first.secret_id_accessor });
const worker = as('');
const { auth: login = {} } = await call(
  'approleLogin',
  { role_id: roleId.role_id, secret_id: first.secret_id },
  worker,
);
told('token of the login', worker.token === login.client_token ? undefined : new Error('it was not taken over'));
await call('approleSecretAccessorDestroy', { role_name: 'ci', secret_id_accessor: second.secret_id_accessor });
await call('approleSecretDestroy', { role_name: 'ci', secret_id: first.secret_id });
await call('deleteApproleRole', { role_name: 'ci' });

// Wrapping, leases, transit.
const wrapped = await vault.read('secret/data/app/db', { headers: { 'X-Vault-Wrap-TTL': '60s' } });
const { data: unwrapped } = await call('unwrap', { token: wrapped.wrap_info?.token });
told('what was wrapped', unwrapped?.data?.user === 'two' ? undefined : new Error(JSON.stringify(unwrapped)));
const { auth: leased = {} } = await vault.write('auth/userpass/login/ann', { password: 'right' });
const leases = await vault.list('sys/leases/lookup/auth/userpass/login/ann').catch(() => ({ data: { keys: [] } }));
told('the lease of a login', leased.client_token && leases.data.keys.length > 0 ? undefined : new Error('none'));
const lease = `auth/userpass/login/ann/${leases.data.keys[0]}`;
await call('renew', { lease_id: lease, increment: 3600 });
await call('revoke', { lease_id: lease });
await call('revokePrefix', { path_prefix: 'auth/userpass/login' });
await call('mount', { mount_point: 'transit', type: 'transit' });
await call('transitCreateKey', { name: 'app' });
await call('transitReadKey', { name: 'app' });
await call('transitListKeys');
const plaintext = Buffer.from('a text').toString('base64');
const { data: sealed = {} } = await call('encryptData', { name: 'app', plaintext });
const { data: again = {} } = await call('rewrapData', { name: 'app', ciphertext: sealed.ciphertext });
const { data: opened = {} } = await call('decryptData', { name: 'app', ciphertext: again.ciphertext });
told('what was sealed', opened.plaintext === plaintext ? undefined : new Error(JSON.stringify(opened)));
await vault.write('transit/keys/app/config', { deletion_allowed: true });
await call('transitDeleteKey', { name: 'app' });

// Keys of the server.
await call('rotate');
const { otp_length: length = 28 } = await vault.read('sys/generate-root/attempt').catch(() => ({}));
const otp = Buffer.alloc(length, 'otp').toString();
await call('generateRootInit', { otp });
await call('generateRootCancel');
const { nonce = '' } = await call('generateRootInit', { otp });
await call('generateRootUpdate', { key: made.keys[2], nonce });
const done = await call('generateRootUpdate', { key: made.keys[0], nonce });
told('the new root token', done.complete ? undefined : new Error('none'));
const bytes = Buffer.from(done.encoded_root_token ?? '', 'base64');
const root = as(Buffer.from(bytes.map((byte, index) => byte ^ otp.charCodeAt(index))).toString());
await call('tokenLookupSelf', {}, root);

// A client certificate belongs to TLS, which this one does not speak.
await call('certLogin', {}, as(''));
// Engines that are not there.
const kubernetes = { mount_point: 'kubernetes', role_name: 'x' };
await call('addKubernetesRole', kubernetes);
await call('getKubernetesRole', kubernetes);
await call('deleteKubernetesRole', kubernetes);
await call('kubernetesLogin', { mount_point: 'kubernetes', role: 'x', jwt: 'y' }, as(''));
for (const name of ['gcpLogin', 'jwtLogin']) await call(name, { role: 'x', jwt: 'y' }, as(''));
await call('githubLogin', { token: 'x' }, as(''));
for (const name of ['ldapLogin', 'oktaLogin', 'radiusLogin']) {
  await call(name, { username: 'x', password: 'y' }, as(''));
}
const iam = { iam_http_request_method: 'POST', iam_request_url: 'x', iam_request_body: 'x', iam_request_headers: 'x' };
await call('awsIamLogin', { role: 'x', ...iam }, as(''));
await call('generateDatabaseCredentials', { databasePath: 'database', name: 'x' });

await call('seal');
await call('status');
for (const name of Object.keys(vault.commands)) if (!called.has(name)) told(name, new Error('was not called'));
