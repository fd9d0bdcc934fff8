// Logins by a certificate of TLS: whom a role trusts, what it asks for besides, and all that must not get in.

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { apiOf, auditRecords } from '../support/api.ts';
import { execute } from '../support/coffer.ts';
import { scratch } from '../support/start.ts';
import { pythonVenv } from '../support/venv.ts';
import { askPresenting, certificate, extension, type Made, type Wanted } from './certificates.ts';
import { openVault, type VaultClient } from './fixture.ts';

let vault: VaultClient;
let ca: Made;
let other: Made;

before(async () => {
  vault = await openVault();
  await vault.must('POST', 'sys/auth/cert', { type: 'cert' });
  await vault.policy('app', 'path "secret/data/app" { capabilities = ["read"] }');
  await vault.must('POST', 'secret/data/app', { data: { a: 1 } });
  [ca, other] = await Promise.all([
    certificate({ subject: 'CN=Test CA', ca: {} }),
    certificate({ subject: 'CN=Test CA', ca: {} }),
  ]);
  await role('web', { certificate: ca.pem });
});

after(() => vault.server.stop());

const role = (name: string, fields: object) =>
  vault.must('POST', `auth/cert/certs/${name}`, { token_policies: ['app'], ...fields });
const client = (wanted: Partial<Wanted> = {}) => certificate({ subject: 'CN=client-1, OU=ops', issuer: ca, ...wanted });
const login = (chain: readonly Made[], body: object = {}, at = 'cert') =>
  askPresenting(vault.server.address, `auth/${at}/login`, body, { chain });

async function refused(chain: readonly Made[], what: string, body: object = {}): Promise<void> {
  const { status, json } = await login(chain, body);
  assert.deepEqual([status, json.auth, json.errors.length], [400, undefined, 1], what);
}

test('a certificate of a trusted authority is a token, an entity, and what the role gives', async () => {
  const own = await client();
  const { json } = await login([own]);
  const { auth } = json;
  assert.deepEqual(
    [auth.policies, auth.metadata.cert_name, auth.metadata.common_name],
    [['app', 'default'], 'web', 'client-1'],
  );
  assert.equal((await vault.ask('GET', 'secret/data/app', undefined, { token: auth.client_token })).status, 200);
  assert.equal((await login([await client()])).json.auth.entity_id, auth.entity_id);
  const { data } = (await vault.must('GET', 'auth/cert/certs/web')).json;
  assert.equal(data.certificate.trim(), ca.pem.trim());
  const records = await auditRecords(apiOf(vault.server, vault.root));
  assert.ok(records.some(({ operation, outcome }) => operation === 'vault.login' && outcome === 'allowed'));
});

test('nobody else: no certificate, another authority of the same name, itself, an end entity, another time or use', async () => {
  await refused([], 'none');
  await refused([await client({ issuer: other })], 'another authority');
  await refused([await certificate({ subject: 'CN=client-1' })], 'signed by itself');
  await refused([await certificate({ subject: 'CN=client-1', ca: {} })], 'its own authority');
  const end = await client();
  await refused([await certificate({ subject: 'CN=client-2', issuer: end }), end], 'by an end entity');
  await refused([await client({ days: [-9, -1] })], 'ended');
  await refused([await client({ days: [1, 9] })], 'not begun');
  await refused([await client({ usages: ['1.3.6.1.5.5.7.3.1'] })], "a server's");
  await refused([await client({ hash: 'SHA-1' })], 'SHA-1');
  const critical = extension('1.2.3.4', true, new Uint8Array([5, 0]));
  await refused([await client({ extensions: [critical] })], 'what is not understood');
  // The certificate that is trusted sent along by somebody who has not its key.
  await refused([await client({ issuer: other }), ca], 'the trusted one sent along');
  const plain = await vault.ask('POST', 'auth/cert/login', {}, { token: '' });
  assert.equal(plain.status, 400);
  const headers = {
    'x-forwarded-client-cert': ca.pem.replaceAll('\n', ''),
    'ssl-client-cert': encodeURIComponent(ca.pem),
  };
  const forged = await askPresenting(vault.server.address, 'auth/cert/login', {}, { chain: [], headers });
  assert.equal(forged.status, 400);
});

test('chains: by what is sent along, as far as each authority allows, without constraints that are not understood', async () => {
  const top = await certificate({ subject: 'CN=Top', ca: { pathLength: 1 } });
  const middle = await certificate({ subject: 'CN=Middle', issuer: top, ca: {} });
  const low = await certificate({ subject: 'CN=Low', issuer: middle, ca: {} });
  await role('chain', { certificate: top.pem });
  const [two, three] = [await client({ issuer: middle }), await client({ issuer: low })];
  assert.equal((await login([two, middle], { name: 'chain' })).status, 200);
  await refused([two], 'without the link', { name: 'chain' });
  await refused([three, low, middle], 'deeper than allowed', { name: 'chain' });
  await refused([three, middle, low], 'in another order too', { name: 'chain' });
  const constrained = await certificate({
    ...{ subject: 'CN=Constrained', issuer: top, ca: {} },
    extensions: [extension('2.5.29.30', false, new Uint8Array([0x30, 0]))],
  });
  await refused([await client({ issuer: constrained }), constrained], 'constrained', { name: 'chain' });
  const old = await certificate({ subject: 'CN=Old', issuer: top, ca: {}, days: [-9, -1] });
  await refused([await client({ issuer: old }), old], 'by an ended authority', { name: 'chain' });
});

test('a role may trust one certificate itself: that one, not another of its name or key', async () => {
  const pinned = await certificate({ subject: 'CN=pinned' });
  await role('pinned', { certificate: pinned.pem });
  assert.equal((await login([pinned])).json.auth.metadata.cert_name, 'pinned');
  await refused([await certificate({ subject: 'CN=pinned', keys: pinned.keys })], 'its key under a new certificate');
  await refused([await certificate({ subject: 'CN=below', issuer: pinned })], 'signed by it');
});

test('what a role asks for besides', async () => {
  const names = [
    { type: 'dns', value: 'a.example.com' },
    { type: 'email', value: 'me@example.com' },
    { type: 'url', value: 'spiffe://example.com/app' },
  ] as const;
  const text = extension('1.2.3.4.5', false, new Uint8Array([0x0c, 3, 0x61, 0x62, 0x63]));
  const own = await client({ names: [...names], extensions: [text] });
  const rules: readonly (readonly [string, string | string[], string | string[]])[] = [
    ['allowed_common_names', ['client-*'], ['*.client']],
    ['allowed_names', 'other,*.example.com', 'example.com'],
    ['allowed_dns_sans', ['a.*'], ['client-1']],
    ['allowed_email_sans', ['*@example.com'], ['a.example.com']],
    ['allowed_uri_sans', ['spiffe://example.com/*'], ['spiffe://example.com']],
    ['allowed_organizational_units', ['ops'], ['op']],
    ['required_extensions', ['1.2.3.4.5:ab*', 'hex:1.2.3.4.5:0c03616263'], ['1.2.3.4.5:ab*', '1.2.3.4.6:x']],
    ['token_bound_cidrs', ['127.0.0.0/8'], ['10.0.0.0/8']],
  ];
  for (const [name, fits, fails] of rules) {
    await role('strict', { certificate: ca.pem, [name]: fits });
    assert.equal((await login([own], { name: 'strict' })).status, 200, name);
    await role('strict', { [name]: fails });
    await refused([own], name, { name: 'strict' });
    await vault.must('DELETE', 'auth/cert/certs/strict');
  }
  await refused([own], 'a role that is gone', { name: 'strict' });
});

test('roles: what is no certificate is refused, and a new one counts at once', async () => {
  for (const pem of ['', 'x', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----', ca.key, undefined]) {
    assert.equal((await vault.ask('POST', 'auth/cert/certs/bad', { certificate: pem })).status, 400, String(pem));
  }
  assert.equal(
    (await vault.ask('POST', 'auth/cert/certs/bad', { certificate: ca.pem, required_extensions: 'x' })).status,
    400,
  );
  const own = await client({ issuer: other });
  await role('moved', { certificate: other.pem });
  assert.equal((await login([own], { name: 'moved' })).status, 200);
  await role('moved', { certificate: ca.pem });
  await refused([own], 'no longer trusted', { name: 'moved' });
  await vault.must('POST', 'sys/auth/cert2', { type: 'cert' });
  assert.equal((await login([own], {}, 'cert2')).status, 400);
  const weak = await vault.token(['app']);
  assert.equal(
    (await vault.ask('POST', 'auth/cert/certs/mine', { certificate: own.pem }, { token: weak })).status,
    403,
  );
});

test('a token is renewed by the certificate it was had by, and by no other, unless the method says so', async () => {
  const [own, second] = [await client(), await client()];
  const token = (await login([own])).json.auth.client_token;
  const renew = async (chain: readonly Made[]) =>
    (await askPresenting(vault.server.address, 'auth/token/renew-self', {}, { chain, token })).status;
  assert.deepEqual([await renew([]), await renew([second]), await renew([own])], [400, 400, 200]);
  assert.equal((await vault.ask('POST', 'auth/token/renew-self', {}, { token })).status, 400);
  await vault.must('POST', 'auth/cert/config', { disable_binding: true });
  const free = (await login([own])).json.auth.client_token;
  assert.equal((await vault.ask('POST', 'auth/token/renew-self', {}, { token: free })).status, 200);
});

test('hvac and bao log in with the files of a certificate and its key', async () => {
  const python = await pythonVenv(join(import.meta.dirname, 'python/requirements.txt'));
  const own = await client();
  const folder = scratch();
  const file = (name: string, text: string) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const authority = (await apiOf(vault.server, vault.root)('GET', '/coffer/v1/ca')).json.certificate;
  const [cert, key, bundle] = [file('cert.pem', own.pem), file('key.pem', own.key), file('ca.pem', authority)];
  const address = vault.server.address.replace('http:', 'https:');
  const env = { ...process.env, VAULT_ADDR: address, VAULT_CACERT: bundle, HOME: folder };
  const program = `import hvac
client = hvac.Client(url="${address}", verify="${bundle}")
client.auth.cert.login(name="web", cert_pem="${cert}", key_pem="${key}")
print(client.secrets.kv.v2.read_secret_version(path="app", mount_point="secret")["data"]["data"]["a"])
`;
  const hvac = await execute(python, ['-c', program], { env });
  assert.equal(hvac.stdout, '1\n', hvac.stderr);
  const args = ['login', '-method=cert', `-client-cert=${cert}`, `-client-key=${key}`, '-token-only', 'name=web'];
  const bao = await execute(join(dirname(python), 'bao'), args, { env });
  assert.match(bao.stdout, /^hvs\./, bao.stderr);
});

test('a certificate disturbs no other API, and opens none', async () => {
  const own = await client();
  const read = (headers: Record<string, string>) =>
    askPresenting(
      vault.server.address,
      'projects/default/secrets/app/versions/1:access',
      {},
      { chain: [own], headers },
    );
  for (const headers of [{}, { host: 'secretmanager.googleapis.com' }]) {
    const { status } = await read(headers);
    assert.ok(status === 401 || status === 403 || status === 404, String(status));
  }
});
