// The PKI engine: certificates that OpenSSL verifies, names and times that a role does not allow refused, revoked ones in
// the list, and the leases by which they are revoked.

import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { execute } from '../support/coffer.ts';
import { scratch } from '../support/start.ts';
import { openVault, type VaultClient } from './fixture.ts';

let vault: VaultClient;
let directory: string;
const open = { token: '' };
const GENERATE = 'root/generate/exported';

const role = (name: string, fields: object) => vault.must('POST', `pki/roles/${name}`, { key_type: 'ec', ...fields });
const issue = (name: string, fields: object, asked = {}) => vault.ask('POST', `pki/issue/${name}`, fields, asked);

async function issued(name: string, fields: object) {
  const { status, json, text } = await issue(name, fields);
  assert.equal(status, 200, text);
  return {
    ...json.data,
    lease: json.lease_id,
    warnings: json.warnings,
    certified: new X509Certificate(json.data.certificate),
  };
}

async function refused(name: string, fields: object, problem: RegExp) {
  const { status, json } = await issue(name, fields);
  assert.equal(status, 400, JSON.stringify(fields));
  assert.match(json.errors[0], problem);
}

function file(name: string, text: string | Uint8Array) {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

const openssl = (...args: string[]) => execute('openssl', args);

function raw(path: string): Promise<{ readonly type: string | undefined; readonly body: Buffer }> {
  return new Promise((resolve, reject) => {
    http
      .get(`${vault.server.address}/v1/${path}`, { agent: false }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ type: response.headers['content-type'], body: Buffer.concat(chunks) }));
      })
      .on('error', reject);
  });
}

before(async () => {
  vault = await openVault();
  directory = scratch();
  await vault.must('POST', 'sys/mounts/pki', { type: 'pki', config: { max_lease_ttl: '87600h' } });
  const made = await vault.must('POST', 'pki/root/generate/internal', {
    common_name: 'Test root',
    key_type: 'ec',
    ttl: '1000h',
  });
  assert.equal(made.json.data.private_key, undefined);
  await vault.must('POST', 'pki/config/urls', {
    issuing_certificates: 'http://ca.example/ca',
    crl_distribution_points: ['http://ca.example/crl'],
    ocsp_servers: 'http://ca.example/ocsp',
  });
  await role('web', { allowed_domains: 'example.com,*.glob.test', allow_subdomains: true, max_ttl: '72h' });
  await role('leased', { allow_any_name: true, generate_lease: true, ttl: '1h', max_ttl: '2h' });
});

after(() => vault.server.stop());

for (const [type, bits] of [
  ['rsa', 2048],
  ['ec', 256],
  ['ec', 384],
  ['ec', 521],
  ['ed25519', 0],
] as const) {
  test(`OpenSSL verifies a certificate of ${type} ${bits}`, async () => {
    const at = `pki-${type}-${bits}`;
    await vault.must('POST', `sys/mounts/${at}`, { type: 'pki' });
    const fields = {
      common_name: `Root ${type}`,
      organization: 'Example',
      country: 'CH',
      key_type: type,
      key_bits: bits,
    };
    const root = (await vault.must('POST', `${at}/${GENERATE}`, fields)).json.data;
    assert.ok(new X509Certificate(root.certificate).checkPrivateKey(createPrivateKey(root.private_key)));
    await vault.must('POST', `${at}/roles/any`, { allow_any_name: true, key_type: type, key_bits: bits });
    const asked = {
      common_name: 'a.example.com',
      alt_names: 'b.example.com',
      ip_sans: '192.0.2.1,2001:db8::1',
      ttl: '1h',
    };
    const leaf = (await vault.must('POST', `${at}/issue/any`, asked)).json.data;
    const certificate = new X509Certificate(leaf.certificate);
    assert.ok(certificate.checkPrivateKey(createPrivateKey(leaf.private_key)));
    assert.equal(leaf.private_key_type, type);
    await vault.must('POST', `${at}/revoke`, { serial_number: leaf.serial_number });
    const other = (await vault.must('POST', `${at}/issue/any`, asked)).json.data;
    const ca = file(`${at}.pem`, (await raw(`${at}/ca/pem`)).body);
    const crl = file(`${at}.crl`, (await raw(`${at}/crl/pem`)).body);
    const check = ['verify', '-x509_strict', '-purpose', 'sslserver', '-verify_hostname', 'b.example.com'];
    const checked = await openssl(
      ...check,
      '-crl_check',
      '-CRLfile',
      crl,
      '-CAfile',
      ca,
      file(`${at}-2.pem`, other.certificate),
    );
    assert.equal(checked.code, 0, checked.stderr);
    const gone = await openssl(
      ...check,
      '-crl_check',
      '-CRLfile',
      crl,
      '-CAfile',
      ca,
      file(`${at}-1.pem`, leaf.certificate),
    );
    assert.match(gone.stderr + gone.stdout, /certificate revoked/);
    const address = await openssl('verify', '-CAfile', ca, '-verify_ip', '2001:db8::1', join(directory, `${at}-1.pem`));
    assert.equal(address.code, 0, address.stderr);
  });
}

test('what a certificate says is what the role and the mount say', async () => {
  await role('full', {
    ...{ allowed_domains: 'example.com', allow_bare_domains: true, organization: ['Example, Inc.'], ou: ['A', 'B'] },
    ...{ client_flag: false, key_usage: 'DigitalSignature', ext_key_usage: 'TimeStamping', ttl: '2h' },
  });
  const {
    certified,
    serial_number: serial,
    expiration,
    ca_chain: chain,
    issuing_ca: ca,
  } = await issued('full', { common_name: 'example.com' });
  assert.match(certified.subject, /O=Example\\, Inc\.\nOU=A\nOU=B\nCN=example\.com/);
  assert.equal(certified.subjectAltName, 'DNS:example.com');
  assert.deepEqual(certified.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.8']);
  assert.equal(certified.ca, false);
  assert.match(certified.infoAccess ?? '', /OCSP - URI:http:\/\/ca\.example\/ocsp/);
  assert.match(certified.infoAccess ?? '', /CA Issuers - URI:http:\/\/ca\.example\/ca/);
  assert.equal(certified.serialNumber.toLowerCase(), serial.replaceAll(':', ''));
  assert.ok(certified.serialNumber.length >= 32);
  assert.equal(certified.validToDate.getTime(), expiration * 1000);
  assert.ok(Math.abs(expiration - Date.now() / 1000 - 7200) < 60);
  assert.deepEqual(chain, [ca]);
  assert.ok(certified.verify(new X509Certificate(ca).publicKey));
});

test('names outside the role are refused', async () => {
  for (const name of [
    ...'example.com example.org example.com.evil.test aexample.com a.example.com. .example.com a..example.com'.split(
      ' ',
    ),
    ...'*.*.example.com a.*.example.com f*.example.com * *.com localhost.evil.test 10.0.0.1 a@example.com'.split(' '),
    ...[
      'a.example.com\n.evil.test',
      'a.example.com\u0000.evil.test',
      'a b.example.com',
      '-a.example.com',
      'xn--\u00e9.example.com',
    ],
    ...['#0c0161', 'a.glob.test', `${'a'.repeat(64)}.example.com`, 'http://a.example.com'],
  ]) {
    await refused('web', { common_name: name }, /common name .* not allowed by this role/s);
    if (!/[\n,]/.test(name))
      await refused('web', { common_name: 'a.example.com', alt_names: [name] }, /subject alternate name|the/);
  }
  const allowed = 'a.example.com b.a.example.com *.example.com *.a.example.com A.EXAMPLE.com localhost';
  for (const name of allowed.split(' ')) {
    assert.equal((await issued('web', { common_name: name })).certified.subjectAltName, `DNS:${name.toLowerCase()}`);
  }
  await role('tight', {
    ...{ allowed_domains: '*.glob.test', allow_glob_domains: true, allow_wildcard_certificates: false },
    ...{ allow_localhost: false, allow_ip_sans: false },
  });
  assert.equal((await issue('tight', { common_name: 'a.b.glob.test' })).status, 200);
  for (const name of ['*.glob.test', 'glob.test', 'localhost', 'a.glob.test.evil'])
    await refused('tight', { common_name: name }, /not allowed/);
  await refused(
    'tight',
    { common_name: 'a.glob.test', ip_sans: '192.0.2.1' },
    /IP Subject Alternative Names are not allowed/,
  );
  await refused('web', { common_name: 'a.example.com', ip_sans: '192.0.2.0/24' }, /not a valid IP address/);
  for (const fields of [
    { uri_sans: 'spiffe://a' },
    { other_sans: '1.2.3;UTF8:x' },
    { user_ids: 'root' },
    { serial_number: '1' },
  ]) {
    await refused('web', { common_name: 'a.example.com', ...fields }, /is not supported/);
  }
  await refused('web', {}, /common_name field is required/);
  await refused('none', { common_name: 'a.example.com' }, /unknown role/);
});

test('no certificate outlives its role, its mount or its authority', async () => {
  const capped = await issued('web', { common_name: 'a.example.com', ttl: '500h' });
  assert.ok(Math.abs(capped.expiration - Date.now() / 1000 - 72 * 3600) < 60);
  assert.match(capped.warnings[0], /longer than permitted maxTTL "72h0m0s"/);
  await role('long', { allow_any_name: true });
  await refused('long', { common_name: 'a.example.com', ttl: '2000h' }, /beyond the expiration of the CA certificate/);
  await vault.must('POST', 'sys/mounts/pki/tune', { max_lease_ttl: '10h' });
  const tuned = await issued('long', { common_name: 'a.example.com', ttl: '2000h' });
  assert.ok(Math.abs(tuned.expiration - Date.now() / 1000 - 36_000) < 60);
  await vault.must('POST', 'sys/mounts/pki/tune', { max_lease_ttl: '87600h' });
  await refused('web', { common_name: 'a.example.com', ttl: '-1h' }, /negative/);
  assert.equal((await vault.ask('POST', 'pki/roles/bad', { ttl: '2h', max_ttl: '1h' })).status, 400);
});

test('a role keeps what it was given, and takes no field that it would not heed', async () => {
  const written = await role('kept', {
    allowed_domains: ['a.test'],
    ou: 'X',
    no_store: true,
    generate_lease: true,
    sense: 1,
  });
  assert.match(written.json.warnings[0], /unrecognized parameters: \[sense\]/);
  const { data } = (await vault.must('GET', 'pki/roles/kept')).json;
  assert.deepEqual(
    [data.allowed_domains, data.ou, data.key_bits, data.no_store, data.generate_lease],
    [['a.test'], ['X'], 256, true, false],
  );
  await vault.must(
    'PATCH',
    'pki/roles/kept',
    { ttl: '1h' },
    { headers: { 'content-type': 'application/merge-patch+json' } },
  );
  const patched = (await vault.must('GET', 'pki/roles/kept')).json.data;
  assert.deepEqual([patched.ttl, patched.allowed_domains], [3600, ['a.test']]);
  assert.ok((await vault.must('LIST', 'pki/roles')).json.data.keys.includes('kept'));
  for (const fields of [
    ...[
      { allowed_domains_template: true },
      { key_usage: 'CertSign' },
      { key_usage: 'constructor' },
      { ext_key_usage_oids: 'x' },
      { country: 'Switzerland' },
    ],
    ...[
      { organization: '#0c0161' },
      { key_type: 'any' },
      { key_type: 'rsa', key_bits: 1024 },
      { allowed_uri_sans: 'spiffe://*' },
    ],
  ]) {
    assert.equal((await vault.ask('POST', 'pki/roles/other', fields)).status, 400, JSON.stringify(fields));
  }
  await vault.must('DELETE', 'pki/roles/kept');
  assert.equal((await vault.ask('GET', 'pki/roles/kept')).status, 404);
});

test('certificates are found by their serial numbers, without a token, and revoked once', async () => {
  const { serial_number: serial, certificate } = await issued('web', { common_name: 'a.example.com' });
  const read = async (name: string) => (await vault.must('GET', `pki/cert/${name}`, undefined, open)).json.data;
  assert.equal((await read(serial)).certificate, certificate);
  assert.equal((await read(serial.replaceAll(':', '-'))).revocation_time, 0);
  assert.ok((await vault.must('LIST', 'pki/certs')).json.data.keys.includes(serial));
  const first = (await vault.must('POST', 'pki/revoke', { serial_number: serial })).json.data;
  assert.equal(first.state, 'revoked');
  const again = (await vault.must('POST', 'pki/revoke', { serial_number: serial })).json.data;
  assert.equal(again.revocation_time, first.revocation_time);
  assert.equal((await read(serial)).revocation_time, first.revocation_time);
  assert.match((await read('crl')).certificate, /BEGIN X509 CRL/);
  const list = await raw('pki/crl');
  assert.equal(list.type, 'application/pkix-crl');
  const shown = await openssl('crl', '-inform', 'DER', '-noout', '-text', '-in', file('list.der', list.body));
  assert.ok(shown.stdout.includes(serial.replaceAll(':', '').toUpperCase()), shown.stdout);
  assert.equal(new X509Certificate((await raw('pki/ca')).body).toString().trim(), (await read('ca')).certificate);
  const { serialNumber } = new X509Certificate((await read('ca')).certificate);
  assert.match((await vault.ask('POST', 'pki/revoke', { serial_number: serialNumber })).json.errors[0], /its own CRL/);
  assert.equal((await vault.ask('POST', 'pki/revoke', { serial_number: '01:02' })).status, 400);
  for (const name of ['01:02', 'zz', '..%2frole%2fweb'])
    assert.ok((await vault.ask('GET', `pki/cert/${name}`, undefined, open)).status >= 400);
  assert.equal((await vault.ask('POST', 'pki/revoke', { serial_number: serial }, open)).status, 403);
});

test('to revoke the lease is to revoke the certificate', async () => {
  const { lease, serial_number: serial } = await issued('leased', { common_name: 'a.test' });
  assert.match(lease, /^pki\/issue\/leased\/[A-Za-z0-9]{24}$/);
  const seen = (await vault.must('PUT', 'sys/leases/lookup', { lease_id: lease })).json.data;
  assert.deepEqual([seen.id, seen.renewable], [lease, false]);
  assert.ok(seen.ttl > 3500 && seen.ttl <= 3600);
  assert.match((await vault.ask('PUT', 'sys/leases/renew', { lease_id: lease })).json.errors[0], /not renewable/);
  await vault.must('PUT', 'sys/leases/revoke', { lease_id: lease });
  const time = async (each: string) => (await vault.must('GET', `pki/cert/${each}`)).json.data.revocation_time;
  assert.ok((await time(serial)) > 0);
  assert.equal((await vault.ask('LIST', 'sys/leases/lookup/pki')).status, 404);
  for (const path of ['pki/issue/leased', 'pki', '']) {
    const [one, two] = [
      await issued('leased', { common_name: 'b.test' }),
      await issued('leased', { common_name: 'c.test' }),
    ];
    await vault.must('PUT', `sys/leases/revoke-prefix/${path === '' ? one.lease : path}`);
    assert.ok((await time(one.serial_number)) > 0);
    assert.equal((await time(two.serial_number)) > 0, path !== '');
    if (path === '') await vault.must('PUT', `sys/leases/revoke-force/${two.lease}`);
    assert.ok((await time(two.serial_number)) > 0);
  }
  const { lease: last, serial_number: ended } = await issued('leased', { common_name: 'd.test' });
  await vault.must('POST', 'pki/revoke', { serial_number: ended });
  assert.equal((await vault.ask('PUT', 'sys/leases/lookup', { lease_id: last })).status, 400);
});

test('whoever may not, gets none, and the key of the authority lies nowhere in plain', async () => {
  await vault.policy('web', 'path "pki/issue/web" { capabilities = ["update"] }');
  const token = await vault.token(['web']);
  assert.equal((await issue('web', { common_name: 'a.example.com' }, { token })).status, 200);
  assert.equal((await issue('leased', { common_name: 'a.test' }, { token })).status, 403);
  assert.equal((await issue('web', { common_name: 'a.example.com' }, open)).status, 403);
  assert.equal((await vault.ask('DELETE', 'pki/root', undefined, { token })).status, 403);
  assert.equal((await vault.ask('POST', 'pki/root/generate/internal', { common_name: 'Second' })).status, 400);
  await vault.must('POST', 'sys/mounts/known', { type: 'pki' });
  const fields = { common_name: 'Known', key_type: 'ec', format: 'der' };
  const { private_key: key } = (await vault.must('POST', 'known/root/generate/exported', fields)).json.data;
  const secret = Buffer.from(
    createPrivateKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'sec1' }).export({ format: 'jwk' })
      .d as string,
    'base64url',
  );
  for (const each of readdirSync(vault.server.data, { recursive: true, withFileTypes: true })) {
    if (!each.isFile()) continue;
    const bytes = readFileSync(join(each.parentPath, each.name));
    assert.ok(!bytes.includes(secret) && !bytes.includes(secret.toString('base64')), each.name);
  }
});

test('an audit device is told of it all, and of no key', async () => {
  const path = join(directory, 'audit.log');
  await vault.must('PUT', 'sys/audit/file', { type: 'file', options: { file_path: path } });
  const { private_key: key } = await issued('web', { common_name: 'told.example.com' });
  assert.match(String((await raw('pki/ca/pem')).body), /BEGIN CERTIFICATE/);
  assert.equal((await raw('pki/crl')).type, 'application/pkix-crl');
  await vault.must('DELETE', 'sys/audit/file');
  const text = readFileSync(path, 'utf8');
  assert.ok(text.includes('"path":"pki/issue/web"') && text.includes('http_raw_body'));
  for (const each of [key, key.split('\n')[1], 'told.example.com', 'BEGIN CERTIFICATE'])
    assert.ok(!text.includes(each));
});

test('a mount that is moved or taken away leaves no lease and no certificate', async () => {
  await vault.must('POST', 'sys/mounts/gone', { type: 'pki' });
  await vault.must('POST', 'gone/root/generate/internal', { common_name: 'Gone', key_type: 'ed25519' });
  await vault.must('POST', 'gone/roles/any', {
    allow_any_name: true,
    generate_lease: true,
    key_type: 'ed25519',
    ttl: '1h',
  });
  const made = async (at: string) => (await vault.must('POST', `${at}/issue/any`, { common_name: 'a.test' })).json;
  const first = await made('gone');
  await vault.must('POST', 'sys/remount', { from: 'gone', to: 'moved' });
  assert.ok((await vault.must('GET', `moved/cert/${first.data.serial_number}`)).json.data.revocation_time > 0);
  assert.equal((await vault.ask('LIST', 'sys/leases/lookup/gone')).status, 404);
  const { lease_id: lease, data } = await made('moved');
  await vault.must('DELETE', 'sys/mounts/moved');
  assert.equal((await vault.ask('PUT', 'sys/leases/lookup', { lease_id: lease })).status, 400);
  await vault.must('POST', 'sys/mounts/moved', { type: 'pki' });
  assert.equal((await vault.ask('GET', `moved/cert/${data.serial_number}`)).status, 404);
  assert.equal((await vault.ask('GET', 'moved/ca/pem')).status, 204);
});
